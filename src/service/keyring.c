/*
 * Keys are asked for together: while one question is with the database, all others gather for the next. So strangers
 * who try keys never occupy more than one connection.
 */
#include "service/keyring.h"

#include "base/log.h"

enum {
	REMEMBERED_MS = 60000,      /* while the database tells of changes */
	REMEMBERED_BLIND_MS = 2000, /* while it could not */
	REMEMBERED_MAX = 10000,     /* keys; then all are forgotten */
	WAITING_MAX = 1000,         /* keys that are to be asked for */
	TOGETHER_MAX = 200,         /* keys in one question */
	USES_MS = 60000,            /* between two notes of which keys were used */
	BUCKETS = 256               /* a byte of the digest each */
};

/* A key as it was when it was asked for. */
struct known {
	struct list node; /* of its bucket */
	uint8_t digest[DIGEST_BYTES];
	struct caller caller; /* the actor's text is its own */
	int64_t asked_at_ms;
	bool is_doubtful; /* something was changed since */
	bool is_used;     /* since the last note */
};

/* A key that is being asked for. */
struct search {
	struct list node; /* of waiting or running */
	uint8_t digest[DIGEST_BYTES];
	struct list questions; /* may be empty: it is only to be known for longer */
};

struct keyring {
	struct loop *loop;
	struct pool *pool;
	bool (*hears_changes)(void *context);
	void *context;
	struct list buckets[BUCKETS];
	size_t known_count, used_count;
	struct list waiting, running; /* searches */
	size_t waiting_count, running_count;
	struct deferred next;
	bool is_running, is_outdated; /* a question is under way; something was changed since it began */
	bool is_noting, is_stopped;
	struct arena *arena, *uses_arena; /* of the statement that is under way */
	struct args args, uses_args;
	struct timer *uses;
	int64_t noted_at_ms;
};

/* -- what is remembered ------------------------------------------------------------------------ */

static struct list *bucket_of(struct keyring *keyring, const uint8_t *digest)
{
	return &keyring->buckets[digest[0]];
}

static struct known *find_known(struct keyring *keyring, const uint8_t *digest)
{
	const struct list *bucket = bucket_of(keyring, digest);

	for (struct list *node = bucket->next; node != bucket; node = node->next) {
		struct known *known = LIST_ITEM(node, struct known, node);

		if (memcmp(known->digest, digest, DIGEST_BYTES) == 0)
			return known;
	}
	return NULL;
}

static void drop_known(struct keyring *keyring, struct known *known)
{
	list_remove(&known->node);
	keyring->known_count--;
	mem_free((char *)known->caller.actor.at);
	mem_free(known);
}

static void drop_all(struct keyring *keyring)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (!list_is_empty(&keyring->buckets[i]))
			drop_known(keyring, LIST_ITEM(keyring->buckets[i].next, struct known, node));
}

/* Columns of api_keys_find. */
enum { DIGEST, ID, NAME, ROLE, SOURCE_ID, OPERATOR_ID };

static enum role role_of(struct text name)
{
	for (size_t i = 0; role_names[i]; i++)
		if (text_equals(name, text_of(role_names[i])))
			return role_at(i);
	return 0; /* one of a newer version: it may do nothing here */
}

static struct known *remember(struct keyring *keyring, const uint8_t *digest, const struct rows *rows, int row)
{
	struct known *known = find_known(keyring, digest);
	bool is_used = known && known->is_used;
	struct buf actor;

	if (known)
		drop_known(keyring, known);
	if (keyring->known_count >= REMEMBERED_MAX)
		drop_all(keyring);
	buf_init(&actor);
	buf_string(&actor, "key:");
	buf_text(&actor, row_text(rows, row, NAME));
	known = mem_alloc(1, sizeof(*known));
	memcpy(known->digest, digest, DIGEST_BYTES);
	known->asked_at_ms = loop_now_ms();
	known->is_used = is_used;
	known->caller = (struct caller){ .key_id = row_int(rows, row, ID),
					 .role = role_of(row_text(rows, row, ROLE)),
					 .source_id = row_int(rows, row, SOURCE_ID),
					 .operator_id = row_int(rows, row, OPERATOR_ID),
					 .actor = { mem_copy(actor.bytes, actor.length), actor.length } };
	buf_done(&actor);
	list_append(bucket_of(keyring, digest), &known->node);
	keyring->known_count++;
	return known;
}

/* -- which were used --------------------------------------------------------------------------- */

static void plan_note(struct keyring *keyring)
{
	int64_t rest_ms = keyring->noted_at_ms + USES_MS - loop_now_ms();

	if (!keyring->is_noting && !keyring->is_stopped && !timer_is_running(keyring->uses))
		timer_start(keyring->uses, rest_ms > 0 ? rest_ms : 0);
}

