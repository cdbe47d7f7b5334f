/* runs: 4000 */
/* options: -use_counters=0 -reduce_inputs=0 */
/* sources: kernel/vmkvm/memory.c kernel/vmkvm/ram.c kernel/vmkvm/view.c kernel/vtx/ept.c */
/* sources: kernel/vmkvm/grant.c kernel/vmkvm/access.c kernel/vmkvm/blocks.c */
/* plain: fuzz/models/ram_machine.c fuzz/models/ram_oracle.c kernel/mem/frame_pool.c */
/* plain: kernel/lib/lock.c fuzz/lib/figures.c tests/unit/shim/panic.c */
/* coverage: edges, comparisons, bare */
/*
 * A VM's RAM: pages touched, written, seen by the VMX world and given back in any order, while
 * others take and free memory, and large pages go and come: against what each page holds and where
 * its frame may still be reached. Three bytes an operation: what, and which page. Memory runs out,
 * the world's space refuses, and an operation may come in the middle of another, at any point where
 * that one has no lock. Looked at after each: the sums and the pages that it names; all pages now
 * and then, as the input says, and at the end.
 */
#include <string.h>

#include "fuzz/lib/figures.h"
#include "fuzz/models/ram_machine.h"
#include "fuzz/models/ram_oracle.h"
#include "lib/panic.h"
#include "vmkvm/memory.h"
#include "vtx/capabilities.h"

#define LOW_PAGES  1024u
#define HIGH_PAGES 520u
#define PAGES      (LOW_PAGES + HIGH_PAGES)
#define OTHERS_MAX 64u
#define DEEP       2u
/* All pages are looked at after one operation in so many: no page number that mutation prefers. */
#define WHOLE_EACH  32u
#define WHOLE_AFTER 13u
#define REQUIRE(it) ((it) ? (void)0 : panic("vm memory: not so: %s", #it))

_Static_assert(PAGES == RAM_MACHINE_PAGES, "pages");

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ram_machine *const machine = &ram_machine;
static struct vtx_controls controls;
static struct vm vm;
static struct vm_vcpu vcpu;
static uint8_t said[PAGES];
static unsigned saying = PAGES; /* the page that say() writes to */
static struct pfn others[OTHERS_MAX];
static unsigned other_count;
/* In which operation each frame was allocated: until that ends it may go back unseen. */
static unsigned operation, born[RAM_MACHINE_FRAMES];
/* When the vCPU was last seen to reach a frame: machine->flushes + 1. */
static unsigned reached[RAM_MACHINE_FRAMES];
/* Operations in the middle of others: each where no lock is held for the `due`th time, the second
 * in the middle of the first. */
static struct {
	struct {
		unsigned due;
		uint8_t what, where[2];
	} op[DEEP];
	unsigned waiting;
	unsigned depth; /* so many of them are going on */
	bool wanted;    /* the next operation is to be one of them */
	bool met;       /* one came in the middle of the operation that is going on */
	bool shut;      /* none may come in */
	bool devices;   /* the VMX world is at work; it has one thread */
} meanwhile;

static void carry_out(uint8_t what, const uint8_t *where);

/* --- the machine's hooks */

static void come_in(void)
{
	const unsigned i = meanwhile.depth;

	if (meanwhile.shut || i == meanwhile.waiting || --meanwhile.op[i].due)
		return;
	meanwhile.depth++;
	meanwhile.met = true;
	carry_out(meanwhile.op[i].what, meanwhile.op[i].where);
	meanwhile.depth--;
	meanwhile.waiting--;
	if (i < meanwhile.waiting)
		meanwhile.op[i] = meanwhile.op[i + 1];
}

/* What a vCPU may still reach is not free. */
static void see_freed(struct pfn frame, unsigned order)
{
	if (!vm.vcpu_count || order)
		return;
	REQUIRE(reached[frame.v] != machine->flushes + 1);
	REQUIRE(meanwhile.met || born[frame.v] == operation ||
		machine->forgotten == vm.vtx.ept.generation);
}

static void see_allocated(struct pfn first, unsigned order)
{
	for (uint64_t i = 0; i < 1ull << order; i++) {
		born[first.v + i] = operation;
		reached[first.v + i] = 0;
	}
}

