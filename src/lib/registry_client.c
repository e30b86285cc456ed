/* SPDX-License-Identifier: MIT */

/* Those who use a registry: calls, and their answers as errnos. */

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "lib/registry.h"
#include "wire/number.h"

#define TIMEOUT_MS 5000

static int answer_error(const struct sup_message *reply)
{
	if (strcmp(reply->tag, "ok") == 0)
		return 0;
	if (strcmp(reply->tag, "taken") == 0)
		return -EEXIST;
	if (strcmp(reply->tag, "none") == 0)
		return -ENOENT;
	return strcmp(reply->tag, "error") == 0 ? -EREMOTEIO : -EPROTO;
}

static int registry_ask(struct sup *sup, sup_pid registry, const char *call,
			struct sup_bytes payload, struct sup_message **ret_reply)
{
	struct sup_message *reply;
	int r = sup_call(sup, registry, call, payload, TIMEOUT_MS, &reply);

	if (r < 0)
		return r;
	r = answer_error(reply);
	if (r == 0 && ret_reply)
		*ret_reply = reply;
	else
		sup_message_free(reply);
	return r;
}

int sup_registry_register(struct sup *sup, sup_pid registry, const char *key,
			  struct sup_bytes value)
{
	struct buf payload CLEANUP(buf_fini) = BUF_INIT;

	buf_append(&payload, key, strlen(key) + 1);
	if (buf_append(&payload, value.data, value.size) < 0)
		return -ENOMEM;
	return registry_ask(sup, registry, "register", sup_bytes(payload.data, payload.size), NULL);
}

int sup_registry_unregister(struct sup *sup, sup_pid registry, const char *key)
{
	return registry_ask(sup, registry, "unregister", sup_text(key), NULL);
}

int sup_registry_lookup(struct sup *sup, sup_pid registry, const char *key,
			int (*each)(void *argument, sup_pid pid, struct sup_bytes value),
			void *argument)
{
	struct sup_message *reply;
	int n = 0, r = registry_ask(sup, registry, "lookup", sup_text(key), &reply);
	const uint8_t *at;
	size_t left;

	if (r < 0)
		return r;
	at = reply->payload;
	for (left = reply->size; left >= REGISTRY_ENTRY_SIZE && r == 0; n++) {
		sup_pid pid = {number_load(at, 8)};
		size_t size = (size_t)number_load(at + 8, 4);

		at += REGISTRY_ENTRY_SIZE;
		left -= REGISTRY_ENTRY_SIZE;
		r = size > left ? -EPROTO : each(argument, pid, sup_bytes(at, size));
		if (r == 0) {
			at += size;
			left -= size;
		}
	}
	sup_message_free(reply);
	if (r == 0 && left)
		r = -EPROTO;
	return r ? r : n;
}

struct dispatch {
	struct sup *sup;
	const char *tag;
	struct sup_bytes payload;
};

static int dispatch_one(void *argument, sup_pid pid, struct sup_bytes value)
{
	const struct dispatch *d = argument;

	(void)value;
	return sup_send(d->sup, pid, d->tag, d->payload, 0);
}

int sup_registry_dispatch(struct sup *sup, sup_pid registry, const char *key, const char *tag,
			  struct sup_bytes payload)
{
	struct dispatch d = {sup, tag, payload};

	return sup_registry_lookup(sup, registry, key, dispatch_one, &d);
}
