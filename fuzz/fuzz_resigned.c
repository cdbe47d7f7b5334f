/* sources: kernel/vmkmod/package.c kernel/vmkmod/manifest.c kernel/vmkmod/verify.c */
/* sources: kernel/vmkmod/manifest_text.c */
/* sources: kernel/vmkmod/parameters.c kernel/vmkmod/domain.c */
/* sources: kernel/vmkmod/admission.c kernel/vmkmod/load_policy.c kernel/vmkvm/image.c */
/* sources: kernel/lib/keyval.c kernel/lib/hex.c kernel/trust/signature.c kernel/trust/hash.c */
/* quiet: fuzz/models/signer.c fuzz/models/engine.c signing/crypto.c signing/token.c */
/* quiet: signing/file.c tests/unit/shim/package_bytes.c tests/unit/shim/panic.c */
/* needs: build/fuzz-lib/libmbedtls.a */
/* plain: fuzz/models/rsa_memo.c fuzz/models/crypto_memory.c fuzz/models/library_memory.c */
/* libs: build/fuzz-lib/libmbedtls.a -lcrypto -Wl,--wrap=mbedtls_mpi_exp_mod_unsafe */
/* coverage: edges, comparisons, lean */
/*
 * Packages that are signed anew after each mutation, so that manifests, policies and VM images
 * behind a good signature are reached; or mutated as a whole, certificates and signature too.
 * Whatever mbedTLS accepts, OpenSSL accepts with the same path, and its level is what it may be.
 */
#include "fuzz/models/engine.h"
#include "fuzz/models/rsa_memo.h"
#include "fuzz/models/signer.h"
#include "tests/unit/shim/package_bytes.h"
#include "vmkmod/admission.h"
#include "vmkmod/package_format.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);

#define PART_MAX 6000u

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	rsa_memo_begin();
	return 0;
}

static void check(bool condition)
{
	if (!condition)
		abort();
}

/* Manifest or payload is changed and all of it signed; now and then a byte of the file as it is. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
	static struct package_bytes content;
	char manifest[PACKAGE_MANIFEST_MAX + 1];
	uint8_t payload[PART_MAX];
	struct package_header header;
	struct package package;
	size_t manifest_bytes, payload_bytes, built;
	const char *why;

	if (seed % 8 == 0 || size < sizeof(header))
		return LLVMFuzzerMutate(data, size, room);
	memcpy(&header, data, sizeof(header));
	package_parse(data, size, &package, &why);
	if (!package.payload || package.payload_bytes > sizeof(payload))
		return LLVMFuzzerMutate(data, size, room);
	manifest_bytes = header.manifest_bytes;
	payload_bytes = package.payload_bytes;
	memcpy(manifest, data + header.manifest_offset, manifest_bytes);
	memcpy(payload, package.payload, payload_bytes);
	if (seed % 3 == 0)
		payload_bytes = LLVMFuzzerMutate(payload, payload_bytes, sizeof(payload));
	else
		manifest_bytes =
			LLVMFuzzerMutate((uint8_t *)manifest, manifest_bytes, sizeof(manifest) - 1);
	manifest[manifest_bytes] = 0;
	package_bytes_make(&content, manifest, payload, payload_bytes);
	built = signer_sign(content.data, content.size, data, room);
	return built ? built : LLVMFuzzerMutate(data, size, room);
}

static void check_with_openssl(
	const struct package *package, const struct bytes *root, struct signature_path *path)
{
	struct signature_cert certs[SIGNATURE_CERTS_MAX];
	struct reader r = reader_of(package->trailer, package->trailer_bytes);
	struct package_record record, cms = {0};
	const struct signature_data data = {package->data, package->signed_bytes, NULL};
	unsigned count = 0;
	const char *why;

	while (package_record_next(&r, &record, &why)) {
		if (record.type == PACKAGE_RECORD_CMS)
			cms = record;
		else if (record.type == PACKAGE_RECORD_CERTIFICATE)
			certs[count++] = (struct signature_cert){record.bytes, record.size};
	}
	check(engine_verify(&data, cms.bytes, cms.size, certs, count, root->data, root->size, path,
		      &why) == VMK_OK);
}

/* Of what the provider signed OpenSSL says the same each time: it is asked for one in 64. */
static void check_twice(const struct package *package, const struct bytes *root)
{
	static struct signature_path of_provider;
	struct signature_path path = of_provider;
	const bool by_provider = signer_signed(
		package->data, package->signed_bytes, package->trailer, package->trailer_bytes);

	if (!by_provider || path.count == 0 || package->sha256[0] % 64 == 0)
		check_with_openssl(package, root, &path);
	if (by_provider)
		of_provider = path;
	check(path.limit == package->path.limit && path.count == package->path.count);
	check(!strcmp(path.provider, package->path.provider));
	check(memcmp(path.keys, package->path.keys, path.count * sizeof(path.keys[0])) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes *root = signer_root();
	struct admission host = {.roots = root->data, .roots_bytes = root->size};
	struct package package;
	const char *why = NULL;

	if (size == 0 || package_parse(data, size, &package, &why) != VMK_OK)
		return 0;
	/* One of the host's levels, by a byte that decides nothing else. */
	host.host = (enum acceptance_level)(data[size - 1] % LEVEL_COUNT);
	if (admission_admit(&host, &package, &why) != VMK_OK) {
		check(why && *why && host.count == 0);
		if (package.path.count)
			check_twice(&package, root);
		return 0;
	}
	check(host.count == 1 && package.level >= host.host);
	if (package.path.count == 0) {
		check(host.host == LEVEL_COMMUNITY && package.level == LEVEL_COMMUNITY);
		check(package.kind != PACKAGE_POLICY);
		return 0;
	}
	check(package.level <= LEVEL_ACCEPTED);
	check(!strcmp(package.provider, "merlon"));
	check_twice(&package, root);
	return 0;
}
