/*
 * Keys are asked for together: while one question is with the database, all others gather for the next. So strangers
 * who try keys never occupy more than one connection; and those that were good before go first.
 */
#include "service/keyring.h"

#include "base/log.h"
#include "service/key.h"

enum {
	REMEMBERED_MS = 60000,      /* while the database tells of changes */
	REMEMBERED_BLIND_MS = 2000, /* while it could not */
	HELD_MS = 5000,             /* from a question that failed to the next */
	WAITING_MAX = 1000,         /* unknown keys that are to be asked for */
	TOGETHER_MAX = 200,         /* keys in one question */
	USES_MS = 10000             /* between two notes of which keys were used */
};

/* A key that is being asked for. */
struct search {
	struct list node; /* of renewals, waiting or running */
	uint8_t digest[DIGEST_BYTES];
	struct list questions; /* may be empty: it is only to be known for longer */
};

struct keyring {
	struct loop *loop;
	struct pool *pool;
	const struct feed *feed;
	struct known_keys known;
	struct list renewals, waiting, running; /* searches: of keys that are known, of others, with the database */
	size_t waiting_count;
	struct deferred next;
	bool is_running, is_outdated; /* a question is under way; something was changed since it began */
	bool is_noting, is_stopped;
	struct arena *arena, *uses_arena; /* of the statement that is under way */
	struct args args, uses_args;
	struct timer *uses;
	int64_t noted_at_ms;
};

/* -- which were used --------------------------------------------------------------------------- */

static void plan_note(struct keyring *keyring)
{
	int64_t rest_ms = keyring->noted_at_ms + USES_MS - loop_now_ms();

	if (keyring->known.used_count && !keyring->is_noting && !keyring->is_stopped &&
	    !timer_is_running(keyring->uses))
		timer_start(keyring->uses, rest_ms > 0 ? rest_ms : 0);
}

static void on_noted(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct keyring *keyring = context;

	(void)rows;
	if (failure->error && !keyring->is_stopped)
		log_warn("keyring.failed", "what=uses error=%s", db_error_name(failure->error));
	keyring->is_noting = false;
	plan_note(keyring);
}

static void on_note_due(void *context)
{
	struct keyring *keyring = context;
	int64_t *ids;
	size_t count;

	arena_free(&keyring->uses_arena);
	keyring->uses_arena = arena_new();
	count = known_keys_take_used(&keyring->known, keyring->uses_arena, &ids);
	keyring->noted_at_ms = loop_now_ms();
	if (!count)
		return;
	keyring->is_noting = true;
	keyring->uses_args = args_start(keyring->uses_arena);
	args_ints(&keyring->uses_args, ids, count);
	pool_write(keyring->pool, Q_API_KEYS_USED, &keyring->uses_args, on_noted, keyring);
}

/* -- answering --------------------------------------------------------------------------------- */

static void take(struct keyring *keyring, struct known_key *known, struct key_question *question)
{
	question->caller = known_keys_use(&keyring->known, known, question->arena);
	plan_note(keyring);
}

static void answer(struct keyring *keyring, struct search *search, enum key_answer answer)
{
	struct list *node;

	while ((node = list_shift(&search->questions))) {
		struct key_question *question = LIST_ITEM(node, struct key_question, node);
		struct known_key *known = answer == KEY_KNOWN ? known_keys_find(&keyring->known, search->digest) : NULL;

		if (known)
			take(keyring, known, question);
		question->answered(question, known || answer != KEY_KNOWN ? answer : KEY_UNAVAILABLE);
	}
	list_remove(&search->node);
	mem_free(search);
}

static void answer_all(struct keyring *keyring, struct list *searches)
{
	while (!list_is_empty(searches))
		answer(keyring, LIST_ITEM(searches->next, struct search, node), KEY_UNAVAILABLE);
}

/* -- asking the database ----------------------------------------------------------------------- */

/* Columns of api_keys_find. */
enum { DIGEST, ID, NAME, ROLE, SOURCE_ID, OPERATOR_ID };

