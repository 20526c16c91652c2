/* SHA-256, by libcrypto. */
#ifndef LEADD_BASE_DIGEST_H
#define LEADD_BASE_DIGEST_H

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_BYTES = 32 };

/* A digest of several parts, each preceded by its length: so no two lists of parts have the same digest but by chance.
 */
struct digest;

struct digest *digest_new(void);

/* A text that is not there (at == NULL) differs from an empty one. */
void digest_add(struct digest *digest, struct text part);

/* Writes the result and frees the digest. */
void digest_end(struct digest **digest, uint8_t result_out[DIGEST_BYTES]);

/* The plain SHA-256 of one text, as sha256() in SQL gives it. */
void digest_of(struct text text, uint8_t result_out[DIGEST_BYTES]);

#endif
