/* The machine's frames: one pool under one lock, reached through the direct map or, where they are
 * private, through windows. */
#include "boot/boot_info.h"
#include "arch/x86/paging.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "lib/random.h"
#include "mem/audit.h"
#include "mem/frame_pool.h"
#include "mem/frames_edge.h"
#include "mem/window.h"
#include <stdio.h>
#include <string.h>

#define LOG_MODULE  "Frames"
#define FIRST_FRAME (0x100000u >> PAGE_SHIFT) /* the first MiB is firmware's and start code's */
#define LOW_END     (EARLY_IDENTITY_END >> PAGE_SHIFT)

/* How many free frames an audit looks at: the highest ones, and some at random places; and how far
 * it goes for each. */
#define AUDIT_HIGHEST  256u
#define AUDIT_SAMPLES  16u
#define AUDIT_IN_A_ROW 16u
#define AUDIT_LOOKS    1024u
#define AUDIT_TURNS    1024u

/* Free private chunks that are kept: a world that comes and goes then changes no page tables. */
#define IDLE_CHUNKS 4

static struct spinlock lock = SPINLOCK(LOCK_FRAMES);
/* Whose holder alone makes chunks private: who waits for it finds what has come meanwhile. */
static struct spinlock hiding = SPINLOCK(LOCK_CHUNKS);
static struct frame_pool pool;
static struct hpa bookkeeping;

static uint64_t frames_of_memory(const struct boot_info *info)
{
	uint64_t end = 0;

	for (unsigned i = 0; i < info->memory_count; i++) {
		const struct boot_memory *m = &info->memory[i];

		if (m->type == BOOT_MEMORY_USABLE)
			end = MAX(end, m->start.v + m->bytes);
	}
	return end >> PAGE_SHIFT;
}

/* The highest usable place below 4 GiB for the pool's own bookkeeping. */
static struct hpa place_bookkeeping(const struct boot_info *info, uint64_t bytes)
{
	uint64_t best = 0;

	for (unsigned i = 0; i < info->memory_count; i++) {
		const struct boot_memory *m = &info->memory[i];
		uint64_t end = MIN(m->start.v + m->bytes, EARLY_IDENTITY_END);

		if (m->type == BOOT_MEMORY_USABLE && end > bytes &&
			end - bytes >= MAX(m->start.v, FIRST_FRAME << PAGE_SHIFT))
			best = MAX(best, end - bytes);
	}
	if (!best)
		panic("frames: no room for %llu bytes of bookkeeping below 4 GiB",
			(unsigned long long)bytes);
	return hpa(best);
}

static void add_usable(const struct boot_memory *m, uint64_t own_first, uint64_t own_end)
{
	uint64_t first = MAX(m->start.v >> PAGE_SHIFT, FIRST_FRAME);
	uint64_t end = (m->start.v + m->bytes) >> PAGE_SHIFT;

	if (own_first >= first && own_end <= end) {
		frame_pool_add(&pool, first, own_first - first);
		first = own_end;
	}
	if (first < end)
		frame_pool_add(&pool, first, end - first);
}

void frames_init(const struct boot_info *info)
{
	uint64_t frames = frames_of_memory(info);
	uint64_t bytes = ALIGN_UP(frame_pool_bytes(frames), PAGE_SIZE);
	uint64_t first, end;

	bookkeeping = place_bookkeeping(info, bytes);
	first = bookkeeping.v >> PAGE_SHIFT;
	end = first + (bytes >> PAGE_SHIFT);
	memset(direct_map(bookkeeping), 0, bytes);
	frame_pool_init(&pool, frames, direct_map(bookkeeping));
	for (unsigned i = 0; i < info->memory_count; i++) {
		if (info->memory[i].type == BOOT_MEMORY_USABLE)
			add_usable(&info->memory[i], first, end);
	}
	vmk_log("%llu MiB usable, %llu KiB of bookkeeping",
		(unsigned long long)(pool.count[FRAME_FREE] >> 8), (unsigned long long)bytes >> 10);
}

void frames_set_direct_map(const struct ptable *table, uintptr_t base, uint64_t end, uint64_t flags)
{
	uint64_t saved = spin_lock(&lock);

	direct_map_set(table, base, end, flags);
	frame_pool_rebase(&pool, direct_map(bookkeeping));
	spin_unlock(&lock, saved);
}

static struct hpa frame_hpa(uint64_t frame)
{
	return pfn_hpa((struct pfn){frame});
}

