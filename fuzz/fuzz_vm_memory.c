/* runs: 4000 */
/* sources: kernel/vmkvm/memory.c kernel/vmkvm/ram.c kernel/vmkvm/view.c kernel/vtx/ept.c */
/* sources: kernel/vmkvm/grant.c kernel/vmkvm/access.c kernel/vmkvm/blocks.c */
/* sources: kernel/mem/frame_pool.c kernel/lib/lock.c */
/* quiet: tests/unit/shim/panic.c */
/* plain: fuzz/lib/figures.c */
/* coverage: edges */
/*
 * A VM's RAM: pages touched, written, seen by the VMX world and given back in any order, while
 * others take and free memory, and large pages go and come: against what each page holds and where
 * its frame may still be reached. Three bytes an operation: what, and which page. Memory runs out,
 * the world's space refuses, and another vCPU touches a page while this one has no lock. Looked at
 * after each: the sums and the pages that it names; all pages now and then, as the input says, and
 * at the end.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/lib/figures.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mem/frame_pool.h"
#include "mem/heap.h"
#include "mem/space.h"
#include "mem/window.h"
#include "vmkvm/state.h"
#include "vtx/capabilities.h"

#define FRAMES      4096u
#define LOW_PAGES   1024u
#define HIGH_PAGES  520u
#define PAGES       (LOW_PAGES + HIGH_PAGES)
#define TABLES      64u
#define OTHERS_MAX  64u
#define WHOLE_EACH  32u /* so many operations, all pages are looked at */
#define VIEW        0x10000000ull
#define REQUIRE(it) ((it) ? (void)0 : panic("vm memory: not so: %s", #it))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct space {
	space_filler fill;
	uint16_t shown[PAGES]; /* frames, 0: nothing */
};
static struct space space;
static struct frame_pool pool;
static uint64_t pool_memory[8192];
static uint64_t tables[TABLES][512];
static uint16_t table_frame[TABLES];
static uint8_t table_at[FRAMES]; /* of a frame, + 1 */
static uint8_t content[FRAMES];  /* of the RAM frames: the byte that was written last */
static struct vtx_controls controls;
static struct vm vm;
static struct vm_vcpu vcpu;
static uint64_t forgotten; /* the EPT generation that the vCPU has seen */
static uint8_t said[PAGES];
static struct pfn others[OTHERS_MAX];
static unsigned other_count;
/* In which operation each frame was allocated: until that ends it may go back unseen. */
static unsigned operation, born[FRAMES];
static struct {
	unsigned allocations;      /* that fail next */
	unsigned tables;           /* bit n: table n from now on does not come */
	bool heap, promise, space; /* fails */
	unsigned meanwhile; /* the page that another touches during the next allocation; PAGES */
	bool met;           /* it did */
} trouble;

static void touch_meanwhile(void);

/* --- the machine */

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
	REQUIRE(frame_pool_owner(&pool, hpa_pfn(address).v) == FRAME_VTX);
	return table_of(hpa_pfn(address).v);
}

struct hpa direct_map_hpa(const void *address)
{
	return hpa(
		(uint64_t)table_frame[((const uint64_t *)address - tables[0]) / 512] << PAGE_SHIFT);
}

enum vmk_status frames_alloc_promised(
	unsigned order, enum frame_owner owner, uint64_t promised, struct pfn *frame)
{
	enum vmk_status status;
	uint64_t chunk;

	if (owner == FRAME_VTX && trouble.tables) {
		const bool fails = trouble.tables & 1;

		trouble.tables >>= 1;
		if (fails)
			return VMK_NO_MEMORY;
	}
	if (trouble.allocations) {
		trouble.allocations--;
		return VMK_NO_MEMORY;
	}
	if (owner == FRAME_VM)
		touch_meanwhile();
	status = frame_pool_alloc_promised(&pool, order, owner, promised, FRAMES, &frame->v);
	if (status == VMK_NO_MEMORY && owner == FRAME_VM && frame_pool_hide(&pool, &chunk)) {
		frame_pool_hidden(&pool, chunk);
		status =
			frame_pool_alloc_promised(&pool, order, owner, promised, FRAMES, &frame->v);
	}
	for (uint64_t i = 0; status == VMK_OK && i < 1ull << order; i++)
		born[frame->v + i] = operation;
	return status;
}

