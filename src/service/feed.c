/* Listens for the whole process, keeps the newest events, and says to the others that somebody listens here. */
#include "service/feed.h"

#include "base/metrics.h"
#include "base/rng.h"
#include "db/listen.h"
#include "service/ring.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	PING_MS = 10000,
	SAY_MS = 20000,    /* between two announcements */
	RETRY_MS = 500,    /* after one that failed */
	TELL_MS = 60000,   /* whoever has heard one tells for so long */
	SURE_MS = 45000,   /* and is relied on to tell for so long */
	SETTLE_MS = 5000,  /* until all have heard the first one, and have ended what they had begun without telling */
	ANSWER_MS = 1000,  /* who asks waits so long for those who have listeners */
	LATE_MS = 500,     /* an answer that took longer may have come too late */
	UNSURE_MS = 30000, /* after a start, or a loss of the connection, an announcement may have been missed */
	EVENTS_MAX = 160   /* handed on together: what a notification has, as a rule */
};

enum { HERE, WHO, WORDS }; /* what is said */

struct feed {
	struct pool *pool;
	struct listener *listener;
	struct {
		void (*call)(void *context);
		void *context;
	} on_word[FEED_WORDS];
	const struct feed_hooks *hooks;
	void *hooks_context;
	int holders;
	bool is_stopped;

	/* what was heard */
	struct event_reader reader;
	struct ring ring;
	struct event_id position;
	uint64_t events;

	/* the others, and who listens; of loop_now_ms() */
	int64_t heard_ms;        /* the last announcement; 0: none */
	int64_t unsure_until_ms; /* whether somebody listens */
	int64_t asked_ms;        /* since when another one waits for an answer; 0: nobody does */
	struct timer *settled, *lapsed, *say;
	bool is_saying[WORDS], says_again[WORDS]; /* under way; and once more behind that */
	struct arena *arena;
	struct args words[WORDS];
	char token[24]; /* of this process, to know its own question */
};

static bool is_relied_on(const struct feed *feed)
{
	return feed->heard_ms && loop_now_ms() - feed->heard_ms < SURE_MS;
}

static bool has_listeners(const struct feed *feed)
{
	int64_t now_ms = loop_now_ms();

	return feed->holders || !listen_is_ready(feed->listener) || now_ms < feed->unsure_until_ms ||
	       (feed->heard_ms && now_ms - feed->heard_ms < TELL_MS);
}

/* -- speaking to the others -------------------------------------------------------------------- */

static void say(struct feed *feed, int word);

static void on_said(struct feed *feed, int word, const struct db_failure *failure)
{
	feed->is_saying[word] = false;
	if (feed->is_stopped)
		return;
	if (feed->says_again[word]) {
		feed->says_again[word] = false;
		say(feed, word);
	} else if (word == HERE && feed->holders) {
		timer_start(feed->say, failure->error ? RETRY_MS : SAY_MS);
	}
}

static void on_here_said(void *context, const struct db_failure *failure, const struct rows *rows)
{
	(void)rows;
	on_said(context, HERE, failure);
}

/* Where it fails, the announcements that come anyway have to do. */
static void on_who_said(void *context, const struct db_failure *failure, const struct rows *rows)
{
	(void)rows;
	on_said(context, WHO, failure);
}

static void say(struct feed *feed, int word)
{
	if (feed->is_saying[word]) {
		feed->says_again[word] = true;
		return;
	}
	feed->is_saying[word] = true;
	pool_write(feed->pool, Q_EVENTS_ANNOUNCE, &feed->words[word], word == HERE ? on_here_said : on_who_said, feed);
}

static void on_say(void *context)
{
	struct feed *feed = context;

	if (feed->holders && !feed->is_stopped)
		say(feed, HERE);
}

/* -- what is heard ----------------------------------------------------------------------------- */

/* What is heard while nobody has to tell is good for nothing. */
static void add(struct feed *feed, const struct event *event)
{
	if (is_relied_on(feed))
		ring_add(&feed->ring, event);
	feed->position = event->id;
}

