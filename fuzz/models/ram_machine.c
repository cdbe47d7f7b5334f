#include "fuzz/models/ram_machine.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mem/heap.h"
#include "mem/window.h"
#include "tests/unit/shim/frame_source.h"
#include "vmkvm/state.h"
#include <stdlib.h>
#include <string.h>

#define TABLES      64u
#define REQUIRE(it) ((it) ? (void)0 : panic("vm memory: not so: %s", #it))

struct space {
	int unused;
};

struct ram_machine ram_machine;
static struct ram_machine *const m = &ram_machine;
static struct space space;
static uint64_t pool_memory[4096], fresh_memory[4096];
static struct frame_pool fresh;
static uint64_t tables[TABLES][512];
static uint16_t table_frame[TABLES];
static uint8_t table_at[RAM_MACHINE_FRAMES]; /* of a frame, + 1 */
static uint32_t held;

/* --- locks */

static struct lock_entered enter(void)
{
	return (struct lock_entered){&held, !held};
}

static void leave(uint64_t saved)
{
	m->loose();
}

static void wait(void)
{
	panic("vm memory: somebody waits for a lock that nobody gives back");
}

static const struct lock_ops lock_ops = {enter, leave, wait};

/* --- frames */

static void prepare(void)
{
	REQUIRE(frame_pool_bytes(RAM_MACHINE_FRAMES) <= sizeof(fresh_memory));
	frame_pool_init(&fresh, RAM_MACHINE_FRAMES, fresh_memory);
	frame_pool_add(&fresh, 1, RAM_MACHINE_FRAMES - 1);
	lock_init(&lock_ops);
}

void ram_machine_start(void)
{
	if (!fresh.frames)
		prepare();
	memcpy(pool_memory, fresh_memory, frame_pool_bytes(RAM_MACHINE_FRAMES));
	m->pool = fresh;
	frame_pool_rebase(&m->pool, pool_memory);
	memset(m->content, 0, sizeof(m->content));
	memset(m->shown, 0, sizeof(m->shown));
	memset(table_frame, 0, sizeof(table_frame));
	memset(table_at, 0, sizeof(table_at));
	m->fill = NULL;
	m->allocations = m->tables = 0;
	m->heap = m->promise = m->space = m->view_tables = false;
	m->view_promised = 0;
	m->reserved = m->forgotten = 0;
	held = 0;
}

struct space *ram_machine_space(void)
{
	return &space;
}

static uint64_t *table_of(uint64_t frame)
{
	unsigned free = 0;

	if (table_at[frame])
		return tables[table_at[frame] - 1];
	while (free < TABLES && table_frame[free])
		free++;
	REQUIRE(free < TABLES);
	table_frame[free] = (uint16_t)frame;
	table_at[frame] = (uint8_t)(free + 1);
	memset(tables[free], 0, sizeof(tables[free]));
	return tables[free];
}

static void forget_table(uint64_t frame)
{
	if (table_at[frame])
		table_frame[table_at[frame] - 1] = 0;
	table_at[frame] = 0;
}

void *direct_map(struct hpa address)
{
	REQUIRE(frame_pool_owner(&m->pool, hpa_pfn(address).v) == FRAME_VTX);
	return table_of(hpa_pfn(address).v);
}

struct hpa direct_map_hpa(const void *address)
{
	return hpa(
		(uint64_t)table_frame[((const uint64_t *)address - tables[0]) / 512] << PAGE_SHIFT);
}

static bool fails(enum frame_owner owner)
{
	if (owner == FRAME_VTX && m->tables) {
		const bool now = m->tables & 1;

		m->tables >>= 1;
		m->refused += now;
		return now;
	}
	if (!m->allocations)
		return false;
	m->allocations--;
	m->refused++;
	return true;
}

enum vmk_status frames_alloc_promised(
	unsigned order, enum frame_owner owner, uint64_t promised, struct pfn *frame)
{
	enum vmk_status status;

	if (fails(owner))
		return VMK_NO_MEMORY;
	if (owner == FRAME_VM)
		m->loose();
	status = frame_source_take(&m->pool, order, owner, promised, &frame->v);
	if (status == VMK_OK)
		m->allocated(*frame, order);
	return status;
}

void frames_free_promised(struct pfn frame, unsigned order, uint64_t promise)
{
	const enum frame_owner owner = frame_pool_owner(&m->pool, frame.v);
	uint64_t chunk;

	if (owner == FRAME_VM)
		m->freeing(frame, order);
	if (owner == FRAME_VTX)
		forget_table(frame.v);
	memset(m->content + frame.v, 0, 1ull << order);
	frame_pool_free_promised(&m->pool, frame.v, order, promise);
	frame_pool_show(&m->pool, 1, &chunk);
	if (owner == FRAME_VM)
		m->loose();
}

