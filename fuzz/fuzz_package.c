/* sources: kernel/vmkmod/package.c kernel/vmkmod/manifest.c kernel/lib/keyval.c */
/* sources: kernel/vmkmod/manifest_text.c */
/* sources: kernel/vmkmod/parameters.c kernel/vmkmod/domain.c */
/* coverage: edges, comparisons */
/*
 * Whatever is accepted lies inside the file, and its names are what a log or an event can bear.
 * Input: a package; or, if it does not begin as one, a manifest that is put into one here, since
 * sizes that have to fit would stop nearly all of them at the header.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmkmod/package.h"
#include "vmkmod/package_format.h"

#define PAYLOAD 8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

static void check_name(const char *name, size_t size)
{
	size_t length = strnlen(name, size);

	check(length > 0 && length < size);
	for (size_t i = 0; i < length; i++)
		check(name[i] > ' ' && name[i] <= '~' && name[i] != '=');
}

/* Header, manifest and a payload of zeros; the bytes are freed by the caller. */
static uint8_t *wrap(const uint8_t *manifest, size_t size, size_t *bytes)
{
	struct package_header header = {.version = PACKAGE_VERSION,
		.header_bytes = sizeof(header),
		.manifest_offset = sizeof(header),
		.manifest_bytes = size,
		.payload_bytes = PAYLOAD};
	uint8_t *out;

	memcpy(header.magic, PACKAGE_MAGIC, PACKAGE_MAGIC_BYTES);
	header.payload_offset = ALIGN_UP(sizeof(header) + size, PACKAGE_PAYLOAD_ALIGN);
	header.signed_bytes = ALIGN_UP(header.payload_offset + PAYLOAD, PACKAGE_ALIGN);
	*bytes = header.signed_bytes;
	out = calloc(1, *bytes);
	check(out != NULL);
	memcpy(out, &header, sizeof(header));
	if (size)
		memcpy(out + sizeof(header), manifest, size);
	return out;
}

static void parse(const uint8_t *data, size_t size)
{
	struct package p;
	const char *why = NULL;

	if (package_parse(data, size, &p, &why) != VMK_OK) {
		check(why && *why);
		return;
	}
	check(p.payload >= data && p.payload_bytes <= size);
	check((size_t)(p.payload - data) <= size - p.payload_bytes);
	check(p.signed_bytes + p.trailer_bytes == size);
	check(p.pci_count <= PACKAGE_PCI_MAX);
	check(*package_kind_name(p.kind) != '?');
	check(package_turn(p.kind) <= TURN_OTHERS);
	check(package_parse(data, size, &p, NULL) == VMK_OK);
	check_name(p.name, sizeof(p.name));
	check_name(p.version, sizeof(p.version));
	check_name(p.provider, sizeof(p.provider));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *wrapped;

	parse(data, size);
	if (size >= PACKAGE_MAGIC_BYTES && !memcmp(data, PACKAGE_MAGIC, PACKAGE_MAGIC_BYTES))
		return 0;
	wrapped = wrap(data, size, &size);
	parse(wrapped, size);
	free(wrapped);
	return 0;
}