static void on_noted(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct keyring *keyring = context;

	(void)rows;
	if (failure->error && !keyring->is_stopped)
		log_warn("keyring.failed", "what=uses error=%s", db_error_name(failure->error));
	keyring->is_noting = false;
}

static void on_note_due(void *context)
{
	struct keyring *keyring = context;
	int64_t *ids;
	size_t count = 0;

	arena_free(&keyring->uses_arena);
	keyring->uses_arena = arena_new();
	ids = arena_alloc(keyring->uses_arena, keyring->known_count, sizeof(*ids));
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct list *node = keyring->buckets[i].next; node != &keyring->buckets[i]; node = node->next) {
			struct known *known = LIST_ITEM(node, struct known, node);

			if (known->is_used)
				ids[count++] = known->caller.key_id;
			known->is_used = false;
		}
	keyring->noted_at_ms = loop_now_ms();
	if (!count)
		return;
	keyring->is_noting = true;
	keyring->uses_args = args_start(keyring->uses_arena);
	args_ints(&keyring->uses_args, ids, count);
	pool_write(keyring->pool, Q_API_KEYS_USED, &keyring->uses_args, on_noted, keyring);
}

/* -- answering --------------------------------------------------------------------------------- */

static void take(struct keyring *keyring, struct known *known, struct key_question *question)
{
	question->caller = known->caller;
	question->caller.actor.at = arena_copy(question->arena, known->caller.actor.at, known->caller.actor.length);
	known->is_used = true;
	plan_note(keyring);
}

static void answer(struct keyring *keyring, struct search *search, enum key_answer answer)
{
	struct list *node;

	while ((node = list_shift(&search->questions))) {
		struct key_question *question = LIST_ITEM(node, struct key_question, node);
		struct known *known = answer == KEY_KNOWN ? find_known(keyring, search->digest) : NULL;

		if (known)
			take(keyring, known, question);
		question->answered(question, known || answer != KEY_KNOWN ? answer : KEY_UNAVAILABLE);
	}
	list_remove(&search->node);
	mem_free(search);
}

/* -- asking the database ----------------------------------------------------------------------- */

static int find_row(const struct rows *rows, const uint8_t *digest)
{
	char hex[KEY_DIGEST_CHARACTERS + 1];

	key_print_digest(digest, hex);
	for (int row = 0; row < rows_count(rows); row++)
		if (text_equals(row_text(rows, row, DIGEST), text_of(hex)))
			return row;
	return -1;
}

static void settle(struct keyring *keyring, struct search *search, const struct rows *rows)
{
	struct known *known = find_known(keyring, search->digest);
	int row = find_row(rows, search->digest);

	if (row >= 0)
		remember(keyring, search->digest, rows, row);
	else if (known)
		drop_known(keyring, known);
	answer(keyring, search, row >= 0 ? KEY_KNOWN : KEY_UNKNOWN);
}

/*
 * The database is away, or too slow. What is remembered goes on to hold, and without a wait, unless something was
 * changed since.
 */
static void make_do(struct keyring *keyring, struct search *search)
{
	struct known *known = find_known(keyring, search->digest);
	bool holds = known && !known->is_doubtful;

	if (holds)
		known->asked_at_ms = loop_now_ms() - REMEMBERED_MS / 2;
	answer(keyring, search, holds ? KEY_KNOWN : KEY_UNAVAILABLE);
}

static void on_found(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct keyring *keyring = context;

	keyring->is_running = false;
	if (!failure->error && keyring->is_outdated) { /* what it says may be from before */
		list_move(&keyring->waiting, &keyring->running);
		keyring->waiting_count += keyring->running_count;
	}
	if (failure->error && failure->error != DB_UNAVAILABLE && !keyring->is_stopped)
		log_warn("keyring.failed", "what=find error=%s", db_error_name(failure->error));
	while (!list_is_empty(&keyring->running)) {
		struct search *search = LIST_ITEM(keyring->running.next, struct search, node);

		if (failure->error)
			make_do(keyring, search);
		else
			settle(keyring, search, rows);
	}
	if (keyring->waiting_count)
		loop_defer(keyring->loop, &keyring->next);
}