static enum role role_of(struct text name)
{
	for (size_t i = 0; role_names[i]; i++)
		if (text_equals(name, text_of(role_names[i])))
			return role_at(i);
	return 0; /* one of a newer version: it may do nothing here */
}

static int find_row(const struct rows *rows, const uint8_t *digest)
{
	char hex[KEY_DIGEST_CHARACTERS + 1];

	key_print_digest(digest, hex);
	for (int row = 0; row < rows_count(rows); row++)
		if (text_equals(row_text(rows, row, DIGEST), text_of(hex)))
			return row;
	return -1;
}

static void remember(struct keyring *keyring, const uint8_t *digest, const struct rows *rows, int row)
{
	struct caller caller = { .key_id = row_int(rows, row, ID),
				 .role = role_of(row_text(rows, row, ROLE)),
				 .source_id = row_int(rows, row, SOURCE_ID),
				 .operator_id = row_int(rows, row, OPERATOR_ID) };
	struct buf actor;

	if ((caller.role == ROLE_OPERATOR) != (caller.operator_id != 0))
		caller.role = 0; /* the schema has no such row; no operator would mean all of them */
	buf_init(&actor);
	buf_string(&actor, "key:");
	buf_text(&actor, row_text(rows, row, NAME));
	caller.actor = (struct text){ actor.bytes, actor.length };
	known_keys_put(&keyring->known, digest, &caller, loop_now_ms());
	buf_done(&actor);
}

static void settle(struct keyring *keyring, struct search *search, const struct rows *rows)
{
	int row = find_row(rows, search->digest);

	if (row >= 0)
		remember(keyring, search->digest, rows, row);
	else
		known_keys_drop(&keyring->known, search->digest);
	answer(keyring, search, row >= 0 ? KEY_KNOWN : KEY_UNKNOWN);
}

/*
 * The database is away, or too slow. What is remembered goes on to hold, and for a while without asking again, unless
 * something was changed since.
 */
static void make_do(struct keyring *keyring, struct search *search)
{
	struct known_key *known = known_keys_find(&keyring->known, search->digest);
	bool holds = known && !known->is_doubtful;

	if (holds)
		known->held_until_ms = loop_now_ms() + HELD_MS;
	answer(keyring, search, holds ? KEY_KNOWN : KEY_UNAVAILABLE);
}

static void on_found(void *context, const struct db_failure *failure, const struct rows *rows)
{
	struct keyring *keyring = context;

	keyring->is_running = false;
	if (!failure->error && keyring->is_outdated) /* what it says may be from before */
		list_move(&keyring->renewals, &keyring->running);
	if (failure->error && failure->error != DB_UNAVAILABLE && !keyring->is_stopped)
		log_warn("keyring.failed", "what=find error=%s", db_error_name(failure->error));
	while (!list_is_empty(&keyring->running)) {
		struct search *search = LIST_ITEM(keyring->running.next, struct search, node);

		if (failure->error)
			make_do(keyring, search);
		else
			settle(keyring, search, rows);
	}
	loop_defer(keyring->loop, &keyring->next);
}

