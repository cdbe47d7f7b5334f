/* sources: kernel/vtx/guest_walk.c */
/* A guest's page tables in each mode, rights and the page faults they give (SDM 3A, 4.6, 4.7). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "vtx/guest_walk.h"

#define P    1ull
#define W    2ull
#define U    4ull
#define PS   0x80ull
#define NX   (1ull << 63)
#define PG   (1ull << 31)
#define WP   (1ull << 16)
#define PSE  (1ull << 4)
#define PAE  (1ull << 5)
#define SMEP (1ull << 20)
#define SMAP (1ull << 21)
#define LMA  (1ull << 10)
#define NXE  (1ull << 11)
#define AC   (1ull << 18)

static uint8_t memory[0x6000] __attribute__((aligned(4096)));
static struct gpa to;
static uint32_t error;

static bool read_memory(void *context, struct gpa gpa, void *out, size_t bytes)
{
	if (gpa.v >= sizeof(memory) || bytes > sizeof(memory) - gpa.v)
		return false;
	memcpy(out, memory + gpa.v, bytes);
	return true;
}

static void put(uint64_t at, uint64_t entry)
{
	memcpy(memory + at, &entry, sizeof(entry));
}

/* 4 levels at 0x1000 .. 0x4000, for linear address 0x8080604000: every index is another one. */
static struct guest_paging long_mode(uint64_t pte)
{
	memset(memory, 0, sizeof(memory));
	put(0x1000 + 8 * 1, 0x2000 | P | W | U);
	put(0x2000 + 8 * 2, 0x3000 | P | W | U);
	put(0x3000 + 8 * 3, 0x4000 | P | W | U);
	put(0x4000 + 8 * 4, pte);
	return (struct guest_paging){.cr0 = PG | WP | 1,
		.cr3 = 0x1000,
		.cr4 = PAE,
		.efer = LMA | NXE,
		.read = read_memory};
}
#define LINEAR 0x8080604123ull

static enum walk_result walk(
	const struct guest_paging *p, uint64_t linear, enum guest_access access)
{
	to.v = 0xdead;
	return guest_walk(p, linear, access, &to, &error);
}

static void test_no_paging(void **state)
{
	struct guest_paging p = {.cr0 = 1, .read = read_memory};

	assert_int_equal(walk(&p, 0x123456789abull, GUEST_WRITE), WALK_OK);
	assert_int_equal(to.v, 0x456789ab);
}

static void test_long_mode(void **state)
{
	struct guest_paging p = long_mode(0x123456000 | P | W | U);

	assert_int_equal(walk(&p, LINEAR, GUEST_READ), WALK_OK);
	assert_int_equal(to.v, 0x123456123);
	assert_int_equal(walk(&p, LINEAR + 0x1000, GUEST_READ), WALK_FAULT);
	assert_int_equal(error, 0);
	assert_int_equal(walk(&p, LINEAR | 1ull << 60, GUEST_READ), WALK_FAULT);
	put(0x3000 + 8 * 3, 0x40000000 | P | W | U | PS);
	assert_int_equal(walk(&p, LINEAR, GUEST_READ), WALK_OK);
	assert_int_equal(to.v, 0x40004123);
	put(0x3000 + 8 * 3, 0x40002000 | P | PS); /* reserved: not 2 MiB aligned */
	assert_int_equal(walk(&p, LINEAR, GUEST_READ), WALK_FAULT);
	assert_int_equal(error, 9);
	put(0x2000 + 8 * 2, 0x80000000 | P | W | U | PS);
	assert_int_equal(walk(&p, LINEAR, GUEST_READ), WALK_OK);
	assert_int_equal(to.v, 0x80604123);
	put(0x1000 + 8 * 1, 0x2000 | P | PS);
	assert_int_equal(walk(&p, LINEAR, GUEST_READ), WALK_FAULT);
	assert_int_equal(error, 9);
	put(0x1000 + 8 * 1, 0x10000000 | P); /* a table that is not there */
	assert_int_equal(walk(&p, LINEAR, GUEST_READ), WALK_NO_MEMORY);
}

