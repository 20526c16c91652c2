/* A table of 256 lists: a few hundred keys are many. */
#include "service/known_keys.h"

enum { BUCKETS = sizeof(((struct known_keys *)NULL)->buckets) / sizeof(struct list) };

void known_keys_init(struct known_keys *keys)
{
	*keys = (struct known_keys){ 0 };
	for (size_t i = 0; i < BUCKETS; i++)
		list_init(&keys->buckets[i]);
}

static void drop(struct known_keys *keys, struct known_key *key)
{
	list_remove(&key->node);
	keys->count--;
	keys->used_count -= key->is_used;
	mem_free((char *)key->caller.actor.at);
	mem_free(key);
}

void known_keys_clear(struct known_keys *keys)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (!list_is_empty(&keys->buckets[i]))
			drop(keys, LIST_ITEM(keys->buckets[i].next, struct known_key, node));
}

struct known_key *known_keys_find(const struct known_keys *keys, const uint8_t digest[DIGEST_BYTES])
{
	const struct list *bucket = &keys->buckets[digest[0]];

	for (struct list *node = bucket->next; node != bucket; node = node->next) {
		struct known_key *key = LIST_ITEM(node, struct known_key, node);

		if (memcmp(key->digest, digest, DIGEST_BYTES) == 0)
			return key;
	}
	return NULL;
}

void known_keys_put(struct known_keys *keys, const uint8_t digest[DIGEST_BYTES], const struct caller *caller,
		    int64_t now_ms)
{
	struct known_key *key = known_keys_find(keys, digest);
	bool is_used = key && key->is_used;

	if (key)
		drop(keys, key);
	else if (keys->count >= KNOWN_KEYS_MAX)
		known_keys_clear(keys);
	key = mem_alloc(1, sizeof(*key));
	memcpy(key->digest, digest, DIGEST_BYTES);
	key->caller = *caller;
	key->caller.actor.at = mem_copy(caller->actor.at, caller->actor.length);
	key->asked_at_ms = now_ms;
	key->is_used = is_used;
	list_append(&keys->buckets[digest[0]], &key->node);
	keys->count++;
	keys->used_count += is_used;
}

void known_keys_drop(struct known_keys *keys, const uint8_t digest[DIGEST_BYTES])
{
	struct known_key *key = known_keys_find(keys, digest);

	if (key)
		drop(keys, key);
}

void known_keys_doubt(struct known_keys *keys)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct list *node = keys->buckets[i].next; node != &keys->buckets[i]; node = node->next)
			LIST_ITEM(node, struct known_key, node)->is_doubtful = true;
}

struct caller known_keys_use(struct known_keys *keys, struct known_key *key, struct arena *arena)
{
	struct caller caller = key->caller;

	caller.actor.at = arena_copy(arena, caller.actor.at, caller.actor.length);
	keys->used_count += !key->is_used;
	key->is_used = true;
	return caller;
}

size_t known_keys_take_used(struct known_keys *keys, struct arena *arena, int64_t **ids_out)
{
	size_t count = 0;

	*ids_out = arena_alloc(arena, keys->used_count, sizeof(**ids_out));
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct list *node = keys->buckets[i].next; node != &keys->buckets[i]; node = node->next) {
			struct known_key *key = LIST_ITEM(node, struct known_key, node);

			if (key->is_used)
				(*ids_out)[count++] = key->caller.key_id;
			key->is_used = false;
		}
	keys->used_count = 0;
	return count;
}
