/* SHA-256 through libcrypto's EVP. */
#include "base/digest.h"

#include "base/log.h"
#include "base/mem.h"

#include <openssl/evp.h>

struct digest {
	EVP_MD_CTX *context;
};

static void must(int is_good)
{
	if (!is_good)
		die(EXIT_BUG, "libcrypto has no SHA-256");
}

struct digest *digest_new(void)
{
	struct digest *digest = mem_alloc(1, sizeof(*digest));

	digest->context = EVP_MD_CTX_new();
	/* It has SHA-256 and fails for want of memory only. */
	if (!digest->context || !EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL))
		mem_exhausted();
	return digest;
}

void digest_add(struct digest *digest, struct text part)
{
	uint8_t head[9];

	head[0] = part.at != NULL;
	for (size_t i = 0; i < 8; i++)
		head[1 + i] = (uint8_t)((uint64_t)part.length >> (8 * i));
	must(EVP_DigestUpdate(digest->context, head, sizeof(head)));
	if (part.length)
		must(EVP_DigestUpdate(digest->context, part.at, part.length));
}

void digest_end(struct digest **digest, uint8_t result_out[DIGEST_BYTES])
{
	must(EVP_DigestFinal_ex((*digest)->context, result_out, NULL));
	EVP_MD_CTX_free((*digest)->context);
	mem_free(*digest);
	*digest = NULL;
}

void digest_of(struct text text, uint8_t result_out[DIGEST_BYTES])
{
	must(EVP_Digest(text.at, text.length, result_out, NULL, EVP_sha256(), NULL));
}