/* Under the lock: have no more than `keep` private chunks lie idle, where that many are. */
static bool show_chunk(uint64_t keep)
{
	uint64_t chunk;

	if (!frame_pool_show(&pool, keep, &chunk))
		return false;
	direct_map_show(frame_hpa(chunk));
	return true;
}

/* With `hiding`: one more chunk for private frames, of which `wanted` may be taken beyond what is
 * promised. Others may take them all before the caller does. */
static bool hide_chunk(uint64_t wanted)
{
	uint64_t saved = spin_lock(&lock), chunk;
	bool hidden = frame_pool_hide(&pool, wanted, &chunk);

	if (hidden)
		direct_map_hide(frame_hpa(chunk));
	spin_unlock(&lock, saved);
	if (!hidden)
		return false;
	direct_map_forget(frame_hpa(chunk));
	saved = spin_lock(&lock);
	frame_pool_hidden(&pool, chunk);
	spin_unlock(&lock, saved);
	return true;
}

static void clear(uint64_t first, unsigned order, enum frame_side side)
{
	if (side == FRAME_PRIVATE)
		window_clear((struct pfn){first}, order);
	else
		memset(direct_map(frame_hpa(first)), 0, PAGE_SIZE << order);
}

/* `dirty`: how many of them hold what was there before the boot. */
static enum vmk_status take(uint64_t promised, unsigned order, enum frame_owner owner,
	uint64_t limit, uint64_t *first, uint64_t *dirty)
{
	const bool direct = frame_owner_side(owner) == FRAME_DIRECT;
	uint64_t saved = spin_lock(&lock);
	enum vmk_status status;

	do {
		status = frame_pool_alloc_promised(&pool, order, owner, promised, limit, first);
	} while (status == VMK_NO_MEMORY && direct && show_chunk(0));
	*dirty = 0;
	for (uint64_t i = 0; status == VMK_OK && i < 1ull << order; i++)
		*dirty += frame_pool_take_dirty(&pool, *first + i);
	spin_unlock(&lock, saved);
	return status;
}

/* The same once chunks that are on their way have come, and with as many more as it takes. */
static enum vmk_status take_hiding(uint64_t promised, unsigned order, enum frame_owner owner,
	uint64_t limit, uint64_t *first, uint64_t *dirty)
{
	uint64_t saved = spin_lock(&hiding);
	enum vmk_status status;

	do {
		status = take(promised, order, owner, limit, first, dirty);
	} while (status == VMK_NO_MEMORY && hide_chunk((1ull << order) - promised));
	spin_unlock(&hiding, saved);
	return status;
}

static enum vmk_status allocate(uint64_t promised, unsigned order, enum frame_owner owner,
	uint64_t limit, struct pfn *frame)
{
	const enum frame_side side = frame_owner_side(owner);
	uint64_t first, dirty;
	enum vmk_status status = take(promised, order, owner, limit, &first, &dirty);

	if (status == VMK_NO_MEMORY && side == FRAME_PRIVATE)
		status = take_hiding(promised, order, owner, limit, &first, &dirty);
	if (status != VMK_OK)
		return status;
	if (dirty)
		clear(first, order, side);
	frame->v = first;
	return VMK_OK;
}

enum vmk_status frames_alloc(unsigned order, enum frame_owner owner, struct pfn *frame)
{
	return allocate(0, order, owner, direct_map_end() >> PAGE_SHIFT, frame);
}

enum vmk_status frames_alloc_low(unsigned order, enum frame_owner owner, struct pfn *frame)
{
	return allocate(0, order, owner, LOW_END, frame);
}

enum vmk_status frames_alloc_promised(
	unsigned order, enum frame_owner owner, uint64_t promised, struct pfn *frame)
{
	return allocate(promised, order, owner, direct_map_end() >> PAGE_SHIFT, frame);
}

enum vmk_status frames_promise(
	enum frame_side side, uint64_t frames, uint64_t keep, struct frame_shortage *shortage)
{
	uint64_t saved = spin_lock(&lock);
	enum vmk_status status = frame_pool_promise(&pool, side, frames, keep);

	if (status != VMK_OK && shortage)
		*shortage =
			(struct frame_shortage){side, frames, frame_pool_spare(&pool, side, keep)};
	spin_unlock(&lock, saved);
	return status;
}

void frames_unpromise(enum frame_side side, uint64_t frames)
{
	uint64_t saved = spin_lock(&lock);

	frame_pool_unpromise(&pool, side, frames);
	spin_unlock(&lock, saved);
}

uint64_t frames_spare(enum frame_side side, uint64_t keep)
{
	uint64_t saved = spin_lock(&lock), spare = frame_pool_spare(&pool, side, keep);

	spin_unlock(&lock, saved);
	return spare;
}

