/* Keys of the API as texts: how they are made, and what of them is stored. */
#ifndef LEADD_SERVICE_KEY_H
#define LEADD_SERVICE_KEY_H

#include "base/digest.h"

#define KEY_PREFIX "leadd_"
enum {
	KEY_HEX_CHARACTERS = 64, /* behind the prefix: 256 bits of the system's entropy */
	KEY_CHARACTERS = sizeof(KEY_PREFIX) - 1 + KEY_HEX_CHARACTERS,
	KEY_DIGEST_CHARACTERS = 2 * DIGEST_BYTES
};

/* A new key, and what is stored of it: its SHA-256 in hexadecimal. Both end with a NUL. */
void key_make(char key_out[KEY_CHARACTERS + 1], char digest_out[KEY_DIGEST_CHARACTERS + 1]);

/* A digest in hexadecimal, with a NUL behind it. */
void key_print_digest(const uint8_t digest[DIGEST_BYTES], char hex_out[KEY_DIGEST_CHARACTERS + 1]);

/* Whether the text, which a NUL ends, could be a key: what could not need not be looked up. */
bool key_is_likely(struct text key);

#endif
