/* GET /api/v1/events: the feed of the database as Server-Sent Events, one stream for each client. */
#include "api/internal.h"
#include "api/problems.h"

#include "base/metrics.h"
#include "http/stream.h"

enum {
	PATIENCE_MS = 4000, /* until everybody is sure to tell: as a rule that takes milliseconds */
	REST_MS = 50,       /* between two writes on each stream, while much happens */
	HELD_MAX = 256      /* events that are written together; as text a fourth of what a client may lag behind */
};

struct events {
	struct feed *feed;
	struct list streams, waiting; /* struct subscriber */
	int waiting_count;
	struct timer *patience; /* of the first that waits */
	struct timer *rest;
	struct event held[HELD_MAX]; /* not written yet */
	size_t held_count;
	uint64_t sent;
	bool is_stopped;
};

/* What it may see is decided when it begins. */
struct subscriber {
	struct list node;
	struct events *events;
	struct request *request; /* while it waits; then NULL */
	int64_t until_ms;
	struct stream *stream;
	struct event_filter filter;
	bool has_key;
	bool resumes;
	struct event_id last; /* the same */
};

static void subscriber_free(struct subscriber *subscriber)
{
	feed_release(subscriber->events->feed);
	list_remove(&subscriber->node);
	mem_free(subscriber);
}

/* -- open streams ------------------------------------------------------------------------------ */

static void on_client_gone(void *context)
{
	subscriber_free(context);
}

static void send(struct subscriber *subscriber, const struct buf *messages, uint64_t events)
{
	subscriber->events->sent += events;
	if (!stream_send(subscriber->stream, (struct text){ messages->bytes, messages->length }))
		subscriber_free(subscriber);
}

static bool sees_all(const struct subscriber *subscriber)
{
	return !subscriber->filter.source_id && !subscriber->filter.operator_id;
}

/* What is held as text, and where each event ends in it: each is made once, for however many streams. */
struct held_text {
	struct buf whole;
	size_t ends[HELD_MAX];
};

static void print_held(struct held_text *text, const struct events *events)
{
	buf_init(&text->whole);
	for (size_t i = 0; i < events->held_count; i++) {
		event_print(&text->whole, &events->held[i]);
		text->ends[i] = text->whole.length;
	}
}

/* Those that pass; returns how many. */
static uint64_t copy_seen(struct buf *out, const struct held_text *text, const struct events *events,
			  const struct event_filter *filter)
{
	uint64_t seen = 0;

	buf_clear(out);
	for (size_t i = 0; i < events->held_count; i++) {
		size_t start = i ? text->ends[i - 1] : 0;

		if (!event_passes(&events->held[i], filter))
			continue;
		buf_text(out, (struct text){ text->whole.bytes + start, text->ends[i] - start });
		seen++;
	}
	return seen;
}

/* Writes what is held on all streams. */
static void flush(struct events *events)
{
	struct list *node, *next;
	struct held_text text;
	struct buf part;

	if (!events->held_count)
		return;
	print_held(&text, events);
	buf_init(&part);
	for (node = events->streams.next; node != &events->streams; node = next) {
		struct subscriber *subscriber = LIST_ITEM(node, struct subscriber, node);
		uint64_t seen;

		next = node->next;
		if (sees_all(subscriber))
			send(subscriber, &text.whole, events->held_count);
		else if ((seen = copy_seen(&part, &text, events, &subscriber->filter)))
			send(subscriber, &part, seen);
	}
	events->held_count = 0;
	buf_done(&text.whole);
	buf_done(&part);
}

static void on_rest_over(void *context)
{
	struct events *events = context;

	if (!events->held_count)
		return;
	flush(events);
	timer_start(events->rest, REST_MS);
}

/* After a pause an event goes out at once. Many batches a second are written together: else each costs each stream. */
static void on_events(void *context, const struct event *events, size_t count)
{
	struct events *all = context;

	if (list_is_empty(&all->streams))
		return;
	for (size_t i = 0; i < count; i++) {
		if (all->held_count == HELD_MAX)
			flush(all);
		all->held[all->held_count++] = events[i];
	}
	if (!timer_is_running(all->rest))
		on_rest_over(all);
}

