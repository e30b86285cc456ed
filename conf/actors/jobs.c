/* SPDX-License-Identifier: MIT */

/*
 * A worker on a durable mailbox, as jobs.sh: what it has not acknowledged comes again, when it has
 * been killed and started again. Here it dies in the middle of job 2.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sup.h>

static int work(struct sup *sup, const struct sup_message *job)
{
	const char *text = job->payload;
	int r;

	printf("worker: job %s%s\n", text, job->redelivered ? ", handed out before" : "");
	if (strcmp(text, "2") == 0 && !job->redelivered)
		raise(SIGKILL);
	r = sup_send_name(sup, "client", "done", sup_text(text), 0);
	/* Receiving the next one would say so, too. */
	return r < 0 ? r : sup_ack(sup, job);
}

int main(void)
{
	struct sup_message *job;
	struct sup *sup;
	int r = sup_open(&sup);

	/* Lines are to be out before we are killed. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (r < 0) {
		fprintf(stderr, "jobs: %s\n", strerror(-r));
		return EXIT_FAILURE;
	}
	while (r == 0 && (r = sup_receive(sup, NULL, 0, 0, SUP_FOREVER, &job)) == 0) {
		r = work(sup, job);
		sup_message_free(job);
	}
	/* -EPIPE: supd has gone, or has ended us. */
	fprintf(stderr, "jobs: %s\n", strerror(-r));
	sup_close(sup);
	return EXIT_FAILURE;
}