static void see_written(struct hpa to, const void *from, size_t bytes)
{
	if (bytes != 1)
		return;
	REQUIRE(saying < PAGES && ram_frame(&vm.memory.ram, saying) == hpa_pfn(to).v);
	said[saying] = *(const uint8_t *)from;
}

/* --- operations */

static struct gpa gpa_of(unsigned page)
{
	return (struct gpa){
		page < LOW_PAGES ? (uint64_t)page << PAGE_SHIFT
				 : VMK_VM_HIGH_BASE + (((uint64_t)page - LOW_PAGES) << PAGE_SHIFT)};
}

/* The processor may keep what it finds there. */
static bool reach(unsigned page)
{
	struct hpa there;
	uint64_t bytes;

	if (!ept_translate(&vm.vtx.ept, gpa_of(page), EPT_READ, &there, &bytes))
		return false;
	reached[hpa_pfn(there).v] = machine->flushes + 1;
	return true;
}

static void touch(unsigned page, bool at_once, bool large)
{
	const unsigned refused = machine->refused;
	const struct vm_memory *m = &vm.memory;
	/* It has a frame or one was promised, and so are its tables: it comes. */
	const bool due =
		ram_frame(&m->ram, page) || m->stocked || m->granted < m->policy.reservation;
	enum vmk_status status = at_once ? vm_memory_supply_at_once(&vm, gpa_of(page))
					 : vm_memory_supply(&vm, gpa_of(page), large);
	bool mapped;

	if (status == VMK_BUSY)
		status = vm_memory_supply(&vm, gpa_of(page), true);
	mapped = reach(page);
	/* A block that became large may have to be touched once more, if there was no table for it.
	 */
	REQUIRE(meanwhile.met || (status == VMK_OK) == mapped || machine->refused != refused);
	REQUIRE(meanwhile.met || status == VMK_OK || machine->refused != refused || !due);
	REQUIRE(meanwhile.met || status != VMK_OK || ram_frame(&vm.memory.ram, page));
	if (status == VMK_OK)
		vm_memory_execute(&vm, gpa_of(page));
}

/* All that it lacks, so that a block becomes whole. */
static void touch_block(unsigned page)
{
	const unsigned first = page & ~(RAM_BLOCK_PAGES - 1);

	for (unsigned i = first; i < MIN(first + RAM_BLOCK_PAGES, PAGES); i++)
		if (!ram_frame(&vm.memory.ram, i)) {
			touch(i, true, false);
			figures_operations(1);
		}
}

/* What is taken held nothing. */
static void trim(void)
{
	const uint64_t granted = vm.memory.granted;

	REQUIRE(vm_memory_trim(&vm) == granted - vm.memory.granted || meanwhile.met);
}

static void say(unsigned page, uint8_t byte)
{
	const unsigned before = saying;

	saying = page;
	if (vm_memory_write(&vm.vtx, gpa_of(page), &byte, 1))
		REQUIRE(meanwhile.met || said[page] == byte);
	saying = before;
}

static void look(unsigned page)
{
	const uintptr_t address = RAM_MACHINE_VIEW + (uint64_t)page * PAGE_SIZE;

	if (!machine->shown[page] && machine->fill(&vm, ram_machine_space(), address))
		REQUIRE(machine->shown[page]);
}

/* Those that are gone, and no others, hold nothing. */
static void see_given_back(unsigned page)
{
	const uint64_t frame = ram_frame(&vm.memory.ram, page);

	if (!frame || (meanwhile.met && !machine->content[frame]))
		said[page] = 0;
}

