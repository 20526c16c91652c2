/* The growable byte buffer, and JSON strings, which every layer above prints. */
#include "base/buf.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { BUF_START = 256 };

static void buf_reserve(struct buf *buf, size_t more)
{
	size_t wanted = buf->length + more + 1;

	bool is_first = buf->capacity == 0;

	if (wanted <= buf->capacity)
		return;
	if (is_first)
		buf->capacity = BUF_START;
	while (buf->capacity < wanted)
		buf->capacity *= 2;
	buf->bytes = mem_resize(is_first ? NULL : buf->bytes, buf->capacity, 1);
	buf->bytes[buf->length] = '\0';
}

/* Memory comes with the first byte: many buffers never get one. */
void buf_init(struct buf *buf)
{
	static char nothing[1]; /* never written to */

	*buf = (struct buf){ .bytes = nothing };
}

void buf_done(struct buf *buf)
{
	if (buf->capacity)
		mem_free(buf->bytes);
	*buf = (struct buf){ 0 };
}

void buf_clear(struct buf *buf)
{
	buf->length = 0;
	if (buf->capacity)
		buf->bytes[0] = '\0';
}

void buf_add(struct buf *buf, const void *bytes, size_t length)
{
	if (!length)
		return;
	buf_reserve(buf, length);
	memcpy(buf->bytes + buf->length, bytes, length);
	buf->length += length;
	buf->bytes[buf->length] = '\0';
}

void buf_text(struct buf *buf, struct text text)
{
	buf_add(buf, text.at, text.length);
}

void buf_string(struct buf *buf, const char *string)
{
	buf_add(buf, string, strlen(string));
}

void buf_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

char *int_print(int64_t number, char room[INT_CHARACTERS])
{
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	char *at = room + INT_CHARACTERS - 1;

	*at = '\0';
	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (number < 0)
		*--at = '-';
	return at;
}

void buf_int(struct buf *buf, int64_t number)
{
	char room[INT_CHARACTERS];
	const char *digits = int_print(number, room);

	buf_add(buf, digits, (size_t)(room + INT_CHARACTERS - 1 - digits));
}

void buf_thousandths(struct buf *buf, int64_t number)
{
	int64_t rest = number % 1000;

	if (number < 0 && number > -1000)
		buf_char(buf, '-');
	buf_int(buf, number / 1000);
	if (!rest)
		return;
	buf_printf(buf, ".%03d", (int)(rest < 0 ? -rest : rest));
	while (buf->bytes[buf->length - 1] == '0')
		buf->bytes[--buf->length] = '\0';
}

/* As a rule the text fits, and is printed once. */
void buf_printf(struct buf *buf, const char *format, ...)
{
	size_t room = buf->capacity - buf->length;
	va_list args, again;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(room ? buf->bytes + buf->length : NULL, room, format, args);
	va_end(args);
	if ((size_t)length >= room) {
		buf_reserve(buf, (size_t)length);
		vsnprintf(buf->bytes + buf->length, (size_t)length + 1, format, again);
	}
	va_end(again);
	buf->length += (size_t)length;
}

char *buf_detach(struct buf *buf)
{
	char *bytes = buf->capacity ? buf->bytes : mem_copy("", 0);

	buf_init(buf);
	return bytes;
}

/* What a byte becomes inside a JSON string: 0 stays as it is, 'u' is written as \u00XX, others follow a backslash. */
static char escape_of(unsigned char byte)
{
	switch (byte) {
	case '"':
	case '\\':
		return (char)byte;
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return byte < 0x20 ? 'u' : 0;
	}
}

void buf_json(struct buf *buf, struct text text)
{
	size_t plain = 0; /* where the run of bytes that need no escape began */

	buf_reserve(buf, text.length + 2);
	buf_char(buf, '"');
	for (size_t i = 0; i < text.length; i++) {
		char escape = escape_of((unsigned char)text.at[i]);

		if (!escape)
			continue;
		buf_add(buf, text.at + plain, i - plain);
		plain = i + 1;
		if (escape == 'u')
			buf_printf(buf, "\\u%04x", (unsigned)(unsigned char)text.at[i]);
		else
			buf_add(buf, (char[]){ '\\', escape }, 2);
	}
	buf_add(buf, text.at ? text.at + plain : NULL, text.length - plain);
	buf_char(buf, '"');
}

void buf_json_or_null(struct buf *buf, struct text text)
{
	if (text.at)
		buf_json(buf, text);
	else
		buf_string(buf, "null");
}