/* What a vCPU may still reach is not free. */
void frames_free_promised(struct pfn frame, unsigned order, uint64_t promise)
{
	const enum frame_owner owner = frame_pool_owner(&pool, frame.v);
	uint64_t chunk;

	REQUIRE(!vm.vcpu_count || owner != FRAME_VM || order || born[frame.v] == operation ||
		forgotten == vm.vtx.ept.generation);
	if (owner == FRAME_VTX)
		forget_table(frame.v);
	for (uint64_t i = frame.v; i < frame.v + (1ull << order); i++)
		content[i] = 0;
	frame_pool_free(&pool, frame.v, order);
	pool.promised += promise;
	frame_pool_show(&pool, 1, &chunk);
	if (owner == FRAME_VM && !order)
		touch_meanwhile();
}

enum vmk_status frames_alloc(unsigned order, enum frame_owner owner, struct pfn *frame)
{
	return frames_alloc_promised(order, owner, 0, frame);
}

void frames_free(struct pfn frame, unsigned order)
{
	frames_free_promised(frame, order, 0);
}

enum vmk_status frames_promise(uint64_t frames, uint64_t keep)
{
	return trouble.promise ? VMK_NO_MEMORY : frame_pool_promise(&pool, frames, keep);
}

void frames_unpromise(uint64_t frames)
{
	frame_pool_unpromise(&pool, frames);
}

uint64_t frames_spare(void)
{
	return frame_pool_spare(&pool);
}

void frames_split(struct pfn frame, unsigned order)
{
	frame_pool_split(&pool, frame.v, order);
}

enum frame_owner frames_owner(struct pfn frame)
{
	return frame_pool_owner(&pool, frame.v);
}

void *heap_calloc(size_t count, size_t bytes)
{
	return trouble.heap ? NULL : calloc(count, bytes);
}

void heap_free(void *memory)
{
	free(memory);
}

void window_read(void *to, struct hpa from, size_t bytes)
{
	memset(to, content[hpa_pfn(from).v], bytes);
}

void window_write(struct hpa to, const void *from, size_t bytes)
{
	content[hpa_pfn(to).v] = *(const uint8_t *)from;
}

bool window_is_clear(struct pfn frame)
{
	return !content[frame.v];
}

/* Nobody waits. */
enum vmk_status vm_touch_for_devices(struct vm *v, struct gpa gpa)
{
	enum vmk_status status = vm_memory_supply(v, gpa, true);

	return status != VMK_OK && vm_memory_trim(v) ? vm_memory_supply(v, gpa, false) : status;
}

void vm_kick(struct vm_vcpu *v)
{
}

void vm_vcpu_await(const struct vm_vcpu *v, uint64_t generation)
{
	REQUIRE(generation == vm.vtx.ept.generation);
	forgotten = generation;
}

void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
}

/* --- the VMX world's space */

uint64_t space_domain(const struct space *s)
{
	return 1;
}

enum vmk_status space_reserve(struct space *s, size_t bytes, uintptr_t *address)
{
	if (trouble.space)
		return VMK_NO_MEMORY;
	*address = VIEW + vm.view_count * LOW_PAGES * PAGE_SIZE;
	return VMK_OK;
}

void space_set_filler(struct space *s, space_filler fill, void *context)
{
	s->fill = fill;
}

enum vmk_status space_map_foreign(struct space *s, uintptr_t address, struct hpa from, size_t bytes)
{
	const uint64_t page = (address - VIEW) >> PAGE_SHIFT, count = bytes >> PAGE_SHIFT;

	REQUIRE(page < PAGES && count <= PAGES - page);
	for (uint64_t i = page; i < page + count; i++)
		if (s->shown[i])
			return VMK_EXISTS;
	for (uint64_t i = 0; i < count; i++)
		s->shown[page + i] = (uint16_t)(hpa_pfn(from).v + i);
	return VMK_OK;
}

enum vmk_status space_unmap_foreign(struct space *s, uintptr_t address, size_t bytes)
{
	const uint64_t page = (address - VIEW) >> PAGE_SHIFT;

	REQUIRE(page < PAGES && bytes == PAGE_SIZE);
	if (trouble.space)
		return VMK_BUSY;
	s->shown[page] = 0;
	return VMK_OK;
}

/* --- operations */

static struct gpa gpa_of(unsigned page)
{
	return (struct gpa){
		page < LOW_PAGES ? (uint64_t)page << PAGE_SHIFT
				 : VMK_VM_HIGH_BASE + (((uint64_t)page - LOW_PAGES) << PAGE_SHIFT)};
}

