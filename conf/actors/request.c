/* SPDX-License-Identifier: MIT */

/*
 * A request with a timeout, step by step: what sup_call() does, and gen_server:call() in OTP. The
 * server is watched until it has answered, so a dead one is told from a slow one, and at once.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sup.h>

/* *ret_answer is a SUP_REPLY, or a SUP_DOWN with the reason. */
static int request(struct sup *sup, const char *server, const char *question, int64_t timeout_ms,
		   struct sup_message **ret_answer)
{
	struct sup_clause answer = {.kind = SUP_ANY};
	sup_pid pid;
	int r = sup_whereis(sup, server, &pid);

	/* The call has a ref that is ours alone, and is a monitor as well. */
	if (r == 0)
		r = sup_call_begin(sup, pid, "get", sup_text(question), 0, &answer.ref);
	if (r < 0)
		return r;
	/* Either comes, and only one of the two. Other messages stay in the mailbox. */
	r = sup_receive(sup, &answer, 1, 0, timeout_ms, ret_answer);
	/* We have given up: neither may come later, and be taken for something else. */
	if (r == -ETIMEDOUT)
		sup_demonitor(sup, answer.ref, SUP_FLUSH);
	return r;
}

static int ask(struct sup *sup, const char *server, const char *question, int64_t timeout_ms)
{
	struct sup_message *answer;
	int r = request(sup, server, question, timeout_ms, &answer);

	if (r == -ESRCH) {
		printf("c: there is no %s\n", server);
	} else if (r == -ETIMEDOUT) {
		printf("c: %s lives, and is slow\n", server);
	} else if (r == 0) {
		printf("c: %s %s: %s\n", server,
		       answer->kind == SUP_REPLY ? "answers" : "has ended",
		       (const char *)answer->payload);
		sup_message_free(answer);
	}
	return r == -ESRCH || r == -ETIMEDOUT ? 0 : r;
}

static int run(struct sup *sup)
{
	static const struct {
		const char *server, *question;
		int64_t timeout_ms;
	} all[] = {
		{"quick", "how are you?", 5000},       {"mortal/c", "how are you?", 5000},
		{"mortal/c", "how are you?", 5000},    {"slow", "the first question", 50},
		{"slow", "the second question", 5000},
	};
	struct sup_message *message;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(all) / sizeof(*all); i++)
		r = ask(sup, all[i].server, all[i].question, all[i].timeout_ms);
	if (r < 0)
		return r;
	r = sup_receive(sup, NULL, 0, 0, 0, &message);
	if (r == 0)
		sup_message_free(message);
	else if (r == -ETIMEDOUT)
		printf("c: and nothing is left in the mailbox\n");
	return r == -ETIMEDOUT ? 0 : r;
}

int main(void)
{
	struct sup *sup;
	int r = sup_open(&sup);

	if (r == 0) {
		r = run(sup);
		sup_close(sup);
	}
	if (r < 0)
		fprintf(stderr, "request: %s\n", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
