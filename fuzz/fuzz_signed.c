/* sources: kernel/vmkmod/package.c kernel/vmkmod/manifest.c kernel/vmkmod/verify.c */
/* sources: kernel/vmkmod/manifest_text.c */
/* sources: kernel/vmkmod/parameters.c kernel/vmkmod/domain.c */
/* sources: kernel/lib/keyval.c kernel/trust/signature.c kernel/trust/hash.c */
/* quiet: fuzz/models/signer.c signing/crypto.c signing/token.c signing/file.c */
/* quiet: tests/unit/shim/package_bytes.c tests/unit/shim/panic.c */
/* needs: build/fuzz-lib/libmbedtls.a */
/* libs: build/fuzz-lib/libmbedtls.a -lcrypto */
/* runs: 1500 */
/*
 * A whole file against the real verifier. The provider has signed one content only, so whatever is
 * accepted holds exactly that; changed it never is.
 */
#include "fuzz/models/signer.h"
#include "tests/unit/shim/package_bytes.h"
#include "vmkmod/package.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* fuzz/corpus/signed/good is this, signed. */
static const struct package_bytes *content(void)
{
	static struct package_bytes bytes;

	if (bytes.size == 0)
		package_bytes_make(&bytes,
			"name=fuzz\nversion=1\nprovider=merlon\nkind=config\nlevel=Accepted\n",
			"hostname=fuzz\n", 14);
	return &bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes *root = signer_root();
	struct package package;
	const char *why = NULL;

	if (package_parse(data, size, &package, &why) != VMK_OK)
		return 0;
	if (package_verify(&package, root->data, root->size, NULL) == VMK_OK)
		package.path = (struct signature_path){0};
	if (package_verify(&package, root->data, root->size, &why) != VMK_OK) {
		if (!why || package.path.count || package.path.signer[0])
			abort();
		return 0;
	}
	if (package.signed_bytes != content()->size ||
		memcmp(data, content()->data, package.signed_bytes) != 0)
		abort();
	if (package.path.count != 2 || package.path.limit != LEVEL_ACCEPTED ||
		strcmp(package.path.signer, "Fuzz provider") != 0 ||
		strcmp(package.path.provider, "merlon") != 0)
		abort();
	return 0;
}