static void give_back(unsigned page, unsigned stride)
{
	uint32_t pages[5];

	for (unsigned i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = (uint32_t)(gpa_of((page + i * stride) % PAGES).v >> PAGE_SHIFT);
	pages[4] += page % 7 ? 0 : PAGES; /* no RAM, mostly */
	vm_give_back(&vm, ram_machine_space(), pages, ARRAY_SIZE(pages));
	for (unsigned i = 0; i < ARRAY_SIZE(pages); i++)
		see_given_back((page + i * stride) % PAGES);
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
	struct space *space = ram_machine_space();
	const unsigned views = vm.view_count;
	uintptr_t address;

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		REQUIRE(vm_map(&vm, space, (struct gpa){bad[i].gpa}, bad[i].bytes, &address) ==
			VMK_BAD_PARAM);
	machine->space = true;
	REQUIRE(vm_map(&vm, space, gpa_of(0), PAGE_SIZE, &address) == VMK_NO_PLACE);
	machine->space = false;
	machine->view_tables = true;
	REQUIRE(vm_map(&vm, space, gpa_of(0), PAGE_SIZE, &address) == VMK_NO_MEMORY);
	machine->view_tables = false;
	vm.view_count = VM_VIEWS_MAX;
	REQUIRE(vm_map(&vm, space, gpa_of(0), PAGE_SIZE, &address) == VMK_NO_RESOURCES);
	vm.view_count = views;
	REQUIRE(!machine->fill(&vm, space, RAM_MACHINE_VIEW + PAGES * PAGE_SIZE + page));
}

/* What lies across pages, or where no RAM is. */
static void reach_far(unsigned page)
{
	const struct gpa hole = {vm.low_bytes};
	uint8_t bytes[2 * PAGE_SIZE];
	struct hpa at;
	bool whole;

	REQUIRE(!vm_memory_is_ram(&vm, hole) && vm_memory_is_ram(&vm, gpa_of(page)));
	REQUIRE(!vm_memory_read(&vm.vtx, hole, bytes, 1) &&
		!vm_memory_write(&vm.vtx, hole, bytes, 1));
	REQUIRE(vm_memory_supply(&vm, hole, true) == VMK_NOT_FOUND &&
		vm_memory_supply_at_once(&vm, hole) == VMK_NOT_FOUND);
	REQUIRE(!vm_memory_find(&vm, hole, &at, &whole));
	vm_memory_execute(&vm, hole);
	if ((page + 1) % LOW_PAGES == 0 || page + 1 >= PAGES)
		return;
	REQUIRE(vm_memory_read(&vm.vtx, (struct gpa){gpa_of(page).v + 100}, bytes, PAGE_SIZE));
	REQUIRE(meanwhile.met ||
		(bytes[0] == said[page] && bytes[PAGE_SIZE - 1] == said[page + 1]));
}

static bool count_leaf(void *count, const struct ept_leaf *leaf)
{
	++*(uint64_t *)count;
	return true;
}

static void look_at_all(void)
{
	struct vm_audit audit = {0};
	uint64_t leaves = 0;
	struct vm_usage usage;

	vm_memory_audit(&vm, &audit);
	vm_memory_usage(&vm, &usage);
	ept_walk(&vm.vtx.ept, count_leaf, &leaves);
	REQUIRE(meanwhile.met || audit.mappings == leaves);
	REQUIRE(!audit.strange && (meanwhile.met || usage.granted == vm.memory.ram.present));
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
			machine->tables = 1 + page % 7;
		else
			machine->allocations = 1 + page % 3;
		break;
	case 5:
		machine->space = true;
		give_back(page, 1);
		machine->space = false;
		break;
	default:
		if (meanwhile.depth || meanwhile.waiting == DEEP)
			break;
		meanwhile.wanted = true;
		meanwhile.op[meanwhile.waiting].due = 1 + page % 40;
	}
}

/* What is the VMX world's to do waits while that is at work already. */
static bool is_devices(uint8_t what)
{
	const unsigned kind = what & 7;

	return kind == 3 || kind > 4 || (kind == 4 && what >= 0x80);
}

static void carry_out_one(uint8_t what, unsigned page)
{
	const unsigned more = what >> 3;

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
}

static unsigned page_of(const uint8_t *where)
{
	return (where[0] << 3 ^ where[1]) % PAGES;
}

static void carry_out(uint8_t what, const uint8_t *where)
{
	const bool were_at_work = meanwhile.devices, devices = is_devices(what);

	if (devices && were_at_work)
		return;
	meanwhile.devices |= devices;
	carry_out_one(what, page_of(where));
	meanwhile.devices = were_at_work;
}

/* Nobody waits. */
enum vmk_status vm_touch_for_devices(struct vm *v, struct gpa gpa)
{
	enum vmk_status status = vm_memory_supply(v, gpa, true);