static void print_reload(struct buf *out, const struct events *events)
{
	struct event_id position = feed_position(events->feed);

	event_print_word(out, "reload", &position);
}

static void on_gap(void *context)
{
	struct events *events = context;
	struct list *node, *next;
	struct buf message;

	flush(events);
	buf_init(&message);
	print_reload(&message, events);
	for (node = events->streams.next; node != &events->streams; node = next) {
		next = node->next;
		send(LIST_ITEM(node, struct subscriber, node), &message, 0);
	}
	buf_done(&message);
}

/* -- beginning --------------------------------------------------------------------------------- */

struct replay {
	const struct event_filter *filter;
	struct buf *out;
	uint64_t count;
};

static void on_missed(void *context, const struct event *event)
{
	struct replay *replay = context;

	if (!event_passes(event, replay->filter))
		return;
	event_print(replay->out, event);
	replay->count++;
}

static void send_first(struct subscriber *subscriber)
{
	struct events *events = subscriber->events;
	struct event_id id = subscriber->resumes ? subscriber->last : feed_position(events->feed);
	struct buf messages;
	struct replay replay = { &subscriber->filter, &messages, 0 };
	bool is_known;

	buf_init(&messages);
	buf_string(&messages, "retry: 2000\n");
	event_print_word(&messages, "hello", &id);
	is_known = !subscriber->resumes || feed_replay(events->feed, &id, on_missed, &replay);
	if (is_known && stream_send_first(subscriber->stream, (struct text){ messages.bytes, messages.length })) {
		events->sent += replay.count;
	} else {
		buf_clear(&messages);
		buf_string(&messages, "retry: 2000\n");
		print_reload(&messages, events);
		send(subscriber, &messages, 0);
	}
	buf_done(&messages);
}

static void begin(struct subscriber *subscriber)
{
	static const char lagged[] = "event: lagged\ndata: {}\n\n";
	struct events *events = subscriber->events;

	flush(events); /* its replay has that */
	list_append(&events->streams, &subscriber->node);
	subscriber->stream =
		stream_open(subscriber->request, &(struct stream_options){ .lagged = { lagged, sizeof(lagged) - 1 },
									   .on_end = on_client_gone,
									   .context = subscriber });
	subscriber->request = NULL;
	if (subscriber->stream)
		send_first(subscriber);
	else
		subscriber_free(subscriber);
}

static struct subscriber *take_waiting(struct events *events)
{
	struct list *node = list_shift(&events->waiting);

	events->waiting_count -= node != NULL;
	return node ? LIST_ITEM(node, struct subscriber, node) : NULL;
}

static void on_sure(void *context)
{
	struct events *events = context;
	struct subscriber *subscriber;

	timer_stop(events->patience);
	while ((subscriber = take_waiting(events)))
		begin(subscriber);
}

static void refuse(struct subscriber *subscriber, const char *why)
{
	reply_problem(subscriber->request, &problem_unavailable, "%s", why);
	subscriber_free(subscriber);
}

static void on_patience_over(void *context)
{
	struct events *events = context;
	struct subscriber *first;

	while ((first = take_waiting(events))) {
		int64_t left_ms = first->until_ms - loop_now_ms();

		if (left_ms > 0) {
			list_prepend(&events->waiting, &first->node);
			events->waiting_count++;
			timer_start(events->patience, left_ms);
			return;
		}
		refuse(first, "The database did not answer in time.");
	}
}

static void wait_until_sure(struct subscriber *subscriber)
{
	struct events *events = subscriber->events;

	subscriber->until_ms = loop_now_ms() + PATIENCE_MS;
	if (list_is_empty(&events->waiting))
		timer_start(events->patience, PATIENCE_MS);
	list_append(&events->waiting, &subscriber->node);
	events->waiting_count++;
}

