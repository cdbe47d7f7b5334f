/* sources: kernel/mem/places.c kernel/mem/ranges.c kernel/boot/place.c kernel/boot/memory_map.c */
/* sources: kernel/lib/random.c kernel/lib/blake2s.c kernel/lib/chacha.c kernel/lib/lock.c */
/* sources: tests/unit/shim/panic.c */
/* libs: -lm */
/*
 * The placement of every region over STARTS starts, with the kernel's own generator from fixed
 * seeds: how many places there are by construction, how many different ones came, and whether each
 * part and each bit is as frequent as it should be. Prints a table; ENTROPY_JSON names a file for
 * the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/paging.h"
#include "boot/memory_map.h"
#include "boot/place.h"
#include "lib/random.h"
#include "mem/places.h"

#define STARTS      100000u
#define IMAGE_BYTES (2ull << 20)
#define RAM_BYTES   (2ull << 30)
#define GIB         (1ull << 30)
#define BUCKETS     64u
#define BITS_TESTED 12u
/* Quantiles of chi-square at 1 - 1e-5: 63 degrees of freedom, and one. */
#define CHI_BUCKETS 122.0
#define CHI_BIT     19.5

/* X(region, what for people, bits that it must have) */
#define REGIONS(X)                                                          \
	X(IMAGE_VIRTUAL, "kernel image, virtual", 20)                       \
	X(IMAGE_PHYSICAL, "kernel image, physical (2 GiB RAM)", 9)          \
	X(DIRECT, "direct map", 20)                                         \
	X(MODULE, "driver module", 28)                                      \
	X(SLAB, "heap, small objects", 28)                                  \
	X(PAGES, "heap, large objects", 28)                                 \
	X(STACK, "kernel stack", 28)                                        \
	X(DEVICE, "device registers", 28)                                   \
	X(CPU, "per-CPU area", 28)                                          \
	X(MODULE_NEXT, "second driver module, the first one known", 17)     \
	X(STACK_NEXT, "second kernel stack, the first one known", 17)       \
	X(USER_IMAGE, "user world: executable", 28)                         \
	X(USER_MAPPING, "user world: mappings and heap", 28)                \
	X(USER_STACK, "user world: stack", 28)                              \
	X(USER_FOREIGN, "user world: guest RAM", 28)                        \
	X(USER_MAPPING_GIVEN, "user world: mappings, executable known", 28) \
	X(USER_STACK_GIVEN, "user world: stack, executable known", 28)      \
	X(USER_FOREIGN_GIVEN, "user world: guest RAM, mappings known", 28)  \
	X(USER_MAPPING_NEXT, "user world: second mapping, the first one known", 23)

enum region {
#define X(region, text, bits) region,
	REGIONS(X)
#undef X
		REGION_COUNT
};

static const struct {
	const char *text;
	unsigned bits;
} wanted[] = {
#define X(region, text, bits) {text, bits},
	REGIONS(X)
#undef X
};

/* A draw: number `index` of `count` places. */
static struct {
	uint64_t count;
	uint64_t drawn[STARTS];
} regions[REGION_COUNT];

static void note(enum region region, unsigned start, uint64_t index, uint64_t count)
{
	assert_true(index < count);
	regions[region].count = MAX(regions[region].count, count);
	regions[region].drawn[start] = index;
}

/* --- the starts, as head.c and layout.c make them */

static void start_image(unsigned start)
{
	static struct boot_info info;
	const uint64_t old = 64ull << 20;
	const char *why;
	struct hpa place;
	uint64_t at;

	at = place_virtual(IMAGE_BYTES, random_below);
	note(IMAGE_VIRTUAL, start, (at - IMAGE_WINDOW) / PAGE_SIZE,
		(IMAGE_WINDOW_END - IMAGE_WINDOW - IMAGE_BYTES) / PAGE_SIZE);
	info.memory_count = 0;
	assert_int_equal(memory_map_set(&info, 1 << 20, RAM_BYTES, BOOT_MEMORY_USABLE), VMK_OK);
	assert_int_equal(
		place_physical(&info, old, IMAGE_BYTES, random_below, &place, &why), VMK_OK);
	/* All from 16 MiB on but the old place. */
	at = (place.v - (16ull << 20)) / LARGE_PAGE_BYTES;
	assert_int_equal(place.v % LARGE_PAGE_BYTES, 0);
	assert_true(place.v != old);
	note(IMAGE_PHYSICAL, start, at - (place.v > old),
		(RAM_BYTES - (16ull << 20) - IMAGE_BYTES) / LARGE_PAGE_BYTES);
}

/* The number of a page, counted from where any window may begin. */
static uintptr_t take(struct ranges *taken, const struct range *window, size_t bytes, size_t align)
{
	uintptr_t at = 0;

	assert_int_equal(ranges_place(taken, window, bytes, align, random_below, &at), VMK_OK);
	assert_int_equal(ranges_insert(taken, at, at + bytes), VMK_OK);
	return at;
}