static bool is_mapped(unsigned page)
{
	struct ept_leaf leaf;

	return ept_find(&vm.vtx.ept, gpa_of(page), &leaf);
}

static void touch(unsigned page, bool at_once, bool large)
{
	const bool there = ram_frame(&vm.memory.ram, page);
	enum vmk_status status = at_once ? vm_memory_supply_at_once(&vm, gpa_of(page))
					 : vm_memory_supply(&vm, gpa_of(page), large);

	if (status == VMK_BUSY)
		status = vm_memory_supply(&vm, gpa_of(page), true);
	REQUIRE(trouble.met || (status == VMK_OK) == is_mapped(page) ||
		(there && status == VMK_NO_MEMORY));
	REQUIRE(status != VMK_OK || ram_frame(&vm.memory.ram, page));
	trouble.met = false;
	if (status == VMK_OK)
		vm_memory_execute(&vm, gpa_of(page));
}

static void touch_meanwhile(void)
{
	const unsigned page = trouble.meanwhile;

	if (page == PAGES)
		return;
	trouble.meanwhile = PAGES;
	vm_memory_supply(&vm, gpa_of(page), false);
	trouble.met = true;
}

/* So that a block becomes whole. */
static void touch_block(unsigned page)
{
	for (unsigned i = page & ~(RAM_BLOCK_PAGES - 1), n = 0; n < RAM_BLOCK_PAGES; n++, i++)
		if (i < PAGES)
			touch(i, true, false);
}

/* What is taken held nothing. */
static void trim(void)
{
	const uint64_t granted = vm.memory.granted;

	REQUIRE(vm_memory_trim(&vm) == granted - vm.memory.granted || trouble.met);
	trouble.met = false;
}

static void say(unsigned page, uint8_t byte)
{
	if (vm_memory_write(&vm.vtx, gpa_of(page), &byte, 1))
		said[page] = byte;
}

static void look(unsigned page)
{
	if (!space.shown[page] && space.fill(&vm, &space, VIEW + (uint64_t)page * PAGE_SIZE))
		REQUIRE(space.shown[page]);
}

