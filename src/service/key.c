/* Keys of the API as texts. */
#include "service/key.h"

#include "base/rng.h"

#include <inttypes.h>
#include <stdio.h>

void key_make(char key_out[KEY_CHARACTERS + 1], char digest_out[KEY_DIGEST_CHARACTERS + 1])
{
	uint8_t digest[DIGEST_BYTES];

	memcpy(key_out, KEY_PREFIX, sizeof(KEY_PREFIX) - 1);
	for (size_t at = sizeof(KEY_PREFIX) - 1; at < KEY_CHARACTERS; at += 16)
		snprintf(key_out + at, 17, "%016" PRIx64, rng_entropy());
	digest_of(text_of(key_out), digest);
	key_print_digest(digest, digest_out);
}

void key_print_digest(const uint8_t digest[DIGEST_BYTES], char hex_out[KEY_DIGEST_CHARACTERS + 1])
{
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		snprintf(hex_out + 2 * i, 3, "%02x", digest[i]);
}

bool key_is_likely(struct text key)
{
	const size_t prefix = sizeof(KEY_PREFIX) - 1;

	return key.length == KEY_CHARACTERS && memcmp(key.at, KEY_PREFIX, prefix) == 0 &&
	       strspn(key.at + prefix, "0123456789abcdef") == KEY_HEX_CHARACTERS;
}