	return status != VMK_OK && vm_memory_trim(v) ? vm_memory_supply(v, gpa, false) : status;
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
	REQUIRE(!machine->shown[page] || machine->shown[page] == frame);
	REQUIRE(!frame || frame_pool_owner(&machine->pool, frame) == FRAME_VM);
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
	const struct frame_pool *pool = &machine->pool;
	const struct vm_memory *m = &vm.memory;

	REQUIRE(m->granted == m->ram.present + m->stocked && m->granted <= m->policy.limit);
	REQUIRE(pool->count[FRAME_VM] == m->granted && pool->count[FRAME_VTX] == m->tables);
	REQUIRE(pool->stock[FRAME_PRIVATE].promised == rest(m->policy.reservation, m->granted));
	REQUIRE(pool->stock[FRAME_DIRECT].promised ==
		rest(m->overhead, m->tables) + m->views + machine->view_promised);
	REQUIRE(!m->rearranging);
}

static void check_all(void)
{
	const char *fault = ram_oracle_fault(&vm, said);

	if (fault)
		panic("%s", fault);
}

/* --- one input */

static bool power_on(const uint8_t *data)
{
	const struct vm_memory_policy policy = {.reservation = MIN(data[0] * 8u, PAGES),
		.limit = MIN(MAX(data[0], data[1]) * 8u, PAGES),
		.keep = data[2] * 4u,
		.large = data[3] & 1,
		.small_code = data[3] & 4};
	struct space *space = ram_machine_space();
	uintptr_t low, high;

	memset(&vm, 0, sizeof(vm));
	controls.ept_vpid = data[3] & 2 ? EPT_CAP_2M : 0;
	vm.vtx.controls = &controls;
	vm.low_bytes = LOW_PAGES * PAGE_SIZE;
	vm.high_bytes = HIGH_PAGES * PAGE_SIZE;
	vcpu.vm = &vm;
	vm.vcpus[0] = &vcpu;
	vm.vcpu_count = 1;
	machine->heap = data[3] & 0x80;
	machine->promise = data[3] & 0x40;
	machine->allocations = data[3] >> 5 & 1;
	if (vm_memory_create(&vm, &policy) != VMK_OK)
		return false;
	REQUIRE(vm_map(&vm, space, gpa_of(0), vm.low_bytes, &low) == VMK_OK);
	REQUIRE(vm_map(&vm, space, gpa_of(LOW_PAGES), vm.high_bytes, &high) == VMK_OK);
	/* What was promised at power-on is all that this takes. */
	REQUIRE(!vm.memory.views && machine->view_promised == vm_view_tables(&vm));
	return true;
}

/* Without vCPUs nobody has to forget anything. */
static void power_off(void)
{
	memset(&meanwhile, 0, sizeof(meanwhile));
	vm.vcpu_count = 0;
	vm_memory_destroy(&vm);
	while (other_count)
		other(1);
	frames_unpromise(FRAME_DIRECT, machine->view_promised);
	REQUIRE(!machine->pool.stock[FRAME_DIRECT].promised &&
		!machine->pool.stock[FRAME_PRIVATE].promised &&
		machine->pool.count[FRAME_FREE] == RAM_MACHINE_FRAMES - 1);
}

static void operate(uint8_t what, const uint8_t *where)
{
	if (meanwhile.wanted) {
		meanwhile.wanted = false;
		meanwhile.op[meanwhile.waiting].what = what;
		memcpy(meanwhile.op[meanwhile.waiting++].where, where, 2);
		return;
	}
	operation++;
	meanwhile.met = false;
	carry_out(what, where);
	meanwhile.shut = true;
	check_sums();
	check_page(page_of(where));
	if (where[1] % WHOLE_EACH == WHOLE_AFTER)
		check_all();
	meanwhile.shut = false;
}

static void start(void)
{
	machine->loose = come_in;
	machine->freeing = see_freed;
	machine->allocated = see_allocated;
	machine->written = see_written;
	ram_machine_start();
	memset(&meanwhile, 0, sizeof(meanwhile));
	memset(said, 0, sizeof(said));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t i = 4;

	if (size < 4)
		return 0;
	start();
	if (power_on(data)) {
		for (i = 4; i + 2 < size; i += 3)
			operate(data[i], data + i + 1);
		check_all();
	}
	power_off();
	figures_operations(i / 3);
	return 0;
}
