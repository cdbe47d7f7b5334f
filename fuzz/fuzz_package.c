/* sources: kernel/vmkmod/package.c kernel/vmkmod/manifest.c kernel/lib/keyval.c */
/* Whatever is accepted lies inside the file, and its names are what a log or an event can bear. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmkmod/package.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct package p;
	const char *why = NULL;

	if (package_parse(data, size, &p, &why) != VMK_OK) {
		check(why && *why);
		return 0;
	}
	check(p.payload >= data && p.payload_bytes <= size);
	check((size_t)(p.payload - data) <= size - p.payload_bytes);
	check(p.signed_bytes + p.trailer_bytes == size);
	check_name(p.name, sizeof(p.name));
	check_name(p.version, sizeof(p.version));
	check_name(p.provider, sizeof(p.provider));
	return 0;
}
