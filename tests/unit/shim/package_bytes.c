#include <string.h>

#include "tests/unit/shim/package_bytes.h"
#include "vmkmod/package_format.h"

void package_bytes_put(struct package_bytes *p, size_t at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p->data[at + i] = (uint8_t)(value >> (8 * i));
}

void package_bytes_make(
	struct package_bytes *p, const char *manifest, const void *payload, size_t payload_bytes)
{
	size_t manifest_bytes = strlen(manifest);
	size_t payload_at = ALIGN_UP(64 + manifest_bytes, 16);

	memset(p, 0, sizeof(*p));
	memcpy(p->data, "MERLONPK", 8);
	package_bytes_put(p, 8, 1, 4);
	package_bytes_put(p, 12, 64, 4);
	package_bytes_put(p, 16, 64, 8);
	package_bytes_put(p, 24, manifest_bytes, 8);
	package_bytes_put(p, 32, payload_at, 8);
	package_bytes_put(p, 40, payload_bytes, 8);
	p->size = ALIGN_UP(payload_at + payload_bytes, 8);
	package_bytes_put(p, 48, p->size, 8);
	memcpy(p->data + 64, manifest, manifest_bytes);
	memcpy(p->data + payload_at, payload, payload_bytes);
}

void package_bytes_record(
	struct package_bytes *p, unsigned type, unsigned flags, size_t bytes, uint8_t fill)
{
	package_bytes_put(p, p->size, type, 2);
	package_bytes_put(p, p->size + 2, flags, 2);
	package_bytes_put(p, p->size + 4, bytes, 4);
	memset(p->data + p->size + 8, fill, bytes);
	p->size += 8 + ALIGN_UP(bytes, 8);
}
