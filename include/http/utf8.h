/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
#ifndef LEADD_HTTP_UTF8_H
#define LEADD_HTTP_UTF8_H

#include "base/text.h"

/*
 * Bytes of the character that the text begins with, 1..4; 0 when it begins with none.
 * available: bytes that may be looked at, >= 1
 */
size_t utf8_length(const char *at, size_t available);

bool utf8_is_valid(struct text text);

/* Writes a code point (a scalar value, not a surrogate) as UTF-8; returns the bytes written, 1..4. */
size_t utf8_write(char *out, unsigned long point);

#endif
