/* What a notification of the channel leadd_events says (sql/migrations/0016_events.sql), one change at a time. */
#ifndef LEADD_SERVICE_EVENT_H
#define LEADD_SERVICE_EVENT_H

#include "base/mem.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum event_kind {
	EVENT_MARK, /* nothing happened, but it has a place in the order of all */
	EVENT_CONTACT_CREATED,
	EVENT_CONTACT_ASSIGNED,
	EVENT_CONTACT_RELEASED,
	EVENT_CONTACT_CLOSED,
	EVENT_OPERATOR_CHANGED,
	EVENT_SOURCE_CHANGED,
	EVENT_RELOAD /* more than can be told: everything may have changed */
};

/* The same in all processes; says nothing of the order. */
struct event_id {
	int64_t at_us, transaction;
	int index; /* among the events of the transaction, from 0 */
};

struct event {
	enum event_kind kind;
	struct event_id id;          /* at_us: when, in microseconds since 1970 */
	int64_t contact_id, lead_id; /* 0 here and below: none */
	int64_t source_id, operator_id;
	int64_t previous_operator_id; /* of a contact that another one holds since, or nobody */
	const char *status;           /* of a contact: "active", "waiting", "closed" */
	bool is_deleted;              /* the operator, or the source */
};

enum { EVENT_ID_BYTES = 64 };

/* "1767225600000000-751-3" and a NUL. */
void event_id_print(const struct event_id *id, char out[EVENT_ID_BYTES]);

/* False: it is no such text. */
MUST_CHECK bool event_id_read(const char *text, struct event_id *id_out);

bool event_id_equals(const struct event_id *a, const struct event_id *b);

/* Reads the events of a notification, one after the other. */
struct event_reader {
	const char *at;
	struct event_id next; /* of the next event */
	struct event held;    /* a new contact that has an operator already is two events */
	bool has_held;
};

/*
 * Begins with a payload, which is borrowed. False: it is none of ours.
 *
 * before: the reader of the notification before, since one of the same transaction goes on with its numbers; zeroed:
 * there was none
 */
MUST_CHECK bool event_reader_open(struct event_reader *reader, const char *payload, const struct event_reader *before);

/* The last of the three words in front of the changes. */
struct text event_reader_word(const struct event_reader *reader);

/* False: there are no more. What it cannot read is left out. */
MUST_CHECK bool event_read(struct event_reader *reader, struct event *event_out);

/* The number that comes next in the order: for what has no change to tell of. */
struct event event_mark(struct event_reader *reader);

/* Whether one of the filters' things is named by the event; 0: any will do. */
struct event_filter {
	int64_t source_id, operator_id;
};

bool event_passes(const struct event *event, const struct event_filter *filter);

#endif
