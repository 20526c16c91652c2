/* UTF-8 strictly, for paths, queries and JSON: json-c looks at lead bytes only, and evhttp not at all. */
#include "http/utf8.h"

/*
 * The second byte decides over overlong forms, surrogates and the upper end; the rest is 80..BF.
 * Source: table 3-7 of the Unicode Standard, the same as the grammar of RFC 3629 section 4.
 */
size_t utf8_length(const char *at, size_t available)
{
	const unsigned char *bytes = (const unsigned char *)at;
	unsigned char first = bytes[0], low = 0x80, high = 0xBF;
	size_t length;

	if (first < 0x80)
		return 1;
	if (first < 0xC2 || first > 0xF4)
		return 0;
	length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
	if (first == 0xE0)
		low = 0xA0;
	else if (first == 0xED)
		high = 0x9F;
	else if (first == 0xF0)
		low = 0x90;
	else if (first == 0xF4)
		high = 0x8F;
	if (available < length || bytes[1] < low || bytes[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((bytes[i] & 0xC0) != 0x80)
			return 0;
	return length;
}

bool utf8_is_valid(struct text text)
{
	size_t length;

	for (size_t i = 0; i < text.length; i += length) {
		length = utf8_length(text.at + i, text.length - i);
		if (!length)
			return false;
	}
	return true;
}

size_t utf8_write(char *out, unsigned long point)
{
	if (point < 0x80) {
		out[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (char)(0xC0 | point >> 6);
		out[1] = (char)(0x80 | (point & 0x3F));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (char)(0xE0 | point >> 12);
		out[1] = (char)(0x80 | (point >> 6 & 0x3F));
		out[2] = (char)(0x80 | (point & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | point >> 18);
	out[1] = (char)(0x80 | (point >> 12 & 0x3F));
	out[2] = (char)(0x80 | (point >> 6 & 0x3F));
	out[3] = (char)(0x80 | (point & 0x3F));
	return 4;
}
