/* Idempotency keys: a key that was answered is answered again, one in flight is waited for. */
#include "service/batch.h"

#include <stdlib.h>

static void add_member(struct digest *digest, const struct lead_member *member)
{
	digest_add(digest, member->is_given ? TEXT("given") : (struct text){ 0 });
	digest_add(digest, member->text);
}

/* Over the checked draft in the order of its fields, so that single contacts and rows of a list agree. */
void draft_digest(struct queued_draft *queued)
{
	const struct contact_draft *draft = &queued->draft;
	struct digest *digest = digest_new();
	uint8_t number[DIGEST_BYTES];

	digest_add(digest, draft->external_id);
	digest_add(digest, (struct text){ (const char *)&draft->source_id, sizeof(draft->source_id) });
	digest_add(digest, draft->message);
	digest_add(digest, draft->payload);
	add_member(digest, &draft->name);
	add_member(digest, &draft->phone);
	add_member(digest, &draft->email);
	digest_end(&digest, queued->digest);

	digest = digest_new();
	digest_add(digest, TEXT("leadd idempotency key"));
	digest_add(digest, draft->key);
	digest_end(&digest, number);
	memcpy(&queued->key_lock, number, sizeof(queued->key_lock));
}

/* The drafts with a key, as the parameters of a statement need them. */
static size_t keyed(const struct batch *batch, int64_t *numbers, struct text *keys)
{
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++) {
		const struct queued_draft *queued = batch->drafts[i].queued;

		if (!queued->draft.key.at)
			continue;
		numbers[count] = queued->key_lock;
		keys[count++] = queued->draft.key;
	}
	return count;
}

void batch_keys_ask(struct flow *flow, struct batch *batch)
{
	int64_t *numbers = arena_alloc(flow_arena(flow), batch->count, sizeof(*numbers));
	struct text *keys = arena_alloc(flow_arena(flow), batch->count, sizeof(*keys));
	size_t count = keyed(batch, numbers, keys);
	struct args locks = flow_args(flow), find = flow_args(flow);

	batch->has_keys = count > 0;
	if (!batch->has_keys)
		return;
	args_ints(&locks, numbers, ids_sort_distinct(numbers, count));
	args_texts(&find, keys, count);
	batch_ask(flow, BATCH_KEYS_LOCKED,
		  batch->locking == BATCH_PASSES_OVER ? Q_BATCH_KEYS_LOCK_FREE : Q_BATCH_KEYS_LOCK, &locks);
	batch_ask(flow, BATCH_KEYS, Q_BATCH_KEYS, &find);
}

static void print_digest(const uint8_t digest[DIGEST_BYTES], char hex_out[2 * DIGEST_BYTES])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		hex_out[2 * i] = digits[digest[i] >> 4];
		hex_out[2 * i + 1] = digits[digest[i] & 15];
	}
}

static bool is_locked(const struct flow *flow, const struct batch *batch, int64_t number)
{
	const struct rows *rows = batch_rows(flow, BATCH_KEYS_LOCKED);

	if (batch->locking != BATCH_PASSES_OVER)
		return true;
	for (int row = 0; row < rows_count(rows); row++)
		if (row_int(rows, row, 0) == number)
			return true;
	return false;
}

/* The row of the key's answer, or -1. */
static int find_answer(const struct rows *rows, struct text key)
{
	for (int row = 0; row < rows_count(rows); row++)
		if (text_equals(row_text(rows, row, 0), key))
			return row;
	return -1;
}

static bool came_earlier(const struct batch *batch, size_t index)
{
	struct text key = batch->drafts[index].queued->draft.key;

	for (size_t i = 0; i < index; i++)
		if (batch->drafts[i].queued->draft.key.at && text_equals(batch->drafts[i].queued->draft.key, key))
			return true;
	return false;
}

static enum batch_outcome replay(struct queued_draft *queued, const struct rows *rows, int row)
{
	char hex[2 * DIGEST_BYTES];
	struct text answer = row_text(rows, row, 3);

	print_digest(queued->digest, hex);
	if (!text_equals((struct text){ hex, sizeof(hex) }, row_text(rows, row, 1)))
		return BATCH_OF_DRAFT_KEY_REUSED;
	queued->result = (struct contact_result){ .id = row_int(rows, row, 2) };
	queued->answer = (struct text){ arena_copy(queued->arena, answer.at, answer.length), answer.length };
	return BATCH_OF_DRAFT_REPLAYED;
}

bool batch_keys_decide(struct flow *flow, struct batch *batch, size_t index)
{
	struct planned *planned = &batch->drafts[index];
	struct queued_draft *queued = planned->queued;
	int row;

	if (!queued->draft.key.at)
		return false;
	if (!is_locked(flow, batch, queued->key_lock)) {
		planned->outcome = BATCH_OF_DRAFT_KEY_BUSY;
		return true;
	}
	row = find_answer(batch_rows(flow, BATCH_KEYS), queued->draft.key);
	if (row >= 0) {
		planned->outcome = replay(queued, batch_rows(flow, BATCH_KEYS), row);
		return true;
	}
	planned->outcome = BATCH_OF_DRAFT_GOES_AGAIN; /* the next batch finds what this one answers */
	return came_earlier(batch, index);
}

void batch_keys_ask_store(struct flow *flow, const struct batch *batch)
{
	struct arena *arena = flow_arena(flow);
	struct text *keys = arena_alloc(arena, batch->count, sizeof(*keys));
	struct text *digests = arena_alloc(arena, batch->count, sizeof(*digests));
	struct text *answers = arena_alloc(arena, batch->count, sizeof(*answers));
	int64_t *contact_ids = arena_alloc(arena, batch->count, sizeof(*contact_ids));
	struct args args = flow_args(flow);
	size_t count = 0;

	for (size_t i = 0; batch->has_keys && i < batch->count; i++) {
		struct queued_draft *queued = batch->drafts[i].queued;
		char *hex;

		if (batch->drafts[i].outcome != BATCH_OF_DRAFT_STORED || !queued->draft.key.at)
			continue;
		hex = arena_alloc(arena, 2, DIGEST_BYTES);
		print_digest(queued->digest, hex);
		queued->answer = queued->render(queued);
		keys[count] = queued->draft.key;
		digests[count] = (struct text){ hex, 2 * (size_t)DIGEST_BYTES };
		contact_ids[count] = queued->result.id;
		answers[count++] = queued->answer;
	}
	if (!count)
		return;
	args_texts(&args, keys, count);
	args_texts(&args, digests, count);
	args_ints(&args, contact_ids, count);
	args_texts(&args, answers, count);
	flow_ask(flow, Q_BATCH_KEYS_STORE, &args);
}
