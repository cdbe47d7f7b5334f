/* sources: kernel/vtx/guest_walk.c */
/*
 * A guest's page tables of any content, in any mode. What the walk read is noted; from that alone
 * follows whether the access is allowed (SDM 3A, 4.6), what the error code is (4.7) and the
 * address. Input: registers, the access, then entries of 10 bytes: where, what.
 */
#include <stdlib.h>
#include <string.h>
#include "vtx/guest_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES   0x6000u
#define READS   4u
#define ADDRESS 0x000ffffffffff000ull
#define P       1ull
#define W       2ull
#define U       4ull
#define NX      (1ull << 63)
#define WP      (1ull << 16)
#define PG      (1ull << 31)
#define PSE     (1ull << 4)
#define PAE     (1ull << 5)
#define SMEP    (1ull << 20)
#define SMAP    (1ull << 21)
#define LMA     (1ull << 10)
#define NXE     (1ull << 11)
#define AC      (1ull << 18)

static uint8_t memory[BYTES];
static uint64_t entries[READS];
static unsigned reads;

static void require(bool good)
{
	if (!good)
		abort();
}

static bool read_memory(void *context, struct gpa gpa, void *to, size_t bytes)
{
	require(reads < READS && !(gpa.v % bytes));
	if (gpa.v >= BYTES || bytes > BYTES - gpa.v)
		return false;
	memcpy(to, memory + gpa.v, bytes);
	entries[reads] = 0;
	memcpy(&entries[reads++], to, bytes);
	return true;
}

struct mode {
	unsigned levels, bits;
	bool nx;
};

static struct mode mode_of(const struct guest_paging *p)
{
	const bool nx = (p->efer & NXE) && (p->cr4 & PAE);

	if (p->efer & LMA)
		return (struct mode){4, 9, nx};
	return p->cr4 & PAE ? (struct mode){3, 9, nx} : (struct mode){2, 10, nx};
}

static bool is_allowed(const struct guest_paging *p, struct mode mode, enum guest_access access)
{
	const bool user = p->cpl == 3;
	uint64_t all = W | U, any = 0;

	/* The four entries of PAE paging have no rights. */
	for (unsigned i = mode.levels == 3; i < reads; i++) {
		all &= entries[i];
		any |= entries[i];
	}
	if (user && !(all & U))
		return false;
	if (access == GUEST_FETCH)
		return !(mode.nx && (any & NX)) && (user || !(all & U) || !(p->cr4 & SMEP));
	if (!user && (all & U) && (p->cr4 & SMAP) && !(p->rflags & AC))
		return false;
	return access == GUEST_READ || (all & W) || (!user && !(p->cr0 & WP));
}

static void check_address(struct mode mode, uint64_t linear, uint64_t to)
{
	const unsigned shift = 12 + mode.bits * (mode.levels - reads);
	const uint64_t low = (1ull << shift) - 1, entry = entries[reads - 1];

	require((to & low) == (linear & low));
	if (mode.bits == 9)
		require((to & ~low) == (entry & ADDRESS & ~low));
	else if (shift == 12)
		require((to & ~low) == (entry & 0xfffff000u));
	else /* PSE-36 */
		require((to & ~low) == ((entry & 0xffc00000u) | (entry >> 13 & 0xff) << 32));
}

static void check(const struct guest_paging *p, uint64_t linear, enum guest_access access)
{
	const struct mode mode = mode_of(p);
	enum walk_result result;
	uint32_t error = 0xdead, tried = p->cpl == 3 ? 4 : 0;
	struct gpa to = {0};

	reads = 0;
	result = guest_walk(p, linear, access, &to, &error);
	if (!(p->cr0 & PG)) {
		require(result == WALK_OK && to.v == (uint32_t)linear && !reads);
		return;
	}
	tried |= access == GUEST_WRITE ? 2 : 0;
	tried |= access == GUEST_FETCH && (mode.nx || (p->cr4 & SMEP)) ? 16 : 0;
	if (result == WALK_OK) {
		require(reads && (entries[reads - 1] & P) && is_allowed(p, mode, access));
		check_address(mode, mode.levels == 4 ? linear : (uint32_t)linear, to.v);
	} else if (result == WALK_FAULT) {
		require((error & 22) == tried && !(error & ~31u));
		if (!(error & 1))
			require(error == tried && (!reads || !(entries[reads - 1] & P)));
		else if (!(error & 8))
			require(!is_allowed(p, mode, access));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest_paging p = {.cr0 = 1, .read = read_memory};
	uint64_t linear;

	if (size < 12)
		return 0;
	memset(memory, 0, sizeof(memory));
	p.cr0 |= (data[0] & 1 ? 0 : PG) | (data[0] & 2 ? WP : 0);
	p.cr4 = (data[0] & 4 ? PSE : 0) | (data[0] & 8 ? PAE : 0) | (data[0] & 16 ? SMEP : 0) |
		(data[0] & 32 ? SMAP : 0);
	p.efer = (data[0] & 64 ? LMA : 0) | (data[0] & 128 ? NXE : 0);
	p.cr4 |= p.efer & LMA ? PAE : 0;
	p.rflags = data[1] & 1 ? AC : 0;
	p.cpl = data[1] >> 1 & 3;
	p.cr3 = (uint64_t)(data[2] & 7) << 12;
	memcpy(&linear, data + 4, sizeof(linear));
	for (size_t at = 12; at + 10 <= size && at < 12 + 10 * 64; at += 10) {
		uint16_t where;

		memcpy(&where, data + at, sizeof(where));
		memcpy(memory + (where & ~7u) % BYTES, data + at + 2, 8);
	}
	for (unsigned access = GUEST_READ; access <= GUEST_FETCH; access++)
		check(&p, linear, (enum guest_access)access);
	return 0;
}
