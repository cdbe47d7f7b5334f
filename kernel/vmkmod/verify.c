/* Whether a package is what its signer signed, and who that is. */
#include "trust/signature.h"
#include "trust/hash.h"
#include "vmkmod/package.h"
#include "vmkmod/package_format.h"

enum vmk_status package_verify(
	struct package *package, const uint8_t *roots, size_t roots_bytes, const char **why)
{
	struct signature_cert certificates[PACKAGE_CERTIFICATES_MAX];
	struct reader r = reader_of(package->trailer, package->trailer_bytes);
	struct package_record record, cms = {0};
	uint8_t digest[SHA256_BYTES];
	const struct signature_data data = {package->data, package->signed_bytes, digest};
	const char *unheeded;
	unsigned count = 0;

	why = why ? why : &unheeded;
	hash_sha256_both(
		package->data, package->signed_bytes, package->bytes, digest, package->sha256);
	package->path = (struct signature_path){0};
	while (package_record_next(&r, &record, why)) {
		if (record.type == PACKAGE_RECORD_CMS)
			cms = record;
		if (record.type == PACKAGE_RECORD_CERTIFICATE && count < ARRAY_SIZE(certificates))
			certificates[count++] = (struct signature_cert){record.bytes, record.size};
	}
	return signature_verify(&data, cms.bytes, cms.size, certificates, count, roots, roots_bytes,
		&package->path, why);
}