static void give_back(unsigned page, unsigned stride)
{
	uint32_t pages[5];

	for (unsigned i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = (uint32_t)(gpa_of((page + i * stride) % PAGES).v >> PAGE_SHIFT);
	pages[4] += page % 7 ? 0 : PAGES; /* no RAM, mostly */
	vm_give_back(&vm, &space, pages, ARRAY_SIZE(pages));
	/* Those that are gone, and no others, hold nothing. */
	for (unsigned i = 0; i < ARRAY_SIZE(pages); i++)
		if (!ram_frame(&vm.memory.ram, (page + i * stride) % PAGES))
			said[(page + i * stride) % PAGES] = 0;
}

/* Somebody else's memory: much of it, so that there is too little now and then. */
static void other(unsigned what)
{
	struct pfn frame;

	if (what & 1 && other_count)
		frames_free_promised(others[--other_count], 6, 0);
	else if (other_count < OTHERS_MAX &&
		 frames_alloc_promised(6, FRAME_HEAP, 0, &frame) == VMK_OK)
		others[other_count++] = frame;
}

static void map_badly(unsigned page)
{
	const struct {
		uint64_t gpa, bytes;
	} bad[] = {{0, 0}, {1, PAGE_SIZE}, {0, 1}, {vm.low_bytes + PAGE_SIZE, PAGE_SIZE},
		{0, vm.low_bytes + PAGE_SIZE}, {VMK_VM_HIGH_BASE, vm.high_bytes + PAGE_SIZE}};
	const unsigned views = vm.view_count;
	uintptr_t address;

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		REQUIRE(vm_map(&vm, &space, (struct gpa){bad[i].gpa}, bad[i].bytes, &address) ==
			VMK_BAD_PARAM);
	trouble.space = true;
	REQUIRE(vm_map(&vm, &space, gpa_of(0), PAGE_SIZE, &address) == VMK_NO_MEMORY);
	trouble.space = false;
	vm.view_count = VM_VIEWS_MAX;
	REQUIRE(vm_map(&vm, &space, gpa_of(0), PAGE_SIZE, &address) == VMK_NO_RESOURCES);
	vm.view_count = views;
	REQUIRE(!space.fill(&vm, &space, VIEW + PAGES * PAGE_SIZE + page));
}

/* What lies across pages, or where no RAM is. */
static void reach_far(unsigned page)
{
	const struct gpa hole = {vm.low_bytes};
	uint8_t bytes[2 * PAGE_SIZE];

	REQUIRE(!vm_memory_is_ram(&vm, hole) && vm_memory_is_ram(&vm, gpa_of(page)));
	REQUIRE(!vm_memory_read(&vm.vtx, hole, bytes, 1) &&
		!vm_memory_write(&vm.vtx, hole, bytes, 1));
	REQUIRE(vm_memory_supply(&vm, hole, true) == VMK_NOT_FOUND);
	vm_memory_execute(&vm, hole);
	if ((page + 1) % LOW_PAGES == 0 || page + 1 >= PAGES)
		return;
	REQUIRE(vm_memory_read(&vm.vtx, (struct gpa){gpa_of(page).v + 100}, bytes, PAGE_SIZE));
	REQUIRE(bytes[0] == said[page] && bytes[PAGE_SIZE - 1] == said[page + 1]);
}

static void look_at_all(void)
{
	struct vm_audit audit = {0};
	struct vm_usage usage;

	vm_memory_audit(&vm, &audit);
	vm_memory_usage(&vm, &usage);
	REQUIRE(!audit.strange && usage.granted == vm.memory.ram.present);
	REQUIRE(vm_memory_overhead(PAGES) == vm.memory.overhead);
}

/* Nothing that is not the VM's gets into its tables. */
static void map_foreign(unsigned page)
{
	const uint64_t flags = EPT_ACCESS | EPT_WRITE_BACK;
	const uint64_t frame = ram_frame(&vm.memory.ram, page);

	REQUIRE(ept_map(&vm.vtx.ept, (struct gpa){vm.low_bytes}, hpa(PAGE_SIZE), PAGE_SIZE,
			flags) == VMK_DENIED);
	REQUIRE(ept_map(&vm.vtx.ept, gpa_of(page), hpa((frame + 1) << PAGE_SHIFT), PAGE_SIZE,
			flags) == VMK_DENIED);
	REQUIRE(ept_map(&vm.vtx.ept, gpa_of(PAGES - 1), hpa(frame << PAGE_SHIFT), 2 * PAGE_SIZE,
			flags) == VMK_DENIED);
}

static void disturb(unsigned how, unsigned page)
{
	switch (how & 7) {
	case 0:
		map_badly(page);
		break;
	case 1:
		reach_far(page);
		break;
	case 2:
		look_at_all();
		break;
	case 3:
		map_foreign(page);
		break;
	case 4:
		if (page & 8)
			trouble.tables = 1 + page % 7;
		else
			trouble.allocations = 1 + page % 3;
		break;
	case 5:
		trouble.space = true;
		give_back(page, 1);
		trouble.space = false;
		break;
	default:
		trouble.meanwhile = page;
	}
}

/* --- what must hold */

static bool is_harmless(void *context, const struct ept_leaf *leaf)
{
	return !vm.memory.policy.small_code || leaf->shift == EPT_4K ||
	       !(leaf->entry & EPT_EXECUTE);
}

static void check_page(unsigned page)
{
	struct ept_leaf leaf;
	const uint64_t frame = ram_frame(&vm.memory.ram, page);
	struct hpa there;
	uint64_t bytes;
	uint8_t heard;

	REQUIRE(vm_memory_read(&vm.vtx, gpa_of(page), &heard, 1) && heard == said[page]);
	REQUIRE(!space.shown[page] || space.shown[page] == frame);
	REQUIRE(!frame || frame_pool_owner(&pool, frame) == FRAME_VM);
	if (!ept_translate(&vm.vtx.ept, gpa_of(page), EPT_READ | EPT_WRITE, &there, &bytes))
		return;
	REQUIRE(hpa_pfn(there).v == frame);
	REQUIRE(ept_find(&vm.vtx.ept, gpa_of(page), &leaf) && is_harmless(NULL, &leaf));
}

static uint64_t rest(uint64_t of, uint64_t have)
{
	return of > have ? of - have : 0;
}

static void check_sums(void)
{
	const struct vm_memory *m = &vm.memory;

	REQUIRE(m->granted == m->ram.present + m->stocked && m->granted <= m->policy.limit);
	REQUIRE(pool.count[FRAME_VM] == m->granted && pool.count[FRAME_VTX] == m->tables);
	REQUIRE(pool.promised ==
		rest(m->policy.reservation, m->granted) + rest(m->overhead, m->tables));
	REQUIRE(pool.promised <= pool.count[FRAME_FREE]);
	REQUIRE(!m->rearranging);
}

static void take_once(bool *taken, uint64_t frame)
{
	REQUIRE(!taken[frame] && frame_pool_owner(&pool, frame) == FRAME_VM);
	taken[frame] = true;
}

/* What the EPT maps the record has (ept_check()). */
static void check_all(void)
{
	const struct vm_memory *m = &vm.memory;
	bool taken[FRAMES] = {false};
	struct ept_leaf bad;

	REQUIRE(ept_check(&vm.vtx.ept, &bad));
	REQUIRE(ept_walk(&vm.vtx.ept, is_harmless, NULL));
	for (unsigned page = 0; page < PAGES; page++) {
		const uint64_t frame = ram_frame(&m->ram, page);

		REQUIRE(!space.shown[page] || space.shown[page] == frame);
		REQUIRE(said[page] == (frame ? content[frame] : 0));
		if (frame)
			take_once(taken, frame);
	}
	for (unsigned i = 0; i < m->stocked; i++) {
		REQUIRE(!content[m->stock[i].v]);
		take_once(taken, m->stock[i].v);
	}
}

static bool power_on(const uint8_t *data)
{
	const struct vm_memory_policy policy = {.reservation = MIN(data[0] * 8u, PAGES),
		.limit = MIN(MAX(data[0], data[1]) * 8u, PAGES),
		.keep = data[2] * 4u,
		.large = data[3] & 1,
		.small_code = data[3] & 4};
	uintptr_t low, high;

	memset(&vm, 0, sizeof(vm));
	controls.ept_vpid = data[3] & 2 ? EPT_CAP_2M : 0;
	vm.vtx.controls = &controls;
	vm.low_bytes = LOW_PAGES * PAGE_SIZE;
	vm.high_bytes = HIGH_PAGES * PAGE_SIZE;
	vm.vcpus[0] = &vcpu;
	vm.vcpu_count = 1;
	trouble.heap = data[3] & 0x80;
	trouble.promise = data[3] & 0x40;
	trouble.allocations = data[3] >> 5 & 1;
	if (vm_memory_create(&vm, &policy) != VMK_OK)
		return false;
	REQUIRE(vm_map(&vm, &space, gpa_of(0), vm.low_bytes, &low) == VMK_OK);
	REQUIRE(vm_map(&vm, &space, gpa_of(LOW_PAGES), vm.high_bytes, &high) == VMK_OK);
	return true;
}

/* Without vCPUs nobody has to forget anything. */
static void power_off(void)
{
	memset(&trouble, 0, sizeof(trouble));
	trouble.meanwhile = PAGES;
	vm.vcpu_count = 0;
	vm_memory_destroy(&vm);
	while (other_count)
		other(1);
	REQUIRE(!pool.promised && pool.count[FRAME_FREE] == FRAMES - 1);
}

static void operate(uint8_t what, const uint8_t *where)
{
	const unsigned page = (where[0] << 3 ^ where[1]) % PAGES, more = what >> 3;

	operation++;
	switch (what & 7) {
	case 0:
		touch(page, more & 1, more & 2);
		break;
	case 1:
		if (more == 31)
			touch_block(page);
		else
			touch(page, false, true);
		break;
	case 2:
		say(page, (uint8_t)more);
		break;
	case 3:
		look(page);
		break;
	case 4:
		if (what >= 0x80)
			disturb(more, page);
		else
			other(more);
		break;
	case 5:
		trim();
		break;
	default:
		give_back(page, more);
	}
	check_sums();
	check_page(page);
	if (where[1] % WHOLE_EACH == 0)
		check_all();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t i = 4;

	if (size < 4)
		return 0;
	memset(&space, 0, sizeof(space));
	memset(table_frame, 0, sizeof(table_frame));
	memset(table_at, 0, sizeof(table_at));
	memset(content, 0, sizeof(content));
	memset(said, 0, sizeof(said));
	trouble.meanwhile = PAGES;
	memset(pool_memory, 0, frame_pool_bytes(FRAMES));
	frame_pool_init(&pool, FRAMES, pool_memory);
	frame_pool_add(&pool, 1, FRAMES - 1);
	forgotten = 0;
	if (power_on(data)) {
		for (i = 4; i + 2 < size; i += 3)
			operate(data[i], data + i + 1);
		check_all();
	}
	power_off();
	figures_operations(i / 3);
	return 0;
}
