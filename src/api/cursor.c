/* Cursors of lists: the list's name and the id to go on after, as base64url, which clients need not understand. */
#include "api/fields.h"
#include "api/internal.h"

#include <inttypes.h>
#include <openssl/evp.h>

enum { CURSOR_BYTES_MAX = 64 };

const char *cursor_print(struct arena *arena, const char *list, int64_t id)
{
	const char *plain = arena_printf(arena, "%s:%" PRId64, list, id);
	char *token = arena_alloc(arena, CURSOR_BYTES_MAX * 2, 1);
	int length = EVP_EncodeBlock((unsigned char *)token, (const unsigned char *)plain, (int)strlen(plain));

	while (length > 0 && token[length - 1] == '=')
		token[--length] = '\0';
	for (char *at = token; *at; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	return token;
}

int64_t cursor_read(const char *list, struct text token)
{
	char padded[CURSOR_BYTES_MAX + 4];
	unsigned char plain[CURSOR_BYTES_MAX + 4];
	size_t length = token.length, list_length = strlen(list);
	int decoded;
	int64_t id;

	if (length == 0 || length > CURSOR_BYTES_MAX)
		return 0;
	for (size_t i = 0; i < length; i++)
		padded[i] = token.at[i] == '-' ? '+' : token.at[i] == '_' ? '/' : token.at[i];
	while (length % 4)
		padded[length++] = '=';
	decoded = EVP_DecodeBlock(plain, (const unsigned char *)padded, (int)length);
	if (decoded < 0)
		return 0;
	decoded -= (int)(length - token.length); /* the padding decodes to zero bytes */
	if (decoded <= (int)list_length + 1 || memcmp(plain, list, list_length) != 0 || plain[list_length] != ':')
		return 0;
	if (!integer_read((struct text){ (const char *)plain + list_length + 1, (size_t)decoded - list_length - 1 },
			  &id))
		return 0;
	return id > 0 ? id : 0;
}
