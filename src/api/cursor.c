/* Cursors of lists: the list's name and the id to go on after, as base64url, which clients need not understand. */
#include "api/fields.h"
#include "api/internal.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>

enum {
	PLAIN_BYTES = 48,
	TOKEN_BYTES = 72
}; /* of the longest list name with the longest id; a third more and its end */

static void encode(const char *list, int64_t id, char token[TOKEN_BYTES])
{
	char plain[PLAIN_BYTES];
	int length = snprintf(plain, sizeof(plain), "%s:%" PRId64, list, id);

	assert(length > 0 && length < (int)sizeof(plain));
	length = EVP_EncodeBlock((unsigned char *)token, (const unsigned char *)plain, length);
	while (length > 0 && token[length - 1] == '=')
		token[--length] = '\0';
	for (char *at = token; *at; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
}

const char *cursor_print(struct arena *arena, const char *list, int64_t id)
{
	char *token = arena_alloc(arena, TOKEN_BYTES, 1);

	encode(list, id, token);
	return token;
}

/* Only the very token that cursor_print() makes is taken: the id is encoded again and compared. */
static bool is_token_of(const char *list, size_t list_length, int64_t id, struct text token)
{
	char name[PLAIN_BYTES], again[TOKEN_BYTES];

	snprintf(name, sizeof(name), "%.*s", (int)list_length, list);
	encode(name, id, again);
	return text_equals(text_of(again), token);
}

int64_t cursor_read(const char *list, struct text token)
{
	char padded[TOKEN_BYTES];
	unsigned char plain[TOKEN_BYTES];
	size_t length = token.length;
	const char *number;
	int64_t id;

	if (length == 0 || length > TOKEN_BYTES - 8)
		return 0;
	for (size_t i = 0; i < length; i++)
		padded[i] = token.at[i] == '-' ? '+' : token.at[i] == '_' ? '/' : token.at[i];
	while (length % 4)
		padded[length++] = '=';
	if (EVP_DecodeBlock(plain, (const unsigned char *)padded, (int)length) < 0)
		return 0;
	plain[token.length * 3 / 4] = '\0'; /* the padding decodes to zero bytes */
	number = strchr((const char *)plain, ':');
	if (!number || !integer_read(text_of(number + 1), &id) || id <= 0)
		return 0;
	for (size_t name; *list; list += name + (list[name] == '|')) {
		name = strcspn(list, "|");
		if (is_token_of(list, name, id, token))
			return id;
	}
	return 0;
}
