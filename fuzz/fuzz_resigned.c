/* sources: kernel/vmkmod/package.c kernel/vmkmod/manifest.c kernel/vmkmod/verify.c */
/* sources: kernel/vmkmod/manifest_text.c */
/* sources: kernel/vmkmod/parameters.c kernel/vmkmod/domain.c */
/* sources: kernel/vmkmod/admission.c kernel/vmkmod/load_policy.c kernel/vmkvm/image.c */
/* sources: kernel/lib/keyval.c kernel/lib/hex.c kernel/trust/signature.c kernel/trust/hash.c */
/* quiet: fuzz/models/signer.c fuzz/models/engine.c signing/crypto.c signing/token.c */
/* quiet: signing/file.c tests/unit/shim/package_bytes.c tests/unit/shim/panic.c */
/* needs: build/fuzz-lib/libmbedtls.a */
/* libs: build/fuzz-lib/libmbedtls.a -lcrypto */
/* coverage: edges, comparisons, lean */
/* runs: 1500 */
/*
 * Packages that are signed anew after each mutation, so that manifests, policies and VM images
 * behind a good signature are reached; or mutated as a whole, certificates and signature too.
 * Whatever mbedTLS accepts, OpenSSL accepts with the same path, and its level is what it may be.
 */
#include "fuzz/models/engine.h"
#include "fuzz/models/signer.h"
#include "tests/unit/shim/package_bytes.h"
#include "vmkmod/admission.h"
#include "vmkmod/package_format.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);

#define PART_MAX 6000u

static void check(bool condition)
{
	if (!condition)
		abort();
}

/* Builds a package of the two parts and signs it. 0: it does not fit. */
static size_t build(
	uint8_t *to, size_t room, const char *manifest, const void *payload, size_t bytes)
{
	static struct package_bytes content;
	struct bytes signed_package;
	size_t size = 0;

	package_bytes_make(&content, manifest, payload, bytes);
	signed_package.data = malloc(content.size);
	check(signed_package.data != NULL);
	memcpy(signed_package.data, content.data, content.size);
	signed_package.size = content.size;
	signer_sign(&signed_package);
	if (signed_package.size <= room) {
		size = signed_package.size;
		memcpy(to, signed_package.data, size);
	}
	bytes_free(&signed_package);
	return size;
}

/* Manifest or payload is changed and all of it signed; now and then a byte of the file as it is. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
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
	built = build(data, room, manifest, payload, payload_bytes);
	return built ? built : LLVMFuzzerMutate(data, size, room);
}

static void check_twice(const struct package *package, const struct bytes *root)
{
	struct signature_cert certs[SIGNATURE_CERTS_MAX];
	struct reader r = reader_of(package->trailer, package->trailer_bytes);
	struct package_record record, cms = {0};
	const struct signature_data data = {package->data, package->signed_bytes, NULL};
	struct signature_path path;
	unsigned count = 0;
	const char *why;

	while (package_record_next(&r, &record, &why)) {
		if (record.type == PACKAGE_RECORD_CMS)
			cms = record;
		else if (record.type == PACKAGE_RECORD_CERTIFICATE)
			certs[count++] = (struct signature_cert){record.bytes, record.size};
	}
	check(engine_verify(&data, cms.bytes, cms.size, certs, count, root->data, root->size, &path,
		      &why) == VMK_OK);
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
