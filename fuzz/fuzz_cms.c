/* sources: kernel/trust/signature.c kernel/trust/hash.c tests/unit/shim/panic.c */
/* needs: build/fuzz-lib/libmbedtls.a */
/* libs: build/fuzz-lib/libmbedtls.a */
/* coverage: edges, comparisons, lean */
/* runs: 4000 */
/*
 * A signature, a signer's and an intermediate certificate and the root, all hostile, and memory
 * that runs out: three 16-bit lengths, 16 bits of options, then the four parts. For want of memory
 * nothing is accepted that is not accepted otherwise, and none of it is lost.
 */
#include "mem/heap.h"
#include "trust/signature.h"

#include <stdlib.h>
#include <string.h>

/* Options. */
#define FAILS       0x3fffu /* which allocation fails, from 1 on; 0: none */
#define UNEXPLAINED 0x4000u /* nobody asks why */
#define ONE_MORE    0x8000u /* a certificate more than there is */

struct part {
	const uint8_t *bytes;
	size_t size;
};

static unsigned until_failure; /* allocations; 0: none fails */
static unsigned live;

void *heap_calloc(size_t count, size_t bytes)
{
	void *memory;

	if (until_failure && --until_failure == 0)
		return NULL;
	memory = calloc(count, bytes);
	live += memory != NULL;
	return memory;
}

void *heap_alloc(size_t bytes)
{
	return heap_calloc(1, bytes);
}

void heap_free(void *memory)
{
	live -= memory != NULL;
	free(memory);
}

static struct part take(const uint8_t **at, size_t *left, size_t wanted)
{
	struct part part = {*at, wanted < *left ? wanted : *left};

	*at += part.size;
	*left -= part.size;
	return part;
}

static void check(bool condition)
{
	if (!condition)
		abort();
}

static enum vmk_status verify(const struct part *cms, const struct signature_cert *certs,
	unsigned count, const struct part *root, bool explained)
{
	const struct signature_data signed_data = {(const uint8_t *)"what is signed", 14, NULL};
	struct signature_path path;
	const char *why = NULL;
	enum vmk_status status = signature_verify(&signed_data, cms->bytes, cms->size, certs, count,
		root->bytes, root->size, &path, explained ? &why : NULL);

	check(memchr(path.signer, 0, sizeof(path.signer)) != NULL);
	check((status == VMK_OK) == (path.count != 0));
	check(!explained || (status == VMK_OK) == (why == NULL));
	check(live == 0);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct signature_cert certs[SIGNATURE_CERTS_MAX + 1] = {{0}};
	struct part cms, leaf, middle, root;
	enum vmk_status status;
	unsigned options, count;
	const uint8_t *at = data + 8;
	size_t left = size - 8;

	if (size < 8)
		return 0;
	cms = take(&at, &left, (size_t)(data[0] | data[1] << 8));
	leaf = take(&at, &left, (size_t)(data[2] | data[3] << 8));
	middle = take(&at, &left, (size_t)(data[4] | data[5] << 8));
	root = take(&at, &left, left);
	options = (unsigned)(data[6] | data[7] << 8);
	certs[0] = (struct signature_cert){leaf.bytes, leaf.size};
	certs[1] = (struct signature_cert){middle.bytes, middle.size};
	count = 1 + (middle.size != 0) + ((options & ONE_MORE) != 0);
	until_failure = options & FAILS;
	status = verify(&cms, certs, count, &root, !(options & UNEXPLAINED));
	until_failure = 0;
	if (options & FAILS)
		check(status != VMK_OK || verify(&cms, certs, count, &root, true) == VMK_OK);
	return 0;
}
