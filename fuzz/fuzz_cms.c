/* sources: kernel/trust/signature.c kernel/trust/hash.c tests/unit/shim/panic.c */
/* needs: build/fuzz-lib/libmbedtls.a */
/* libs: build/fuzz-lib/libmbedtls.a */
/*
 * A signature, a signer's and an intermediate certificate and the root, all hostile: three 16-bit
 * lengths, then the four parts. Nothing that a fuzzer invents may verify.
 */
#include "trust/signature.h"

#include <stdlib.h>
#include <string.h>

struct part {
	const uint8_t *bytes;
	size_t size;
};

static struct part take(const uint8_t **at, size_t *left, size_t wanted)
{
	struct part part = {*at, wanted < *left ? wanted : *left};

	*at += part.size;
	*left -= part.size;
	return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct signature_path path;
	struct signature_cert certs[2];
	struct part cms, leaf, middle, root;
	const char *why = NULL;
	enum vmk_status status;
	const struct signature_data signed_data = {(const uint8_t *)"what is signed", 14, NULL};
	const uint8_t *at = data + 6;
	size_t left = size - 6;

	if (size < 6)
		return 0;
	cms = take(&at, &left, (size_t)(data[0] | data[1] << 8));
	leaf = take(&at, &left, (size_t)(data[2] | data[3] << 8));
	middle = take(&at, &left, (size_t)(data[4] | data[5] << 8));
	root = take(&at, &left, left);
	certs[0] = (struct signature_cert){leaf.bytes, leaf.size};
	certs[1] = (struct signature_cert){middle.bytes, middle.size};
	status = signature_verify(&signed_data, cms.bytes, cms.size, certs, middle.size ? 2 : 1,
		root.bytes, root.size, &path, &why);
	if (!memchr(path.signer, 0, sizeof(path.signer)) ||
		(status != VMK_OK) != (path.count == 0) || (status != VMK_OK) != (why != NULL))
		abort();
	return 0;
}