static void on_next(void *context)
{
	struct keyring *keyring = context;
	struct text *digests;
	size_t count = 0;

	if (keyring->is_running || list_is_empty(&keyring->waiting))
		return;
	arena_free(&keyring->arena);
	keyring->arena = arena_new();
	digests = arena_alloc(keyring->arena, TOGETHER_MAX, sizeof(*digests));
	while (count < TOGETHER_MAX && !list_is_empty(&keyring->waiting)) {
		struct search *search = LIST_ITEM(list_shift(&keyring->waiting), struct search, node);
		char *hex = arena_alloc(keyring->arena, 1, KEY_DIGEST_CHARACTERS + 1);

		key_print_digest(search->digest, hex);
		digests[count++] = text_of(hex);
		list_append(&keyring->running, &search->node);
	}
	keyring->waiting_count -= count;
	keyring->running_count = count;
	keyring->is_running = true;
	keyring->is_outdated = false;
	keyring->args = args_start(keyring->arena);
	args_texts(&keyring->args, digests, count);
	pool_read(keyring->pool, Q_API_KEYS_FIND, &keyring->args, on_found, keyring);
}

static struct search *find_search(struct list *searches, const uint8_t *digest)
{
	for (struct list *node = searches->next; node != searches; node = node->next) {
		struct search *search = LIST_ITEM(node, struct search, node);

		if (memcmp(search->digest, digest, DIGEST_BYTES) == 0)
			return search;
	}
	return NULL;
}

/* The search for that key, begun if there is none; NULL: too many wait. */
static struct search *search_for(struct keyring *keyring, const uint8_t *digest)
{
	struct search *search = find_search(&keyring->running, digest);

	if (!search)
		search = find_search(&keyring->waiting, digest);
	if (search || keyring->waiting_count >= WAITING_MAX)
		return search;
	search = mem_alloc(1, sizeof(*search));
	memcpy(search->digest, digest, DIGEST_BYTES);
	list_init(&search->questions);
	list_append(&keyring->waiting, &search->node);
	keyring->waiting_count++;
	loop_defer(keyring->loop, &keyring->next);
	return search;
}

/* -- public ------------------------------------------------------------------------------------ */

struct keyring *keyring_new(struct loop *loop, struct pool *pool, bool (*hears_changes)(void *context), void *context)
{
	struct keyring *keyring = mem_alloc(1, sizeof(*keyring));

	keyring->loop = loop;
	keyring->pool = pool;
	keyring->hears_changes = hears_changes;
	keyring->context = context;
	for (size_t i = 0; i < BUCKETS; i++)
		list_init(&keyring->buckets[i]);
	list_init(&keyring->waiting);
	list_init(&keyring->running);
	deferred_init(&keyring->next, on_next, keyring);
	keyring->uses = timer_new(loop, on_note_due, keyring);
	keyring->noted_at_ms = loop_now_ms() - USES_MS;
	return keyring;
}

/* Whether what is remembered is young enough. One that is used goes on being known: it is asked for in good time. */
static bool still_holds(struct keyring *keyring, const struct known *known)
{
	int64_t age_ms = loop_now_ms() - known->asked_at_ms;
	int64_t most_ms = keyring->hears_changes(keyring->context) ? REMEMBERED_MS : REMEMBERED_BLIND_MS;

	if (known->is_doubtful || age_ms > most_ms)
		return false;
	if (age_ms > most_ms / 2)
		search_for(keyring, known->digest);
	return true;
}

enum key_answer keyring_ask(struct keyring *keyring, struct text key, struct key_question *question)
{
	struct known *known;
	struct search *search;

	if (!key_is_likely(key))
		return KEY_UNKNOWN;
	digest_of(key, question->digest);
	known = find_known(keyring, question->digest);
	if (known && still_holds(keyring, known)) {
		take(keyring, known, question);
		return KEY_KNOWN;
	}
	search = search_for(keyring, question->digest);
	if (!search)
		return KEY_UNAVAILABLE;
	list_append(&search->questions, &question->node);
	return KEY_ASKED;
}

void keyring_forget(struct keyring *keyring)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct list *node = keyring->buckets[i].next; node != &keyring->buckets[i]; node = node->next)
			LIST_ITEM(node, struct known, node)->is_doubtful = true;
	keyring->is_outdated = true;
}

void keyring_stop(struct keyring *keyring)
{
	keyring->is_stopped = true;
	timer_stop(keyring->uses);
}

void keyring_free(struct keyring **keyring)
{
	if (!*keyring)
		return;
	deferred_cancel(&(*keyring)->next);
	timer_free(&(*keyring)->uses);
	drop_all(*keyring);
	while (!list_is_empty(&(*keyring)->waiting))
		answer(*keyring, LIST_ITEM((*keyring)->waiting.next, struct search, node), KEY_UNAVAILABLE);
	arena_free(&(*keyring)->arena);
	arena_free(&(*keyring)->uses_arena);
	mem_free(*keyring);
	*keyring = NULL;
}
