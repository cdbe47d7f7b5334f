/* Packages made in memory, right or wrong in any way that a test wants. */
#ifndef TESTS_SHIM_PACKAGE_BYTES_H
#define TESTS_SHIM_PACKAGE_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct package_bytes {
	size_t size;
	uint8_t data[16384];
};

#define MANIFEST_HEAD(kind) \
	"name=probe\nversion=1.2\nprovider=merlon\nkind=" kind "\nlevel=PartnerSupported\n"

/* A well-formed package without trailer. */
void package_bytes_make(
	struct package_bytes *p, const char *manifest, const void *payload, size_t payload_bytes);
/* Appends one trailer record of `bytes` bytes of value `fill`. */
void package_bytes_record(
	struct package_bytes *p, unsigned type, unsigned flags, size_t bytes, uint8_t fill);
void package_bytes_put(struct package_bytes *p, size_t at, uint64_t value, unsigned bytes);

#endif
