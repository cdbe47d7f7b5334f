/* sources: attest/verifier/ek.c attest/verifier/key.c attest/verifier/credential.c */
/* sources: attest/verifier/bytes.c attest/verifier/fault.c attest/verifier/reason.c */
/* sources: kernel/lib/hex.c */
/* libs: -ltss2-mu -lcrypto */
/*
 * What a host says at enrollment: an EK certificate and a TPM2B_PUBLIC, split by a 16-bit length.
 * No anchor is trusted, so no certificate may be; a key that loads can be given a credential.
 */
#include <stdlib.h>

#include "verifier/credential.h"
#include "verifier/ek.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes certificate = {0}, public = {0};
	struct ek_anchors anchors;
	struct credential credential;
	struct fault fault = {0};
	struct key key;
	size_t split = size >= 2 ? (size_t)data[0] << 8 | data[1] : 0;

	if (size < 2 || split > size - 2)
		return 0;
	certificate = bytes_copy(data + 2, split);
	public = bytes_copy(data + 2 + split, size - 2 - split);
	if (!ek_anchors_load(&anchors, NULL, 0, &fault))
		abort();
	if (key_load(&key, &public, "key", &fault)) {
		if (ek_check(&anchors, &certificate, &key, NULL, 0, &fault))
			abort();
		if (credential_make(&credential, &key, key.name, key.name_size, &fault))
			credential_free(&credential);
		key_free(&key);
	}
	ek_anchors_free(&anchors);
	bytes_free(&certificate);
	bytes_free(&public);
	return 0;
}