enum vmk_status frames_alloc(unsigned order, enum frame_owner owner, struct pfn *frame)
{
	return frames_alloc_promised(order, owner, 0, frame);
}

void frames_free(struct pfn frame, unsigned order)
{
	frames_free_promised(frame, order, 0);
}

/* Nobody else asks for memory here. */
enum vmk_status vm_balloon_promise(
	enum frame_side side, uint64_t frames, uint64_t keep, struct frame_shortage *shortage)
{
	return frames_promise(side, frames, keep, shortage);
}

enum vmk_status frames_promise(
	enum frame_side side, uint64_t frames, uint64_t keep, struct frame_shortage *shortage)
{
	return m->promise ? VMK_NO_MEMORY : frame_pool_promise(&m->pool, side, frames, keep);
}

void frames_unpromise(enum frame_side side, uint64_t frames)
{
	frame_pool_unpromise(&m->pool, side, frames);
}

uint64_t frames_spare(enum frame_side side, uint64_t keep)
{
	return frame_pool_spare(&m->pool, side, keep);
}

void frames_split(struct pfn frame, unsigned order)
{
	frame_pool_split(&m->pool, frame.v, order);
}

enum frame_owner frames_owner(struct pfn frame)
{
	return frame_pool_owner(&m->pool, frame.v);
}

void *heap_calloc(size_t count, size_t bytes)
{
	return m->heap ? NULL : calloc(count, bytes);
}

void heap_free(void *memory)
{
	free(memory);
}

/* --- what frames hold */

void window_read(void *to, struct hpa from, size_t bytes)
{
	memset(to, m->content[hpa_pfn(from).v], bytes);
}

void window_write(struct hpa to, const void *from, size_t bytes)
{
	m->content[hpa_pfn(to).v] = *(const uint8_t *)from;
	m->written(to, from, bytes);
}

bool window_is_clear(struct pfn frame)
{
	return !m->content[frame.v];
}

/* --- vCPUs and the log */

void vm_kick(struct vm_vcpu *v)
{
}

/* It may have forgotten later changes, too. */
void vm_vcpu_await(const struct vm_vcpu *v, uint64_t generation)
{
	REQUIRE(generation <= v->vm->vtx.ept.generation);
	m->forgotten = v->vm->vtx.ept.generation;
	m->flushes++;
	m->loose();
}

void vm_pcpu_give_way(void)
{
	m->loose();
}

void world_urgent(bool urgent)
{
}

void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
}

/* --- the VMX world's space */

uint64_t space_domain(const struct space *s)
{
	return 1;
}

uint64_t space_tables_for(size_t bytes)
{
	return 3;
}

enum vmk_status space_promise_tables(struct space *s, size_t bytes, uint64_t given)
{
	const uint64_t frames = space_tables_for(bytes);
	enum vmk_status status = VMK_NO_MEMORY;

	REQUIRE(given <= frames);
	if (!m->view_tables)
		status = frames_promise(FRAME_DIRECT, frames - given, 0, NULL);
	m->view_promised += status == VMK_OK ? frames : 0;
	return status;
}

enum vmk_status space_free(struct space *s, uintptr_t address, size_t bytes)
{
	REQUIRE(address + bytes == RAM_MACHINE_VIEW + m->reserved);
	m->reserved -= bytes;
	return VMK_OK;
}

enum vmk_status space_reserve_foreign(struct space *s, size_t bytes, uintptr_t *address)
{
	if (m->space)
		return VMK_NO_PLACE;
	*address = RAM_MACHINE_VIEW + m->reserved;
	m->reserved += bytes;
	return VMK_OK;
}

size_t space_foreign_room(struct space *s)
{
	return 0;
}

void space_set_filler(struct space *s, space_filler fill, void *context)
{
	m->fill = fill;
}

enum vmk_status space_map_foreign(struct space *s, uintptr_t address, struct hpa from, size_t bytes)
{
	const uint64_t page = (address - RAM_MACHINE_VIEW) >> PAGE_SHIFT,
		       count = bytes >> PAGE_SHIFT;

	REQUIRE(page < RAM_MACHINE_PAGES && count <= RAM_MACHINE_PAGES - page);
	for (uint64_t i = page; i < page + count; i++)
		if (m->shown[i])
			return VMK_EXISTS;
	for (uint64_t i = 0; i < count; i++)
		m->shown[page + i] = (uint16_t)(hpa_pfn(from).v + i);
	return VMK_OK;
}

enum vmk_status space_unmap_foreign(struct space *s, uintptr_t address, size_t bytes)
{
	const uint64_t page = (address - RAM_MACHINE_VIEW) >> PAGE_SHIFT;

	REQUIRE(page < RAM_MACHINE_PAGES && bytes == PAGE_SIZE);
	if (m->space)
		return VMK_BUSY;
	m->shown[page] = 0;
	return VMK_OK;
}
