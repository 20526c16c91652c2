/* Events as messages of a stream. Source: HTML Standard, 9.2.6 "Interpreting an event stream". */
#include "api/internal.h"

#include <time.h>

static const char *const names[] = {
	[EVENT_CONTACT_CREATED] = "contact.created",   [EVENT_CONTACT_ASSIGNED] = "contact.assigned",
	[EVENT_CONTACT_RELEASED] = "contact.released", [EVENT_CONTACT_CLOSED] = "contact.closed",
	[EVENT_OPERATOR_CHANGED] = "operator.changed", [EVENT_SOURCE_CHANGED] = "source.changed",
};

static void print_head(struct buf *out, const char *name, const struct event_id *id)
{
	char text[EVENT_ID_BYTES];

	event_id_print(id, text);
	buf_string(out, "id: ");
	buf_string(out, text);
	buf_string(out, "\nevent: ");
	buf_string(out, name);
	buf_string(out, "\ndata: {");
}

static void print_id(struct buf *out, const char *name, int64_t id)
{
	buf_string(out, name);
	if (id)
		buf_int(out, id);
	else
		buf_string(out, "null");
}

static void print_moment(struct buf *out, int64_t at_us)
{
	time_t seconds = at_us / 1000000;
	struct tm at = { 0 };

	gmtime_r(&seconds, &at);
	buf_printf(out, "\"at\":\"%04d-%02d-%02dT%02d:%02d:%02d.%06dZ\"", at.tm_year + 1900, at.tm_mon + 1, at.tm_mday,
		   at.tm_hour, at.tm_min, at.tm_sec, (int)(at_us % 1000000));
}

static void print_deletion(struct buf *out, bool is_deleted)
{
	buf_string(out, is_deleted ? ",\"is_deleted\":true," : ",\"is_deleted\":false,");
}

void event_print(struct buf *out, const struct event *event)
{
	print_head(out, names[event->kind], &event->id);
	if (event->kind == EVENT_OPERATOR_CHANGED) {
		print_id(out, "\"operator_id\":", event->operator_id);
		print_deletion(out, event->is_deleted);
	} else if (event->kind == EVENT_SOURCE_CHANGED) {
		print_id(out, "\"source_id\":", event->source_id);
		print_deletion(out, event->is_deleted);
	} else {
		print_id(out, "\"contact_id\":", event->contact_id);
		print_id(out, ",\"lead_id\":", event->lead_id);
		print_id(out, ",\"source_id\":", event->source_id);
		print_id(out, ",\"operator_id\":", event->operator_id);
		print_id(out, ",\"previous_operator_id\":", event->previous_operator_id);
		buf_printf(out, ",\"status\":\"%s\",", event->status);
	}
	print_moment(out, event->id.at_us);
	buf_string(out, "}\n\n");
}

void event_print_word(struct buf *out, const char *name, const struct event_id *id)
{
	print_head(out, name, id);
	buf_string(out, "}\n\n");
}

/* -- the stream in the document ------------------------------------------------------------------ */

static const struct field stream_query[] = {
	[EVENTS_OF_SOURCE] = { "source_id", FIELD_ID, .help = "Only events that name this source.", .example = "1" },
	[EVENTS_OF_OPERATOR] = { "operator_id", FIELD_ID,
				 .help = "Only events that name this operator, as who holds the contact or held it "
					 "before.",
				 .example = "1" },
	{ 0 },
};

const struct endpoint events_stream_endpoint = {
	.id = "streamEvents",
	.tag = "Distribution",
	.summary = "Changes as they happen",
	.about =
		"Server-Sent Events, in the order of the commits, whichever process or psql session makes the change. "
		"A message has an `id`, an `event` and one line of `data`, a JSON object.\n\n"
		"| event | data |\n|---|---|\n"
		"| `contact.created`, `contact.assigned`, `contact.released`, `contact.closed` | `contact_id`, "
		"`lead_id`, `source_id`, `operator_id` or null, `previous_operator_id` or null, `status`, `at` |\n"
		"| `operator.changed` | `operator_id`, `is_deleted`, `at` |\n"
		"| `source.changed` (or its weights) | `source_id`, `is_deleted`, `at` |\n"
		"| `hello` | nothing was missed; the first message, or else it is `reload` |\n"
		"| `reload` | events may have been missed before this one: read anew what you show |\n"
		"| `lagged` | more waits for the client than is kept; the stream ends |\n\n"
		"A contact that gets an operator at once is created and then assigned. `contact.assigned` also tells "
		"of a contact that was handed on, or reopened with its operator; `contact.released`, of one that waits "
		"again. Changes of a text, and of `active_load`, have no event of their own. An event may tell of what "
		"you have read already, never the other way round.\n\n"
		"Open the stream, wait for its first message, then read the state, and follow the events. After a "
		"loss send the last `id` as Last-Event-ID, to any process: what was missed comes again, or `reload` "
		"does. A comment comes every 15 seconds at least. A stream that was opened with a key ends when any "
		"key is changed or revoked: come again.",
	.query = stream_query,
	.takes_last_event_id = true,
	.answers = { { 200, "The stream.", ANSWER_OTHER, .content_type = "text/event-stream" } },
};
