/* A growable byte buffer, the only builder of strings in this program. */
#ifndef LEADD_BASE_BUF_H
#define LEADD_BASE_BUF_H

#include "base/mem.h"
#include "base/text.h"

enum { INT_CHARACTERS = 24 };

/* The number in decimal digits: where they begin. They and a NUL fill the end of the room. printf() is much slower. */
char *int_print(int64_t number, char room[INT_CHARACTERS]);

struct buf {
	char *bytes; /* always ends with a NUL that length does not count; never NULL after buf_init */
	size_t length;
	size_t capacity; /* 0: bytes is a constant */
};

void buf_init(struct buf *buf);
void buf_done(struct buf *buf);

/* Empties it and keeps its memory. */
void buf_clear(struct buf *buf);

void buf_add(struct buf *buf, const void *bytes, size_t length);
void buf_text(struct buf *buf, struct text text);
void buf_string(struct buf *buf, const char *string);
void buf_char(struct buf *buf, char c);
void buf_int(struct buf *buf, int64_t number);
void buf_thousandths(struct buf *buf, int64_t number); /* 12500 as 12.5 */
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

/* Gives the bytes away (owned by the caller: mem_free()) and leaves the buffer empty. */
char *buf_detach(struct buf *buf);

/* Appends text as a JSON string, quotes included; control characters, quotes and backslashes escaped. */
void buf_json(struct buf *buf, struct text text);

/* As buf_json(), or null where the text is no text at all. */
void buf_json_or_null(struct buf *buf, struct text text);

#endif
