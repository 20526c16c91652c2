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
