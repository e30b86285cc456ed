/* SPDX-License-Identifier: MIT */

#include "supd/keeper.h"

#include "supd/daemon.h"

int keeper_open(struct daemon *d)
{
	(void)d;
	return 0;
}

void keeper_close(struct daemon *d)
{
	(void)d;
}

const char *keeper_dir(const struct daemon *d)
{
	(void)d;
	return NULL;
}

void keeper_write(struct daemon *d, enum keeper_own own, const void *data, size_t size)
{
	(void)d, (void)own, (void)data, (void)size;
}

uint64_t keeper_lost(const struct daemon *d, enum keeper_own own)
{
	(void)d, (void)own;
	return 0;
}

bool keeper_file(const struct daemon *d, uint32_t slot, enum keeper_stream which, struct buf *out)
{
	(void)d, (void)slot, (void)which, (void)out;
	return false;
}

bool keeper_mark(struct daemon *d, uint32_t slot, uint32_t lines, struct keeper_mark *mark)
{
	(void)d, (void)slot, (void)lines, (void)mark;
	return false;
}

void keeper_mark_cancel(struct keeper_mark *mark)
{
	(void)mark;
}

bool keeper_rotate(struct daemon *d, uint32_t slot, struct keeper_rotation *r)
{
	(void)d, (void)slot, (void)r;
	return false;
}

void keeper_rotate_cancel(struct keeper_rotation *r)
{
	(void)r;
}
