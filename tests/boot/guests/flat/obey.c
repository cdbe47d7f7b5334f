/*
 * A guest that takes all of its memory, and gives up as much of it as its balloon is asked for
 * (Virtio 1.2, 5.5).
 */
#include "tests/boot/guests/flat/virtio.h"

#define PAGE_BYTES 4096u
#define MEMORY     0x4000000u /* as its manifest says */
#define KEPT       0x400000u  /* below that it lives */
/* The device as the board leaves it: slot 3. */
#define BALLOON 0xe0030000u
#define COMMAND 0x80001804u
/* After the common structure, what a balloon has (5.5.4). */
#define WANTED 0x2000u
#define ACTUAL 0x2004u
#define NOTIFY 0x3000u
/* Rings of one entry, each in three pages; and the list of what is given up. */
#define RINGS      0x310000u
#define RING_BYTES 0x3000u
#define LIST       0x320000u
#define LIST_MAX   1024u
enum { INFLATE, DEFLATE, QUEUES };

void obey(void);

static uint16_t sent[QUEUES];

static void set_queue(uint32_t queue)
{
	const uint32_t ring = RINGS + queue * RING_BYTES;

	put16(BALLOON + QUEUE_SELECT, queue);
	put16(BALLOON + QUEUE_SIZE, 1);
	for (uint32_t i = 0; i < 3; i++)
		write_address(BALLOON + QUEUE_DESCRIPTORS + 8 * i, ring + i * PAGE_BYTES);
	put16(BALLOON + QUEUE_ENABLE, 1);
}

static void set_up(void)
{
	let_master(COMMAND);
	accept_features(BALLOON);
	set_queue(INFLATE);
	set_queue(DEFLATE);
	put8(BALLOON + STATUS, DRIVER_OK);
}

/* The pages that end where `held` of them begin below the end of memory. */
static void send(uint32_t queue, uint32_t held, uint32_t count)
{
	const uint32_t ring = RINGS + queue * RING_BYTES;
	const uint32_t first = MEMORY / PAGE_BYTES - held - count;

	for (uint32_t i = 0; i < count; i++)
		put(LIST + 4 * i, first + i);
	put(ring, LIST);
	put(ring + 8, 4 * count);
	put(ring + PAGE_BYTES, (uint32_t)++sent[queue] << 16);
	put16(BALLOON + NOTIFY, queue);
	while ((get(ring + 2 * PAGE_BYTES) >> 16) != sent[queue])
		__asm__ volatile("pause");
}

static void take(uint32_t first, uint32_t count)
{
	for (uint32_t page = first; page < first + count; page++)
		put(page * PAGE_BYTES, page);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* A step towards what is wanted; how much is held then. */
static uint32_t step(uint32_t held, uint32_t wanted)
{
	if (held < wanted) {
		const uint32_t count = least(wanted - held, LIST_MAX);

		send(INFLATE, held, count);
		return held + count;
	} else {
		const uint32_t count = least(held - wanted, LIST_MAX);

		send(DEFLATE, held - count, count);
		take(MEMORY / PAGE_BYTES - held, count);
		return held - count;
	}
}

static void wait(void)
{
	for (unsigned i = 0; i < 10000; i++)
		__asm__ volatile("pause");
}

void obey(void)
{
	uint32_t held = 0;

	set_up();
	take(KEPT / PAGE_BYTES, (MEMORY - KEPT) / PAGE_BYTES);
	put_text("it has all of its memory\n");
	for (;;) {
		const uint32_t wanted = least(get(BALLOON + WANTED), (MEMORY - KEPT) / PAGE_BYTES);

		if (held == wanted) {
			wait();
			continue;
		}
		held = step(held, wanted);
		put(BALLOON + ACTUAL, held);
		if (held == wanted)
			put_text(held ? "it gave up what was asked for\n"
				      : "it has all of its memory again\n");
	}
}
