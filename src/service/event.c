/* Reads the payloads that the triggers write; they are short, for there may be thousands of them a second. */
#include "service/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void event_id_print(const struct event_id *id, char out[EVENT_ID_BYTES])
{
	snprintf(out, EVENT_ID_BYTES, "%" PRId64 "-%" PRId64 "-%d", id->at_us, id->transaction, id->index);
}

static bool number_read(const char **at, int64_t *number_out)
{
	int64_t number = 0;
	const char *from = *at;

	for (; **at >= '0' && **at <= '9'; (*at)++)
		if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, **at - '0', &number))
			return false;
	*number_out = number;
	return *at > from;
}

static bool char_read(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

bool event_id_read(const char *text, struct event_id *id_out)
{
	int64_t index;

	if (!number_read(&text, &id_out->at_us) || !char_read(&text, '-') ||
	    !number_read(&text, &id_out->transaction) || !char_read(&text, '-') || !number_read(&text, &index) ||
	    *text || index > INT32_MAX)
		return false;
	id_out->index = (int)index;
	return true;
}

bool event_id_equals(const struct event_id *a, const struct event_id *b)
{
	return a->at_us == b->at_us && a->transaction == b->transaction && a->index == b->index;
}

/* -- payloads ---------------------------------------------------------------------------------- */

bool event_reader_open(struct event_reader *reader, const char *payload, const struct event_reader *before)
{
	struct event_id next = { .index = 0 };

	*reader = (struct event_reader){ .at = payload };
	if (!number_read(&reader->at, &next.transaction) || !char_read(&reader->at, ' ') ||
	    !number_read(&reader->at, &next.at_us) || !char_read(&reader->at, ' '))
		return false;
	if (next.transaction == before->next.transaction && next.at_us == before->next.at_us)
		next.index = before->next.index;
	reader->next = next;
	return true;
}

struct text event_reader_word(const struct event_reader *reader)
{
	return (struct text){ reader->at, strcspn(reader->at, ";") };
}

static bool numbers_read(const char **at, int64_t **numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!char_read(at, ' ') || !number_read(at, numbers[i]))
			return false;
	return true;
}

static const char *status_of(char letter)
{
	return letter == 'a' ? "active" : letter == 'w' ? "waiting" : letter == 'c' ? "closed" : NULL;
}

static bool contact_read(const char *at, struct event *event)
{
	int64_t *numbers[] = { &event->contact_id, &event->lead_id, &event->source_id, &event->operator_id,
			       &event->previous_operator_id };

	event->status = status_of(*at);
	if (!event->status)
		return false;
	at++;
	return numbers_read(&at, numbers, COUNT_OF(numbers));
}

static bool one_read(const char *at, int64_t *id)
{
	return numbers_read(&at, &id, 1);
}

/* One change, which begins there and ends with a semicolon or the payload. */
static bool change_read(const char *at, struct event *event)
{
	event->is_deleted = *at == 'O' || *at == 'S';
	switch (*at) {
	case 'n':
		event->kind = EVENT_CONTACT_CREATED;
		return contact_read(at + 1, event);
	case 'a':
		event->kind = EVENT_CONTACT_ASSIGNED;
		return contact_read(at + 1, event);
	case 'w':
		event->kind = EVENT_CONTACT_RELEASED;
		return contact_read(at + 1, event);
	case 'c':
		event->kind = EVENT_CONTACT_CLOSED;
		return contact_read(at + 1, event);
	case 'o':
	case 'O':
		event->kind = EVENT_OPERATOR_CHANGED;
		return one_read(at + 1, &event->operator_id);
	case 's':
	case 'S':
		event->kind = EVENT_SOURCE_CHANGED;
		return one_read(at + 1, &event->source_id);
	case 'r':
		event->kind = EVENT_RELOAD;
		return true;
	default:
		return false;
	}
}

struct event event_mark(struct event_reader *reader)
{
	struct event event = { .kind = EVENT_MARK, .id = reader->next };

	reader->next.index++;
	return event;
}

bool event_read(struct event_reader *reader, struct event *event_out)
{
	if (reader->has_held) {
		reader->has_held = false;
		*event_out = reader->held;
		event_out->id = reader->next;
		reader->next.index++;
		return true;
	}
	while (*(reader->at += strcspn(reader->at, ";"))) {
		struct event event = { .id = reader->next };

		reader->at++;
		if (!change_read(reader->at, &event))
			continue;
		reader->next.index++;
		reader->held = event;
		reader->held.kind = EVENT_CONTACT_ASSIGNED;
		reader->has_held = event.kind == EVENT_CONTACT_CREATED && strcmp(event.status, "active") == 0;
		*event_out = event;
		return true;
	}
	return false;
}

/* -- filters ----------------------------------------------------------------------------------- */

bool event_passes(const struct event *event, const struct event_filter *filter)
{
	return (!filter->source_id || event->source_id == filter->source_id) &&
	       (!filter->operator_id || event->operator_id == filter->operator_id ||
		event->previous_operator_id == filter->operator_id);
}