void frames_split(struct pfn frame, unsigned order)
{
	uint64_t saved = spin_lock(&lock);

	frame_pool_split(&pool, frame.v, order);
	spin_unlock(&lock, saved);
}

static void give_back(struct pfn frame, unsigned order, uint64_t promise)
{
	uint64_t saved = spin_lock(&lock);
	enum frame_side side;

	side = frame_owner_side(frame_pool_check(&pool, frame.v, order));
	spin_unlock(&lock, saved);
	clear(frame.v, order, side);
	saved = spin_lock(&lock);
	frame_pool_free_promised(&pool, frame.v, order, promise);
	if (pool.stock[FRAME_PRIVATE].chunks > IDLE_CHUNKS)
		show_chunk(IDLE_CHUNKS);
	spin_unlock(&lock, saved);
}

void frames_free(struct pfn frame, unsigned order)
{
	give_back(frame, order, 0);
}

void frames_free_promised(struct pfn frame, unsigned order, uint64_t promise)
{
	give_back(frame, order, promise);
}

enum frame_owner frames_owner(struct pfn frame)
{
	uint64_t saved = spin_lock(&lock);
	enum frame_owner owner = frame_pool_owner(&pool, frame.v);

	spin_unlock(&lock, saved);
	return owner;
}

bool frames_any_private(struct pfn first, uint64_t count)
{
	uint64_t saved = spin_lock(&lock);
	bool any = frame_pool_any_private(&pool, first.v, count);

	spin_unlock(&lock, saved);
	return any;
}

uint64_t frames_count(enum frame_owner owner)
{
	uint64_t saved, count;

	if (owner >= FRAME_OWNERS)
		return 0;
	saved = spin_lock(&lock);
	count = pool.count[owner];
	spin_unlock(&lock, saved);
	return count;
}

/* --- the audit */

static bool is_clear(uint64_t frame)
{
	return window_is_clear((struct pfn){frame});
}

/* Under the lock frame by frame: what is looked at is nobody's meanwhile. */
static void look_below(uint64_t below, unsigned frames, struct audit_free *result)
{
	unsigned found = 0;

	for (unsigned turns = 0; turns < AUDIT_TURNS && found < frames && below; turns++) {
		uint64_t saved = spin_lock(&lock);

		found += audit_free_next(&pool, &below, AUDIT_LOOKS, is_clear, result);
		spin_unlock(&lock, saved);
	}
}

void audit_free(struct audit_free *result)
{
	*result = (struct audit_free){0};
	look_below(pool.frames, AUDIT_HIGHEST, result);
	for (unsigned i = 0; i < AUDIT_SAMPLES; i++)
		look_below(random_below(pool.frames) + 1, AUDIT_IN_A_ROW, result);
}

void frames_log_usage(void)
{
	static const char *const names[FRAME_OWNERS] = {[FRAME_KERNEL] = "kernel",
		[FRAME_HEAP] = "heap",
		[FRAME_PTABLE] = "page tables",
		[FRAME_USER] = "user",
		[FRAME_USER_TEXT] = "user text",
		[FRAME_DMA] = "dma",
		[FRAME_MODULE] = "modules",
		[FRAME_MODULE_TEXT] = "module text",
		[FRAME_SHADOW] = "shadow stacks",
		[FRAME_VM] = "virtual machines",
		[FRAME_VTX] = "vtx"};
	uint64_t sum = frame_pool_bytes(pool.frames) >> 10;
	char text[256];
	int at;

	at = snprintf(text, sizeof(text), "frames %llu", (unsigned long long)sum);
	for (unsigned i = 0; i < FRAME_OWNERS; i++) {
		uint64_t kib = frames_count((enum frame_owner)i) * (PAGE_SIZE >> 10);

		if (!names[i])
			continue;
		sum += kib;
		at += snprintf(text + at, sizeof(text) - (size_t)at, ", %s %llu", names[i],
			(unsigned long long)kib);
	}
	vmk_log("%llu KiB in use beside the image: %s", (unsigned long long)sum, text);
	vmk_log("%llu MiB are out of the direct map, %llu MiB of them idle",
		(unsigned long long)pool.private_chunks * 2,
		(unsigned long long)pool.stock[FRAME_PRIVATE].chunks * 2);
	vmk_log("%llu KiB of the direct map's memory are promised, %llu KiB of the rest",
		(unsigned long long)pool.stock[FRAME_DIRECT].promised * (PAGE_SIZE >> 10),
		(unsigned long long)pool.stock[FRAME_PRIVATE].promised * (PAGE_SIZE >> 10));
}