static void start_areas(unsigned start)
{
	static const struct {
		enum region region;
		enum area area;
		size_t bytes, align;
	} firsts[] = {
		{MODULE, AREA_IMAGES, 20 * PAGE_SIZE, PAGE_SIZE},
		{SLAB, AREA_SLABS, 7 * PAGE_SIZE, 8 * PAGE_SIZE},
		{PAGES, AREA_PAGES, 2 * PAGE_SIZE, PAGE_SIZE},
		{STACK, AREA_STACKS, 8 * PAGE_SIZE, PAGE_SIZE},
		{DEVICE, AREA_DEVICES, 4 * PAGE_SIZE, PAGE_SIZE},
		{CPU, AREA_CPUS, PAGE_SIZE, PAGE_SIZE},
		{MODULE_NEXT, AREA_IMAGES, 20 * PAGE_SIZE, PAGE_SIZE},
		{STACK_NEXT, AREA_STACKS, 8 * PAGE_SIZE, PAGE_SIZE},
	};
	struct range items[16];
	struct ranges taken = {.items = items, .room = ARRAY_SIZE(items)};
	struct places places;

	assert_int_equal(places_choose(&places, RAM_BYTES, RAM_BYTES, random_below), VMK_OK);
	note(DIRECT, start, (places.direct - KERNEL_HALF) / LARGE_PAGE_BYTES,
		(IMAGE_WINDOW - KERNEL_HALF - RAM_BYTES) / LARGE_PAGE_BYTES + 1);
	for (unsigned i = 0; i < ARRAY_SIZE(firsts); i++) {
		const struct range *window = &places.window[firsts[i].area];
		uintptr_t at = take(&taken, window, firsts[i].bytes, firsts[i].align);
		uint64_t base = firsts[i].region == MODULE_NEXT || firsts[i].region == STACK_NEXT
					? window->start
					: KERNEL_HALF;
		uint64_t end = base == KERNEL_HALF ? IMAGE_WINDOW : window->end;

		note(firsts[i].region, start, (at - base) / firsts[i].align,
			(end - base) / firsts[i].align);
	}
}

static void start_user(unsigned start)
{
	const uint64_t pages = (USER_END - USER_START) / PAGE_SIZE;
	struct range items[5], window[AREA_COUNT];
	struct ranges taken = {.items = items, .room = ARRAY_SIZE(items)};
	const uint64_t gib = GIB / PAGE_SIZE;
	uint64_t image, mapping, stack, foreign, next;

	places_choose_user(window, random_below);
	image = take(&taken, &window[AREA_IMAGES], 60 * PAGE_SIZE, PAGE_SIZE) / PAGE_SIZE;
	mapping = take(&taken, &window[AREA_PAGES], 16 * PAGE_SIZE, PAGE_SIZE) / PAGE_SIZE;
	stack = take(&taken, &window[AREA_STACKS], 64 * PAGE_SIZE, PAGE_SIZE) / PAGE_SIZE;
	foreign = take(&taken, &window[AREA_DEVICES], 16 * GIB, PAGE_SIZE) / PAGE_SIZE;
	next = take(&taken, &window[AREA_PAGES], 16 * PAGE_SIZE, PAGE_SIZE) / PAGE_SIZE;
	note(USER_IMAGE, start, image - USER_START / PAGE_SIZE, pages);
	note(USER_MAPPING, start, mapping - USER_START / PAGE_SIZE, pages);
	note(USER_STACK, start, stack - USER_START / PAGE_SIZE, pages);
	note(USER_MAPPING_GIVEN, start, (mapping + pages - image) % pages, pages);
	note(USER_STACK_GIVEN, start, (stack + pages - image) % pages, pages);
	note(USER_FOREIGN, start, foreign - USER_START / PAGE_SIZE, pages - 16 * gib);
	note(USER_FOREIGN_GIVEN, start, (foreign + pages - mapping) % pages, pages);
	note(USER_MAPPING_NEXT, start, next - window[AREA_PAGES].start / PAGE_SIZE,
		USER_MAPPINGS_BYTES / PAGE_SIZE);
}

/* --- the figures */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static unsigned distinct(const uint64_t *drawn)
{
	static uint64_t sorted[STARTS];
	unsigned count = 1;

	memcpy(sorted, drawn, sizeof(sorted));
	qsort(sorted, STARTS, sizeof(*sorted), compare);
	for (unsigned i = 1; i < STARTS; i++)
		count += sorted[i] != sorted[i - 1];
	return count;
}

/* What `count` equally likely places give, and six standard deviations below. */
static double distinct_expected(uint64_t count)
{
	double m = (double)count, mean = -m * expm1(-(double)STARTS / m);
	double lost = STARTS - mean;

	return mean - 6 * sqrt(MIN(lost, mean)) - 1;
}

static double chi_buckets(const uint64_t *drawn, uint64_t count)
{
	double expected = (double)STARTS / BUCKETS, chi = 0;
	unsigned hits[BUCKETS] = {0};

	for (unsigned i = 0; i < STARTS; i++)
		hits[(unsigned __int128)drawn[i] * BUCKETS / count]++;
	for (unsigned i = 0; i < BUCKETS; i++)
		chi += (hits[i] - expected) * (hits[i] - expected) / expected;
	return chi;
}

