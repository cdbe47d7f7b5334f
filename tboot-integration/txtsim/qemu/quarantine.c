/*
 * Preloaded into QEMU. QEMU 7.2 (TCG) reads a memory region once more after the access that made it
 * obsolete, as a guest's switching on of the IOMMU does: by then another thread may have freed it,
 * and with many processors the emulator crashes now and then. Blocks of that size stay as they are
 * for a while after they are freed, so that what is read is what was there.
 */
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

/* A page of QEMU's memory map: 4096 numbers of 16 bits and its MemoryRegion. */
#define SIZE_MIN   8192u
#define SIZE_LIMIT 12288u
#define KEPT       1024u

/* glibc's own free() under the name that is not replaced here. */
void __libc_free(void *p);

static _Atomic(void *) kept[KEPT];
static atomic_uint next;

__attribute__((visibility("default"))) void free(void *p)
{
	size_t size = p ? malloc_usable_size(p) : 0;

	if (size >= SIZE_MIN && size < SIZE_LIMIT)
		p = atomic_exchange(&kept[atomic_fetch_add(&next, 1) % KEPT], p);
	__libc_free(p);
}
