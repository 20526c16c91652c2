/* A length-counted piece of text, borrowed from whoever holds the bytes. */
#ifndef LEADD_BASE_TEXT_H
#define LEADD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct text {
	const char *at; /* NULL: no text at all (null), unlike a text of length 0 */
	size_t length;  /* bytes */
};

#define TEXT(literal) ((struct text){ (literal), sizeof(literal) - 1 })

static inline struct text text_of(const char *string)
{
	return (struct text){ string, string ? strlen(string) : 0 };
}

static inline bool text_equals(struct text a, struct text b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

/* Orders by bytes, the shorter first where one begins the other; the order of collation "C". */
static inline int text_compare(struct text a, struct text b)
{
	size_t common = a.length < b.length ? a.length : b.length;
	int order = common ? memcmp(a.at, b.at, common) : 0;

	return order ? order : (a.length > b.length) - (a.length < b.length);
}

#endif
