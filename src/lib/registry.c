/* SPDX-License-Identifier: MIT */

/*
 * A registry: a server with two indexes over its entries, by key and by owner, each a list at its
 * table's slot. Every owner is monitored once; its DOWN takes all that it has away. One who was
 * dead before the monitor was made has a DOWN, too.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "lib/registry.h"
#include "wire/number.h"

struct key {
	struct list entries; /* entry.at_key, the first one first */
	char text[];
};

struct owner {
	struct list entries; /* entry.at_owner */
	uint64_t pid;
	sup_ref ref; /* of its monitor */
};

struct entry {
	struct list at_key, at_owner;
	struct key *key;     /* borrowed */
	struct owner *owner; /* borrowed */
	struct buf value;    /* owned */
};

struct registry {
	bool duplicate;
	struct strmap keys; /* owned struct key */
	struct map owners;  /* pid -> owned struct owner */
};

static struct entry *at_key(struct list *link)
{
	return LIST_ENTRY(link, struct entry, at_key);
}

/* ---- entries ---- */

static struct entry *entry_find(const struct key *key, uint64_t pid)
{
	LIST_EACH (link, &key->entries) {
		if (at_key(link)->owner->pid == pid)
			return at_key(link);
	}
	return NULL;
}

/* With it goes a key that nobody has any more. */
static void entry_remove(struct registry *registry, struct entry *entry)
{
	struct key *key = entry->key;

	list_unlink(&entry->at_key);
	list_unlink(&entry->at_owner);
	buf_fini(&entry->value);
	free(entry);
	if (!list_is_empty(&key->entries))
		return;
	strmap_remove(&registry->keys, key->text);
	free(key);
}

/* With all that it has; its monitor is the caller's business. */
static void owner_remove(struct registry *registry, struct owner *owner)
{
	LIST_EACH (link, &owner->entries) {
		entry_remove(registry, LIST_ENTRY(link, struct entry, at_owner));
	}
	map_remove(&registry->owners, owner->pid);
	free(owner);
}

static struct key *key_get(struct registry *registry, const char *text)
{
	struct key *key = strmap_get(&registry->keys, text);

	if (key)
		return key;
	key = malloc(sizeof(*key) + strlen(text) + 1);
	if (!key)
		return NULL;
	list_init(&key->entries);
	strcpy(key->text, text);
	if (strmap_set(&registry->keys, key->text, key) < 0) {
		free(key);
		return NULL;
	}
	return key;
}

static struct owner *owner_get(struct sup *sup, struct registry *registry, sup_pid pid)
{
	struct owner *owner = map_get(&registry->owners, pid.n);

	if (owner)
		return owner;
	owner = calloc(1, sizeof(*owner));
	if (!owner)
		return NULL;
	list_init(&owner->entries);
	owner->pid = pid.n;
	if (map_set(&registry->owners, pid.n, owner) < 0) {
		free(owner);
		return NULL;
	}
	if (sup_monitor(sup, pid, &owner->ref) < 0) {
		owner_remove(registry, owner);
		return NULL;
	}
	return owner;
}

/* ---- calls ---- */

static int answer(struct sup *sup, const struct sup_message *call, const char *tag)
{
	return sup_reply(sup, call->from, call->ref, tag, SUP_NOTHING, 0);
}

/* A new entry. Where it fails its owner may stay, without one, until its end. */
static int registry_add(struct sup *sup, struct registry *registry, struct key *key, sup_pid pid,
			struct buf *value)
{
	struct entry *entry = calloc(1, sizeof(*entry));
	struct owner *owner = entry ? owner_get(sup, registry, pid) : NULL;

	if (!owner) {
		free(entry);
		if (list_is_empty(&key->entries)) {
			strmap_remove(&registry->keys, key->text);
			free(key);
		}
		return -ENOMEM;
	}
	*entry = (struct entry){.key = key, .owner = owner, .value = *value};
	*value = BUF_INIT;
	list_append(&key->entries, &entry->at_key);
	list_append(&owner->entries, &entry->at_owner);
	return 0;
}