/* -- the endpoint ------------------------------------------------------------------------------ */

static struct subscriber *subscriber_new(struct events *events, struct request *request)
{
	const struct value *query = request_checked(request)->query;
	const char *last = request_header(request, "Last-Event-ID");
	struct subscriber *subscriber = mem_alloc(1, sizeof(*subscriber));

	list_init(&subscriber->node);
	subscriber->events = events;
	subscriber->request = request;
	subscriber->filter.source_id = query[EVENTS_OF_SOURCE].integer;
	subscriber->filter.operator_id = guard_operator(request);
	if (!subscriber->filter.operator_id)
		subscriber->filter.operator_id = query[EVENTS_OF_OPERATOR].integer;
	subscriber->has_key = request_checked(request)->caller->key_id;
	subscriber->resumes = last && *last;
	if (subscriber->resumes && !event_id_read(last, &subscriber->last))
		subscriber->last = (struct event_id){ .index = -1 }; /* which nothing has */
	feed_hold(events->feed);
	return subscriber;
}

void events_stream(struct request *request)
{
	const struct api *api = request_world(request);
	const struct value *operator= & request_checked(request)->query[EVENTS_OF_OPERATOR];
	struct events *events = api->events;

	if (guard_operator(request) && operator->is_given && operator->integer != guard_operator(request))
		reply_problem(request, &problem_forbidden, GUARD_OPERATOR_RULE, guard_operator(request));
	else if (events->is_stopped)
		reply_problem(request, &problem_unavailable, "The service is stopping.");
	else if (!feed_is_connected(events->feed))
		reply_problem(request, &problem_unavailable, "The database cannot be reached now.");
	else if (!stream_has_room(request, events->waiting_count))
		reply_problem(request, &problem_unavailable, "There are as many event streams as there may be.");
	else if (stream_reply_head(request))
		return;
	else if (feed_is_sure(events->feed))
		begin(subscriber_new(events, request));
	else
		wait_until_sure(subscriber_new(events, request));
}

/* -- their life -------------------------------------------------------------------------------- */

void events_init(struct api *api)
{
	static const struct feed_hooks hooks = { .on_events = on_events, .on_sure = on_sure, .on_gap = on_gap };
	struct events *events = mem_alloc(1, sizeof(*events));

	events->feed = api->feed;
	list_init(&events->streams);
	list_init(&events->waiting);
	events->patience = timer_new(api->loop, on_patience_over, events);
	events->rest = timer_new(api->loop, on_rest_over, events);
	feed_on_events(api->feed, &hooks, events);
	api->events = events;
}

static void end_all(struct events *events, bool with_key_only, const char *why)
{
	struct list *node, *next;

	flush(events);
	for (node = events->waiting.next; node != &events->waiting; node = next) {
		struct subscriber *subscriber = LIST_ITEM(node, struct subscriber, node);

		next = node->next;
		if (with_key_only && !subscriber->has_key)
			continue;
		events->waiting_count--;
		refuse(subscriber, why);
	}
	for (node = events->streams.next; node != &events->streams; node = next) {
		struct subscriber *subscriber = LIST_ITEM(node, struct subscriber, node);

		next = node->next;
		if (with_key_only && !subscriber->has_key)
			continue;
		stream_end(subscriber->stream);
		subscriber_free(subscriber);
	}
}

void api_end_keyed_streams(struct api *api)
{
	end_all(api->events, true, "A key was changed just now.");
}

void api_stop(struct api *api)
{
	api->events->is_stopped = true;
	timer_stop(api->events->patience);
	end_all(api->events, false, "The service is stopping.");
}

void events_done(struct api *api)
{
	timer_free(&api->events->patience);
	timer_free(&api->events->rest);
	mem_free(api->events);
	api->events = NULL;
}

void api_print_metrics(const struct api *api, struct buf *out)
{
	metrics_counter(out, "leadd_events_sent_total", "Events that were sent on streams, each stream's for itself.",
			api->events->sent);
}
