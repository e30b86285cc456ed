/* SPDX-License-Identifier: MIT */
#ifndef SUPLOG_PRIVILEGES_H
#define SUPLOG_PRIVILEGES_H

/*
 * What the log keeper does not need, it gives up: whatever a service writes, and whatever a library
 * makes of an old log, cannot become more than that. Both are for the calling thread and those that
 * it will make: threads that are there already keep what they have.
 */

/*
 * No capabilities, none to be had by executing something, no core dump, no other process that looks
 * into ours. Of root only the user id is left: the files of root. 0 or -errno.
 */
int privileges_drop(void);

/*
 * From now on files can be opened, made, renamed and removed below that folder and nowhere else (a
 * fd; -1: nowhere at all), no TCP connection made, and no signal sent to others, as far as the
 * kernel has Landlock. What is open stays open. Reads the local time's rules before. 0: done; 1:
 * the kernel cannot do that; -errno.
 *
 * The rule is for the folder itself, not for its name: where it was removed and made anew, only a
 * new process can write there.
 */
int privileges_confine(int folder);

#endif
