/* SPDX-License-Identifier: MIT */

/*
 * A pool of connections. Whoever borrows one is monitored: should they end without giving it back,
 * the pool is told, and takes it back by itself.
 *
 *     call     borrow             its reply is the connection, or has the tag "none"
 *     message  return  NUMBER     it is given back
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sup.h>

#define SIZE 2

/* Borrowed by whom; the ref of the monitor. n is 0: it is free. */
struct pool {
	struct {
		sup_pid borrower;
		sup_ref ref;
	} connection[SIZE];
};

static int borrow(struct sup *sup, void *state, const struct sup_message *call)
{
	struct pool *pool = state;
	char number[16];
	size_t i = 0;
	int r;

	while (i < SIZE && pool->connection[i].borrower.n)
		i++;
	if (i == SIZE)
		return sup_reply(sup, call->from, call->ref, "none", SUP_NOTHING, 0);
	/* Before it is handed out: there is no moment at which its borrower could end unnoticed. */
	r = sup_monitor(sup, call->from, &pool->connection[i].ref);
	if (r < 0)
		return r;
	pool->connection[i].borrower = call->from;
	snprintf(number, sizeof(number), "%zu", i);
	return sup_reply(sup, call->from, call->ref, "ok", sup_text(number), 0);
}

static int give_back(struct sup *sup, void *state, const struct sup_message *cast)
{
	struct pool *pool = state;
	size_t i = strtoul(cast->payload, NULL, 10);
	int r;

	/* Only by its borrower: somebody may have returned it twice. */
	if (i >= SIZE || pool->connection[i].borrower.n != cast->from.n)
		return SUP_UNEXPECTED;
	r = sup_demonitor(sup, pool->connection[i].ref, SUP_FLUSH);
	pool->connection[i].borrower.n = 0;
	return r < 0 ? r : SUP_CONTINUE;
}

static int down(struct sup *sup, void *state, const struct sup_message *info)
{
	struct pool *pool = state;

	(void)sup;
	if (info->kind != SUP_DOWN)
		return SUP_UNEXPECTED;
	for (size_t i = 0; i < SIZE; i++) {
		if (!pool->connection[i].borrower.n || pool->connection[i].ref.n != info->ref.n)
			continue;
		printf("pool: the borrower of %zu has ended: %s\n", i, (const char *)info->payload);
		pool->connection[i].borrower.n = 0;
	}
	return SUP_CONTINUE;
}

/* What the pool does not know is dropped, and does not pile up in its mailbox; this is for a log.
 */
static void unexpected(struct sup *sup, void *state, const struct sup_message *message)
{
	(void)sup, (void)state;
	fprintf(stderr, "pool: \"%s\" is nothing I expect\n", message->tag);
}

static const struct sup_server server = {
	.handle_call = borrow,
	.handle_cast = give_back,
	.handle_info = down,
	.unexpected = unexpected,
};

int main(void)
{
	struct pool pool = {0};
	struct sup *sup;
	int r = sup_open(&sup);

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (r == 0) {
		r = sup_server_run(sup, &server, &pool);
		sup_close(sup);
	}
	if (r < 0)
		fprintf(stderr, "pool: %s\n", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