static int registry_register(struct sup *sup, struct registry *registry,
			     const struct sup_message *call)
{
	const char *text = call->payload;
	size_t key_size = strlen(text) + 1;
	struct buf value CLEANUP(buf_fini) = BUF_INIT;
	struct entry *entry;
	struct key *key;

	if (key_size > call->size)
		return SUP_UNEXPECTED;
	buf_append(&value, text + key_size, call->size - key_size);
	key = value.error ? NULL : key_get(registry, text);
	if (!key)
		return answer(sup, call, "error");
	entry = entry_find(key, call->from.n);
	if (entry) {
		buf_fini(&entry->value);
		entry->value = value;
		value = BUF_INIT;
		return answer(sup, call, "ok");
	}
	if (!registry->duplicate && !list_is_empty(&key->entries))
		return answer(sup, call, "taken");
	return answer(sup, call,
		      registry_add(sup, registry, key, call->from, &value) == 0 ? "ok" : "error");
}

/* Who has nothing left is not watched any more. */
static int registry_unregister(struct sup *sup, struct registry *registry,
			       const struct sup_message *call)
{
	struct key *key = strmap_get(&registry->keys, call->payload);
	struct entry *entry = key ? entry_find(key, call->from.n) : NULL;
	struct owner *owner;
	int r;

	if (!entry)
		return answer(sup, call, "none");
	owner = entry->owner;
	entry_remove(registry, entry);
	if (list_is_empty(&owner->entries)) {
		r = sup_demonitor(sup, owner->ref, SUP_FLUSH);
		if (r < 0)
			return r;
		owner_remove(registry, owner);
	}
	return answer(sup, call, "ok");
}

static int registry_lookup(struct sup *sup, struct registry *registry,
			   const struct sup_message *call)
{
	struct key *key = strmap_get(&registry->keys, call->payload);
	struct buf out CLEANUP(buf_fini) = BUF_INIT;
	uint8_t head[REGISTRY_ENTRY_SIZE];

	if (!key)
		return answer(sup, call, "ok");
	LIST_EACH (link, &key->entries) {
		const struct entry *entry = at_key(link);

		number_store(head, entry->owner->pid, 8);
		number_store(head + 8, entry->value.size, 4);
		buf_append(&out, head, sizeof(head));
		buf_append(&out, buf_text(&entry->value), entry->value.size);
	}
	if (out.error)
		return answer(sup, call, "error");
	return sup_reply(sup, call->from, call->ref, "ok", sup_bytes(out.data, out.size), 0);
}

static int registry_call(struct sup *sup, void *state, const struct sup_message *call)
{
	if (strcmp(call->tag, "register") == 0)
		return registry_register(sup, state, call);
	if (strcmp(call->tag, "unregister") == 0)
		return registry_unregister(sup, state, call);
	if (strcmp(call->tag, "lookup") == 0)
		return registry_lookup(sup, state, call);
	return SUP_UNEXPECTED;
}

static int registry_info(struct sup *sup, void *state, const struct sup_message *info)
{
	struct registry *registry = state;
	struct owner *owner = map_get(&registry->owners, info->from.n);

	(void)sup;
	if (info->kind != SUP_DOWN || !owner || owner->ref.n != info->ref.n)
		return SUP_UNEXPECTED;
	owner_remove(registry, owner);
	return SUP_CONTINUE;
}

int sup_registry_run(struct sup *sup, unsigned flags)
{
	static const struct sup_server server = {
		.handle_call = registry_call,
		.handle_info = registry_info,
	};
	struct registry registry = {.duplicate = flags & SUP_DUPLICATE};
	int r = flags & ~SUP_DUPLICATE ? -EINVAL : sup_server_run(sup, &server, &registry);

	for (size_t i = 0; i < registry.owners.capacity; i++)
		while (registry.owners.slots[i].key)
			owner_remove(&registry, registry.owners.slots[i].value);
	map_fini(&registry.owners);
	strmap_fini(&registry.keys);
	return r;
}