static void tell_gap(struct feed *feed)
{
	ring_clear(&feed->ring);
	if (feed->hooks)
		feed->hooks->on_gap(feed->hooks_context);
}

/* Nobody listens any more, as a rule: the memory is given back. */
static void on_lapsed(void *context)
{
	struct feed *feed = context;

	ring_clear(&feed->ring);
}

/* Who began to tell late has ended by now what it had begun before. */
static void on_settled(void *context)
{
	tell_gap(context);
}

/* An announcement also gives its number to a time without events. */
static void hear_here(struct feed *feed)
{
	struct event mark = event_mark(&feed->reader);
	bool was_relied_on = is_relied_on(feed);
	bool is_late = feed->asked_ms && loop_now_ms() - feed->asked_ms > LATE_MS;

	feed->heard_ms = loop_now_ms();
	feed->asked_ms = 0;
	timer_start(feed->lapsed, SURE_MS);
	if (!was_relied_on || is_late) {
		feed->position = mark.id;
		tell_gap(feed);
		timer_start(feed->settled, SETTLE_MS);
	}
	add(feed, &mark);
	if (!was_relied_on && feed->hooks)
		feed->hooks->on_sure(feed->hooks_context);
}

/* As a rule the answer comes within milliseconds. Where it was late, those who listen are told to read anew. */
static void hear_who(struct feed *feed, struct text token)
{
	int64_t now_ms = loop_now_ms();

	if (text_equals(token, text_of(feed->token))) {
		feed->unsure_until_ms = now_ms + ANSWER_MS;
		return;
	}
	if (!feed->asked_ms)
		feed->asked_ms = now_ms;
	if (feed->holders && !feed->is_stopped)
		say(feed, HERE);
}

static void hear_word(struct feed *feed)
{
	struct text word = event_reader_word(&feed->reader);

	if (text_equals(word, TEXT("here")))
		hear_here(feed);
	else if (word.length > 4 && memcmp(word.at, "who ", 4) == 0)
		hear_who(feed, (struct text){ word.at + 4, word.length - 4 });
}

static void hand_on(struct feed *feed, const struct event *events, size_t count)
{
	if (count && feed->hooks)
		feed->hooks->on_events(feed->hooks_context, events, count);
}

static void hear_events(struct feed *feed)
{
	struct event events[EVENTS_MAX], event;
	size_t count = 0;

	while (event_read(&feed->reader, &event)) {
		bool is_reload = event.kind == EVENT_RELOAD;

		if (is_reload || count == EVENTS_MAX) {
			hand_on(feed, events, count);
			count = 0;
		}
		feed->events++;
		if (is_reload) {
			event.kind = EVENT_MARK;
			feed->position = event.id;
			tell_gap(feed);
		} else {
			events[count++] = event;
		}
		add(feed, &event);
	}
	hand_on(feed, events, count);
}

static const char *const word_channels[FEED_WORDS] = { "leadd_backlog", "leadd_keys" };

static void hand_on_word(struct feed *feed, enum feed_word word)
{
	if (feed->on_word[word].call)
		feed->on_word[word].call(feed->on_word[word].context);
}

/* Nobody knows what was missed: not the events, not whether somebody listens, not what else was told. */
static void on_anew(struct feed *feed)
{
	int64_t now_ms = loop_now_ms();

	feed->unsure_until_ms = now_ms + UNSURE_MS;
	feed->reader = (struct event_reader){ 0 };
	tell_gap(feed);
	if (!feed->is_stopped) {
		say(feed, WHO);
		on_say(feed);
	}
	for (enum feed_word told = 0; told < FEED_WORDS; told++)
		hand_on_word(feed, told);
}

static void on_notify(void *context, const char *channel, const char *payload)
{
	struct feed *feed = context;
	struct event_reader reader;

	if (!channel) {
		on_anew(feed);
		return;
	}
	for (enum feed_word word = 0; word < FEED_WORDS; word++) {
		if (strcmp(channel, word_channels[word]) != 0)
			continue;
		hand_on_word(feed, word);
		return;
	}
	if (!event_reader_open(&reader, payload, &feed->reader))
		return; /* anybody may write anything there */
	feed->reader = reader;
	if (strcmp(channel, "leadd_events") == 0)
		hear_events(feed);
	else
		hear_word(feed);
}