static void test_rights(void **state)
{
	static const struct {
		uint64_t pte, cr4, cr0, rflags;
		unsigned cpl;
		enum guest_access access;
		uint32_t error; /* 0: allowed */
	} cases[] = {
		{P | W | U, 0, WP, 0, 3, GUEST_WRITE, 0},
		{P | W, 0, WP, 0, 3, GUEST_READ, 5},
		{P | U, 0, WP, 0, 3, GUEST_WRITE, 7},
		{P | U, 0, WP, 0, 0, GUEST_WRITE, 3},
		{P | U, 0, 0, 0, 0, GUEST_WRITE, 0},
		{P | U, 0, 0, 0, 3, GUEST_WRITE, 7},
		{P | W | NX, 0, WP, 0, 0, GUEST_READ, 0},
		{P | W | NX, 0, WP, 0, 0, GUEST_FETCH, 0x11},
		{P | W | U, SMEP, WP, 0, 0, GUEST_FETCH, 0x11},
		{P | W | U, SMEP, WP, 0, 3, GUEST_FETCH, 0},
		{P | W | U, 0, WP, 0, 0, GUEST_FETCH, 0},
		{P | W | U, SMAP, WP, 0, 0, GUEST_READ, 1},
		{P | W | U, SMAP, WP, AC, 0, GUEST_READ, 0},
		{P | U, SMAP, 0, AC, 0, GUEST_WRITE, 0},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct guest_paging p = long_mode(0x5000 | cases[i].pte);

		p.cr0 = PG | 1 | cases[i].cr0;
		p.cr4 |= cases[i].cr4;
		p.rflags = cases[i].rflags;
		p.cpl = cases[i].cpl;
		assert_int_equal(
			walk(&p, LINEAR, cases[i].access), cases[i].error ? WALK_FAULT : WALK_OK);
		assert_int_equal(error, cases[i].error);
	}
}

static void test_rights_of_every_level(void **state)
{
	static const uint64_t places[] = {0x1000 + 8, 0x2000 + 16, 0x3000 + 24};

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		struct guest_paging p = long_mode(0x5000 | P | W | U);
		uint64_t entry;

		p.cpl = 3;
		memcpy(&entry, memory + places[i], 8);
		put(places[i], entry & ~W);
		assert_int_equal(walk(&p, LINEAR, GUEST_WRITE), WALK_FAULT);
		assert_int_equal(error, 7);
		put(places[i], entry & ~U);
		assert_int_equal(walk(&p, LINEAR, GUEST_READ), WALK_FAULT);
		put(places[i], entry | NX);
		assert_int_equal(walk(&p, LINEAR, GUEST_FETCH), WALK_FAULT);
		assert_int_equal(error, 0x15);
		p.efer = LMA; /* then the bit is reserved */
		assert_int_equal(walk(&p, LINEAR, GUEST_READ), WALK_FAULT);
		assert_int_equal(error, 0xd);
	}
}

static void test_pae(void **state)
{
	struct guest_paging p = {
		.cr0 = PG | 1, .cr3 = 0x1020, .cr4 = PAE, .efer = NXE, .read = read_memory};

	memset(memory, 0, sizeof(memory));
	put(0x1020 + 8 * 3, 0x2000 | P);
	put(0x2000 + 8 * 5, 0x3000 | P | W | U);
	put(0x3000 + 8 * 6, 0x987654000 | P | W | U);
	assert_int_equal(walk(&p, 0xffff0000c0a06777ull, GUEST_WRITE), WALK_OK);
	assert_int_equal(to.v, 0x987654777);
	put(0x1020 + 8 * 3, 0x2000 | P | W);
	assert_int_equal(walk(&p, 0xc0a06777, GUEST_WRITE), WALK_FAULT);
	assert_int_equal(error, 0xb);
}

static void test_32_bit(void **state)
{
	struct guest_paging p = {.cr0 = PG | 1, .cr3 = 0x1000, .read = read_memory};
	uint32_t entry = 0x2000 | (uint32_t)(P | W | U);

	memset(memory, 0, sizeof(memory));
	memcpy(memory + 0x1000 + 4 * 0x303, &entry, 4);
	entry = 0xabcde000 | (uint32_t)P;
	memcpy(memory + 0x2000 + 4 * 0x206, &entry, 4);
	assert_int_equal(walk(&p, 0xc0e06777, GUEST_READ), WALK_OK);
	assert_int_equal(to.v, 0xabcde777);
	/* A 4 MiB page, with four address bits above 32. */
	entry = 0x40000000 | 0xau << 13 | (uint32_t)(P | W | PS);
	memcpy(memory + 0x1000 + 4 * 0x303, &entry, 4);
	p.cr4 = PSE;
	assert_int_equal(walk(&p, 0xc0e06777, GUEST_READ), WALK_OK);
	assert_int_equal(to.v, 0xa40206777);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_paging),
		cmocka_unit_test(test_long_mode),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_rights_of_every_level),
		cmocka_unit_test(test_pae),
		cmocka_unit_test(test_32_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