static void on_next(void *context)
{
	struct keyring *keyring = context;
	struct text *digests;
	size_t count = 0;

	if (keyring->is_running || (list_is_empty(&keyring->renewals) && list_is_empty(&keyring->waiting)))
		return;
	arena_free(&keyring->arena);
	keyring->arena = arena_new();
	digests = arena_alloc(keyring->arena, TOGETHER_MAX, sizeof(*digests));
	while (count < TOGETHER_MAX) {
		bool is_renewal = !list_is_empty(&keyring->renewals);
		struct list *node = list_shift(is_renewal ? &keyring->renewals : &keyring->waiting);
		char *hex = arena_alloc(keyring->arena, 1, KEY_DIGEST_CHARACTERS + 1);

		if (!node)
			break;
		keyring->waiting_count -= !is_renewal;
		key_print_digest(LIST_ITEM(node, struct search, node)->digest, hex);
		digests[count++] = text_of(hex);
		list_append(&keyring->running, node);
	}
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

/* The search for that key, begun if there is none; NULL: too many that are not known wait. */
static struct search *search_for(struct keyring *keyring, const uint8_t *digest, bool is_known)
{
	struct search *search = find_search(&keyring->running, digest);

	if (!search)
		search = find_search(&keyring->renewals, digest);
	if (!search && !is_known)
		search = find_search(&keyring->waiting, digest);
	if (search || (!is_known && keyring->waiting_count >= WAITING_MAX))
		return search;
	search = mem_alloc(1, sizeof(*search));
	memcpy(search->digest, digest, DIGEST_BYTES);
	list_init(&search->questions);
	list_append(is_known ? &keyring->renewals : &keyring->waiting, &search->node);
	keyring->waiting_count += !is_known;
	loop_defer(keyring->loop, &keyring->next);
	return search;
}

/* Whether what is remembered is young enough. One that is used goes on being known: it is asked for in good time. */
static bool still_holds(struct keyring *keyring, const struct known_key *known)
{
	int64_t now_ms = loop_now_ms(), age_ms = now_ms - known->asked_at_ms;
	int64_t most_ms = feed_is_connected(keyring->feed) ? REMEMBERED_MS : REMEMBERED_BLIND_MS;

	if (known->is_doubtful || (age_ms > most_ms && now_ms > known->held_until_ms))
		return false;
	if (age_ms > most_ms / 2 && now_ms > known->held_until_ms)
		search_for(keyring, known->digest, true);
	return true;
}

/* -- whether there is one that makes others ---------------------------------------------------- */

static void on_admin(void *context, const struct db_failure *failure, const struct rows *rows)
{
	(void)context;
	if (!failure->error && !row_bool(rows, 0, 0))
		log_warn("keyring.no_admin", "%s", "make_one=\"leadd key create --role admin --name NAME\"");
}

void keyring_look_for_admin(struct keyring *keyring)
{
	pool_read(keyring->pool, Q_API_KEYS_HAVE_ADMIN, NULL, on_admin, keyring);
}

/* -- public ------------------------------------------------------------------------------------ */

struct keyring *keyring_new(struct loop *loop, struct pool *pool, const struct feed *feed)
{
	struct keyring *keyring = mem_alloc(1, sizeof(*keyring));

	keyring->loop = loop;
	keyring->pool = pool;
	keyring->feed = feed;
	known_keys_init(&keyring->known);
	list_init(&keyring->renewals);
	list_init(&keyring->waiting);
	list_init(&keyring->running);
	deferred_init(&keyring->next, on_next, keyring);
	keyring->uses = timer_new(loop, on_note_due, keyring);
	keyring->noted_at_ms = loop_now_ms() - USES_MS;
	return keyring;
}

enum key_answer keyring_ask(struct keyring *keyring, struct text key, struct key_question *question)
{
	struct known_key *known;
	struct search *search;

	if (!key_is_likely(key))
		return KEY_UNKNOWN;
	digest_of(key, question->digest);
	known = known_keys_find(&keyring->known, question->digest);
	if (known && still_holds(keyring, known)) {
		take(keyring, known, question);
		return KEY_KNOWN;
	}
	search = search_for(keyring, question->digest, known != NULL);
	if (!search)
		return KEY_UNAVAILABLE;
	list_append(&search->questions, &question->node);
	return KEY_ASKED;
}

void keyring_forget(struct keyring *keyring)
{
	known_keys_doubt(&keyring->known);
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
	known_keys_clear(&(*keyring)->known);
	answer_all(*keyring, &(*keyring)->renewals);
	answer_all(*keyring, &(*keyring)->waiting);
	arena_free(&(*keyring)->arena);
	arena_free(&(*keyring)->uses_arena);
	mem_free(*keyring);
	*keyring = NULL;
}