/* -- public ------------------------------------------------------------------------------------ */

struct feed *feed_new(struct loop *loop, const struct feed_options *options)
{
	static const char *const channels[] = { "leadd_backlog", "leadd_keys", "leadd_events", "leadd_listeners",
						NULL };
	struct feed *feed = mem_alloc(1, sizeof(*feed));
	struct listen_options listen = { .conninfo = options->conninfo,
					 .settings = options->settings,
					 .channels = channels,
					 .ping_ms = PING_MS,
					 .seed = options->seed };

	feed->pool = options->pool;
	snprintf(feed->token, sizeof(feed->token), "%016" PRIx64, rng_entropy());
	feed->arena = arena_new();
	for (int word = 0; word < WORDS; word++)
		feed->words[word] = args_start(feed->arena);
	args_text(&feed->words[HERE], TEXT("here"));
	args_text(&feed->words[WHO], text_of(arena_printf(feed->arena, "who %s", feed->token)));
	feed->settled = timer_new(loop, on_settled, feed);
	feed->lapsed = timer_new(loop, on_lapsed, feed);
	feed->say = timer_new(loop, on_say, feed);
	feed->listener = listen_new(loop, &listen, on_notify, feed);
	return feed;
}

void feed_stop(struct feed *feed)
{
	feed->is_stopped = true;
	timer_stop(feed->say);
	timer_stop(feed->settled);
}

void feed_free(struct feed **feed)
{
	if (!*feed)
		return;
	listen_free(&(*feed)->listener);
	timer_free(&(*feed)->settled);
	timer_free(&(*feed)->lapsed);
	timer_free(&(*feed)->say);
	ring_clear(&(*feed)->ring);
	arena_free(&(*feed)->arena);
	mem_free(*feed);
	*feed = NULL;
}

void feed_print_metrics(const struct feed *feed, struct buf *out)
{
	metrics_counter(out, "leadd_events_total", "Events that the database told this process.", feed->events);
	metrics_gauge(out, "leadd_events_told",
		      "1 while this process has its changes of contacts told, since somebody listens, or may.",
		      has_listeners(feed));
}

void feed_on(struct feed *feed, enum feed_word word, void (*on_word)(void *context), void *context)
{
	feed->on_word[word].call = on_word;
	feed->on_word[word].context = context;
}

int feed_ask(struct flow *flow, const struct feed *feed)
{
	struct args none = flow_args(flow);

	if (!has_listeners(feed))
		return 0;
	flow_ask(flow, Q_EVENTS_ON, &none);
	return 1;
}

void feed_on_events(struct feed *feed, const struct feed_hooks *hooks, void *context)
{
	feed->hooks = hooks;
	feed->hooks_context = context;
}

/* Those who are there already may leave: from the first one on this process speaks for itself. */
void feed_hold(struct feed *feed)
{
	if (feed->holders++ == 0)
		on_say(feed);
}

void feed_release(struct feed *feed)
{
	if (--feed->holders == 0)
		timer_stop(feed->say);
}

bool feed_is_connected(const struct feed *feed)
{
	return listen_is_ready(feed->listener);
}

bool feed_is_sure(const struct feed *feed)
{
	return listen_is_ready(feed->listener) && is_relied_on(feed);
}

struct event_id feed_position(const struct feed *feed)
{
	return feed->position;
}

bool feed_replay(const struct feed *feed, const struct event_id *id,
		 void (*on_event)(void *context, const struct event *event), void *context)
{
	long behind = ring_behind(&feed->ring, id);

	for (long place = behind; place >= 1; place--)
		if (ring_newest(&feed->ring, (size_t)place)->kind != EVENT_MARK)
			on_event(context, ring_newest(&feed->ring, (size_t)place));
	return behind >= 0;
}