static double chi_worst_bit(const uint64_t *drawn, unsigned bits)
{
	double half = STARTS / 2.0, worst = 0;

	for (unsigned bit = 0; bit < bits; bit++) {
		unsigned ones = 0;

		for (unsigned i = 0; i < STARTS; i++)
			ones += drawn[i] >> bit & 1;
		worst = MAX(worst, (ones - half) * (ones - half) / half * 2);
	}
	return worst;
}

struct figures {
	double bits, buckets, worst_bit;
	unsigned distinct;
};

static struct figures figures_of(enum region region)
{
	uint64_t count = regions[region].count;
	double bits = log2((double)count);

	return (struct figures){
		.bits = bits,
		.buckets = chi_buckets(regions[region].drawn, count),
		.worst_bit = chi_worst_bit(
			regions[region].drawn, MIN(BITS_TESTED, (unsigned)MAX(bits - 7, 1))),
		.distinct = distinct(regions[region].drawn),
	};
}

static FILE *json_begin(void)
{
	const char *name = getenv("ENTROPY_JSON");
	FILE *json = name ? fopen(name, "w") : NULL;

	if (json)
		fprintf(json, "{\"starts\": %u, \"regions\": [", STARTS);
	return json;
}

static void show(FILE *json, unsigned region, const struct figures *f)
{
	printf("# %-42s %6.1f %8u %8.1f %6.1f\n", wanted[region].text, f->bits, f->distinct,
		f->buckets, f->worst_bit);
	if (json)
		fprintf(json,
			"%s\n {\"region\": \"%s\", \"bits\": %.1f, \"wanted\": %u, \"distinct\": "
			"%u}",
			region ? "," : "", wanted[region].text, f->bits, wanted[region].bits,
			f->distinct);
}

static void each_region_is_where_nobody_can_tell(void **state)
{
	FILE *json = json_begin();

	random_seed("places", 6);
	for (unsigned start = 0; start < STARTS; start++) {
		start_image(start);
		start_areas(start);
		start_user(start);
	}
	printf("# %-42s %6s %8s %8s %6s\n", "region", "bits", "distinct", "chi2/63", "chi2/1");
	for (unsigned region = 0; region < REGION_COUNT; region++) {
		struct figures f = figures_of((enum region)region);

		show(json, region, &f);
		assert_true(f.bits >= wanted[region].bits);
		assert_true(f.distinct >= distinct_expected(regions[region].count));
		assert_true(f.worst_bit < CHI_BIT);
		assert_true(f.buckets < CHI_BUCKETS);
	}
	if (json) {
		fprintf(json, "\n]}\n");
		fclose(json);
	}
}

/* Pairs of regions: no bit of one tells a bit of the other. */
static void no_region_tells_of_another(void **state)
{
	static const enum region all[] = {IMAGE_VIRTUAL, IMAGE_PHYSICAL, DIRECT, MODULE, SLAB,
		PAGES, STACK, CPU, USER_IMAGE, USER_MAPPING, USER_STACK, USER_FOREIGN};

	for (unsigned a = 0; a < ARRAY_SIZE(all); a++) {
		for (unsigned b = a + 1; b < ARRAY_SIZE(all); b++) {
			double half = STARTS / 2.0;
			unsigned ones = 0;

			for (unsigned i = 0; i < STARTS; i++)
				ones += (regions[all[a]].drawn[i] ^ regions[all[b]].drawn[i]) & 1;
			assert_true((ones - half) * (ones - half) / half * 2 < CHI_BIT);
		}
	}
}

static void windows_do_not_meet(void **state)
{
	random_seed("windows", 7);
	for (unsigned start = 0; start < 20000; start++) {
		struct range window[AREA_COUNT];
		struct places places;

		places_choose_user(window, random_below);
		for (unsigned a = 0; a < AREA_COUNT; a++)
			for (unsigned b = 0; window[a].end && b < a; b++)
				assert_true(!window[b].end || window[a].end < window[b].start ||
					    window[b].end < window[a].start);
		assert_int_equal(places_choose(&places, GIB, GIB, random_below), VMK_OK);
		for (unsigned a = 0; a < AREA_COUNT; a++) {
			unsigned slot = ptable_index(places.window[a].start, PML4_SHIFT);

			assert_int_equal(slot, ptable_index(places.window[a].end - 1, PML4_SHIFT));
			assert_true(places.taken[slot]);
			assert_true(places.window[a].end <= places.direct ||
				    places.window[a].start >= places.direct + GIB);
			for (unsigned b = 0; b < a; b++)
				assert_true(
					slot != ptable_index(places.window[b].start, PML4_SHIFT));
		}
	}
}

static void refuses_more_memory_than_the_half_holds(void **state)
{
	struct places places;

	assert_int_equal(places_choose(&places, 1ull << 45, GIB, random_below), VMK_OK);
	assert_int_equal(places_choose(&places, 1ull << 47, GIB, random_below), VMK_NO_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_region_is_where_nobody_can_tell),
		cmocka_unit_test(no_region_tells_of_another),
		cmocka_unit_test(windows_do_not_meet),
		cmocka_unit_test(refuses_more_memory_than_the_half_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
