/* SPDX-License-Identifier: MIT */

/*
 * Writes pages for the press of backpressure.conf, ahead of it, but not by more than AHEAD: then
 * the answer to one is waited for before the next is sent. So neither is ever idle, nor does a
 * mailbox grow.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sup.h>

#define AHEAD 2
#define FIRST 8
#define LAST 12

/* Waits for an answer, whichever comes first. */
static int take_answer(struct sup *sup, int *under_way)
{
	static const struct sup_clause answers[] = {{.kind = SUP_REPLY}, {.kind = SUP_DOWN}};
	struct sup_message *answer;
	int r = sup_receive(sup, answers, 2, 0, SUP_FOREVER, &answer);

	if (r < 0)
		return r;
	/* A SUP_DOWN: the press has ended, and this page is lost. */
	r = answer->kind == SUP_REPLY ? 0 : -ECONNRESET;
	if (r == 0)
		printf("writer: %s, %d under way\n", (const char *)answer->payload, --*under_way);
	sup_message_free(answer);
	return r;
}

static int write_pages(struct sup *sup)
{
	int under_way = 0;
	char page[32];
	sup_pid press;
	sup_ref ref;
	int r = sup_whereis(sup, "press", &press);

	for (int i = FIRST; r == 0 && i <= LAST; i++) {
		if (under_way == AHEAD)
			r = take_answer(sup, &under_way);
		snprintf(page, sizeof(page), "page %d", i);
		if (r == 0)
			r = sup_call_begin(sup, press, "quietly", sup_text(page), 0, &ref);
		under_way++;
	}
	while (r == 0 && under_way > 0)
		r = take_answer(sup, &under_way);
	return r;
}

int main(void)
{
	struct sup *sup;
	int r = sup_open(&sup);

	if (r == 0) {
		r = write_pages(sup);
		sup_close(sup);
	}
	if (r < 0)
		fprintf(stderr, "writer: %s\n", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
