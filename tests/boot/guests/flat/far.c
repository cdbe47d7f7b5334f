/*
 * A guest whose RAM goes on beyond 4 GiB: what the map of memory says of it, and that each part of
 * it keeps what it is told, from its first word to its last, and that nothing lies beyond.
 */
#include "tests/boot/guests/flat/board.h"

#define GIB 0x40000000ull
/* Of 6 GiB, as its manifest says: below the hole for devices, and from 4 GiB on. */
#define LOW  (3 * GIB)
#define BASE (4 * GIB)
#define HIGH (3 * GIB)
/* xen/include/public/arch-x86/hvm/start_info.h */
#define MAP        40u
#define ENTRIES    48u
#define MAP_RAM    1u
#define STEP       (GIB / 4)
#define POINTS_MAX 64u

/* PAE (SDM 3A, 4.4): the first GiB lies where it is, and at the second is a large page that goes
 * where it is wanted. */
#define PRESENT     3u
#define LARGE       0x80u
#define LARGE_BYTES 0x200000u
#define WINDOW      0x40000000u

struct part {
	uint64_t first, bytes;
	uint32_t type, reserved;
};

void far(const uint8_t *start);

static uint64_t directory[2][512] __attribute__((aligned(4096)));
static uint64_t pointers[4] __attribute__((aligned(32)));
static uint64_t points[POINTS_MAX];
static unsigned point_count;

static void start_paging(void)
{
	uint32_t cr4, cr0;

	for (uint32_t i = 0; i < 512; i++)
		directory[0][i] = (uint64_t)i * LARGE_BYTES | LARGE | PRESENT;
	pointers[0] = (uint32_t)(uintptr_t)directory[0] | 1;
	pointers[1] = (uint32_t)(uintptr_t)directory[1] | 1;
	__asm__ volatile("movl %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("movl %0, %%cr4" : : "r"(cr4 | 0x20));
	__asm__ volatile("movl %0, %%cr3" : : "r"(pointers) : "memory");
	__asm__ volatile("movl %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("movl %0, %%cr0" : : "r"(cr0 | 0x80000000u) : "memory");
}

static uint32_t window_to(uint64_t address)
{
	directory[1][0] = (address & ~(uint64_t)(LARGE_BYTES - 1)) | LARGE | PRESENT;
	__asm__ volatile("invlpg (%0)" : : "r"(WINDOW) : "memory");
	return WINDOW + (uint32_t)(address & (LARGE_BYTES - 1));
}

static uint32_t mark_of(uint64_t address)
{
	return (uint32_t)address ^ (uint32_t)(address >> 32) * 0x9e3779b9u ^ 0x5a5a5a5a;
}

static void add(uint64_t address)
{
	if (point_count < POINTS_MAX)
		points[point_count++] = address;
}

static void look_at_map(const uint8_t *start)
{
	const struct part *part = (const struct part *)get((uint32_t)(uintptr_t)start + MAP);
	const uint32_t count = get((uint32_t)(uintptr_t)start + ENTRIES);
	uint64_t low_end = 0, high = 0, others = 0;

	for (uint32_t i = 0; i < count; i++, part++) {
		if (part->type != MAP_RAM)
			continue;
		if (part->first >= BASE)
			high = part->first == BASE ? part->bytes : 0;
		else if (part->first + part->bytes > LOW)
			others++;
		else
			low_end = part->first + part->bytes;
		for (uint64_t at = part->first; at < part->first + part->bytes; at += STEP)
			add(at);
		add(part->first + part->bytes - 4);
	}
	judge(low_end == LOW && !others, "the map's RAM goes up to the hole");
	judge(high == HIGH, "and on from 4 GiB");
}

static void write_all(void)
{
	int zero = 1;

	for (unsigned i = 0; i < point_count; i++) {
		const uint32_t to = window_to(points[i]);

		zero &= get(to) == 0;
		put(to, mark_of(points[i]));
	}
	judge(zero, "what nobody touched is zero");
}

static void read_all(void)
{
	int kept = point_count > 2 * (LOW + HIGH) / GIB && point_count < POINTS_MAX;

	for (unsigned i = 0; i < point_count; i++)
		kept &= get(window_to(points[i])) == mark_of(points[i]);
	judge(kept, "each end of it keeps what it is told");
}

void far(const uint8_t *start)
{
	start_paging();
	look_at_map(start);
	write_all();
	read_all();
	judge(get(window_to(LOW)) == 0xffffffff, "the hole is none");
	judge(get(window_to(BASE + HIGH)) == 0xffffffff, "nor is what lies beyond its end");
	put_text("it has looked everywhere\n");
}
