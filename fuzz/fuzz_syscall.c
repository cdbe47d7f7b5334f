/* sources: kernel/vmkuser/syscall.c kernel/vmkuser/call_memory.c kernel/vmkuser/call_world.c */
/* sources: kernel/vmkuser/call_net.c kernel/vmkuser/call_trust.c kernel/vmkuser/handle.c */
/* sources: kernel/vmkuser/budget.c kernel/vmkuser/call_tty.c kernel/vmkuser/call_system.c */
/* sources: kernel/vmkuser/call_handle.c kernel/vmkuser/secdomain.c kernel/vmkmod/domain.c */
/* sources: kernel/vmkuser/call_vm.c kernel/vmkvm/life.c */
/* quiet: tests/unit/shim/world_kernel.c tests/unit/shim/vm_kernel.c tests/unit/shim/audit.c */
/* plain: kernel/lib/lock.c tests/unit/shim/panic.c fuzz/lib/figures.c */
/* coverage: edges, lean */
/*
 * Any sequence of system calls with any arguments: the world's memory is counted to the page and
 * within its limit, nothing becomes executable, image and stack stay as they were, no handle gains
 * a right, each denial is counted once, and no lock is held when a call ends. Input: calls {u8
 * number, five arguments (vm-serve: six)}, and between them the numbers of enum besides. The last
 * byte says what the world is: see make_world().
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/syscall.h"
#include "fuzz/lib/figures.h"
#include "lib/lock.h"
#include "sched/world.h"
#include "lib/reader.h"
#include "mem/heap.h"
#include "tests/unit/shim/vm_kernel.h"
#include "tests/unit/shim/world_kernel.h"
#include "vmkuser/login.h"
#include "vmkuser/secdomain.h"

#define CALLS_MAX  64
#define TRUSTED    0xa5 /* the input's last byte: a VM's own world */
#define LIMITED    0xa6 /* a world that lacks something: the input's first bytes say what */
#define LIMIT      (256ul << 10)
#define IMAGE_PAGE 0x400000ul
#define STACK_PAGE 0x600000ul
#define SHADOW     0x700000ul

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct uworld world;
static uint64_t last_values[4]; /* addresses among them */
static uint64_t denied;         /* calls that were */
static bool accounts, poor;     /* somebody must log in; the kernel's heap is empty */
static uint32_t held;           /* levels of locks */

/* What happens between calls. */
enum besides { STORE = 0x7f, ENVIRONMENT = 0x7e, DESCRIBE = 0x7d, LIFE = 0x7c };

/* --- instead of the shim's */

bool login_required(void)
{
	return accounts;
}

void *heap_alloc(size_t bytes)
{
	return poor ? NULL : calloc(1, bytes);
}

void *world_owner(const struct world *current)
{
	return &world;
}

void uworld_finish(struct uworld *u, int code)
{
	longjmp(sim.leaving, LIFE);
}

/* What is waited for comes once in a call, if it comes at all. */
enum vmk_status event_wait_any(struct event *const *events, const uint64_t *seen, unsigned count,
	uint64_t deadline_ns, unsigned *index)
{
	const enum vmk_status result = sim.waits++ ? VMK_TIMEOUT : sim.wait_result;

	sim.frames_waiting = sim.typed = result == VMK_OK;
	*index = 0;
	return result;
}

static struct lock_entered enter(void)
{
	return (struct lock_entered){&held, 1};
}

static void leave(uint64_t saved)
{
}

static void wait(void)
{
	abort();
}

static const struct lock_ops machine = {.enter = enter, .leave = leave, .wait = wait};

/* --- */

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Numbers as a world would have them, and as it would not. */
static uint64_t argument(struct reader *r)
{
	uint8_t selector = reader_u8(r);

	switch (selector % 8) {
	case 0:
		return reader_u8(r);
	case 1:
		return (uint64_t)reader_u8(r) << PAGE_SHIFT;
	case 2:
		return world.handles.slots[0].kind ? handle_first(&world.handles, selector / 8 % 8)
						   : 0;
	case 3:
		return last_values[selector / 8 % 4] + reader_u8(r);
	case 4:
		return last_values[selector / 8 % 4];
	case 5:
		return (selector & 8 ? IMAGE_PAGE : STACK_PAGE) + (reader_le16(r) << 4);
	case 6:
		return -(uint64_t)reader_u8(r);
	default:
		return reader_le64(r);
	}
}

static void check(void)
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < sim.space.pages_used; i++) {
		const struct sim_page *page = &sim.space.pages[i];

		if (!page->address || !page->mapped)
			continue;
		pages++;
		require((page->prot & PROT_USER) && page->address < USER_TOP);
		require(page->address == IMAGE_PAGE || !(page->prot & PROT_X));
	}
	require((pages + space_tables(&sim.space)) * PAGE_SIZE == world.memory_used &&
		world.memory_used <= world.memory_limit);
	require(sim_page_at(&sim.space, IMAGE_PAGE)->prot == (PROT_USER | PROT_R | PROT_X));
	require(sim_page_at(&sim.space, STACK_PAGE)->prot == (PROT_USER | PROT_R | PROT_W));
	require(sim.tls < USER_TOP);
	require(world.denials == denied && !held);
	for (unsigned i = 0; i < HANDLES_MAX; i++)
		require(world.handles.slots[i].kind != VMK_KIND_TRUST ||
			world.handles.slots[i].rights == RIGHT_READ);
}

/* A VM's own world, which may do all that there is to do. */
static void trust_world(void)
{
	uint32_t handle;

	memset(&sim_vm, 0, sizeof(sim_vm));
	world.grants =
		(struct vmk_grants){.syscalls = UINT64_MAX, .control = UINT64_MAX, .all_vms = 1};
	handle_add(&world.handles, VMK_KIND_VM, RIGHT_READ | RIGHT_WRITE, &sim_vm, &handle);
	handle_add(&world.handles, VMK_KIND_SYSTEM, RIGHT_READ | RIGHT_WRITE, NULL, &handle);
}

static void make_world(void)
{
	memset(last_values, 0, sizeof(last_values));
	denied = 0;
	lock_init(&machine);
	held = 0;
	poor = false;
	sim_reset();
	memset(&sim_console, 0, sizeof(sim_console));
	sim_world(&world);
	world.log_budget.interval_ns = 300; /* two calls later there may be another control */
	world.memory_limit = LIMIT;
	world.memory_used = 3 * PAGE_SIZE;
	world.table_bytes = PAGE_SIZE;
	sim.space.each_table = 4;
	world.image = (struct user_range){IMAGE_PAGE, PAGE_SIZE};
	world.stack = (struct user_range){STACK_PAGE, PAGE_SIZE};
	space_alloc_at(&sim.space, IMAGE_PAGE, PAGE_SIZE, PROT_USER | PROT_R | PROT_X);
	space_alloc_at(&sim.space, STACK_PAGE, PAGE_SIZE, PROT_USER | PROT_R | PROT_W);
	world.shadow = (struct user_range){SHADOW, PAGE_SIZE};
	accounts = false;
}

/* One system call, one record, log or control and all VMs but one less than all. */
static void limit_world(struct reader *r)
{
	const uint8_t call = reader_u8(r), object = reader_u8(r);

	world.grants.syscalls &= ~(1ull << call % 64);
	world.grants.info &= ~(1ull << object % 64);
	world.grants.control &= ~(1ull << object % 64);
	world.grants.logs &= ~(1ull << object % 64);
	world.grants.all_vms = 0;
	if (object & 0x40)
		strcpy(world.grants.vms[1], "vm");
	if (object & 0x80)
		world.handles.limit = 3 + call % 8;
}

/* What a world may do to its own memory without asking. */
static void store(struct reader *r)
{
	const uint64_t address = argument(r);
	const uint8_t count = reader_u8(r);
	const size_t bytes = MIN((size_t)count, reader_left(r));

	space_copy_out(&sim.space, address, reader_bytes(r, bytes), bytes);
}

static void change_port_and_console(uint8_t what, uint8_t value)
{
	if (what == 0)
		sim.send_status = value & 1 ? VMK_DENIED : VMK_OK;
	else if (what == 1)
		sim.config = value & 1 ? NULL : "hostname=other\n";
	else if (what == 2)
		accounts = value & 1;
	else if (what == 3)
		sim.wait_result = value & 1 ? VMK_OK : VMK_TIMEOUT;
	else if (what == 4)
		sim_console.no_room = value & 1;
	else
		sim_console.out_head = sim_console.in_head = value;
}

static void change(uint8_t what, uint8_t value)
{
	vmk_handle handle;

	switch (what) {
	case 8:
		sim.refusal = value & 1 ? VMK_IO_ERROR : VMK_OK;
		break;
	case 9:
		sim.pages_left = value & 1 ? value : UINT32_MAX;
		break;
	case 10:
		sim.frames_free = (uint64_t)value << 7;
		break;
	case 11:
		sim_vm.next.kind = value;
		break;
	case 12:
		sim_vm.map_status = value & 1 ? VMK_NO_MEMORY : VMK_OK;
		break;
	case 13:
		sim.now_ns += (uint64_t)value << 33;
		break;
	case 14: /* not of what only an oracle of its own may change */
		if (value % 8 != VMK_KIND_TRUST)
			handle_add(&world.handles, value % 8, value >> 3, &sim_vm, &handle);
		break;
	case 15:
		world.memory_limit = (uint64_t)value << 15;
		if (world.memory_limit < world.memory_used)
			world.memory_limit = MAX(LIMIT, world.memory_used);
		break;
	default:
		change_port_and_console(what & 7, value);
	}
}

static void describe(struct reader *r)
{
	const uint64_t address = argument(r);
	const uint64_t lived = (uint64_t)reader_u8(r) << 30, delay = (uint64_t)reader_u8(r) << 30;
	const uint64_t next = backoff_next(delay, lived);
	char text[64] = "";

	user_describe_address(&world, address, text, sizeof(text));
	require(text[0] && strlen(text) < sizeof(text) - 1);
	require(next >= BACKOFF_FIRST_NS && next <= BACKOFF_LONGEST_NS);
}

/* Its life ends; another domain's begins, if there is memory for that. */
static void next_life(uint8_t how)
{
	static struct package other = {.name = "other"};
	struct vmk_info_domain info;
	unsigned count = 0;

	secdomain_end_life(&world);
	denied = 0;
	require(!world.denials && !held);
	poor = how & 1;
	strcpy(other.name, how & 1 ? "never" : how & 2 ? "other" : "test");
	if (!(how & 4)) {
		struct secdomain *d = secdomain_join(&other);

		require(!d == poor);
		if (d)
			secdomain_leave(d);
	}
	poor = false;
	while (secdomain_describe(count, &info))
		count++;
	require(count == secdomain_count() && count >= 1);
}

static bool besides(uint64_t number, struct reader *r)
{
	uint8_t what;

	switch (number) {
	case STORE:
		store(r);
		return true;
	case ENVIRONMENT:
		what = reader_u8(r);
		change(what % 16, reader_u8(r));
		return true;
	case DESCRIBE:
		describe(r);
		return true;
	case LIFE:
		next_life(reader_u8(r));
		return true;
	default:
		return false;
	}
}

static enum vmk_status make_call(uint64_t number, struct reader *r, uint64_t *value)
{
	struct syscall_frame frame = {.rax = number};

	frame.rdi = argument(r);
	frame.rsi = argument(r);
	frame.rdx = argument(r);
	frame.r10 = argument(r);
	frame.r8 = argument(r);
	frame.r9 = number == VMK_SYS_VM_SERVE ? argument(r) : 0;
	syscall_dispatch(&frame);
	*value = frame.rdx;
	return (enum vmk_status)frame.rax;
}

static void step(struct reader *r, unsigned call)
{
	const uint8_t number = reader_u8(r);
	enum vmk_status status;
	uint64_t value;

	if (besides(number & 0x7f, r))
		return;
	sim.frames_waiting = sim.typed = number >> 7;
	sim.frame_bytes = 60;
	sim.waits = 0;
	sim.now_ns += 500;
	status = make_call(number & 0x7f, r, &value);
	figures_operations(1);
	denied += status == VMK_DENIED;
	if (status == VMK_OK && value)
		last_values[call % 4] = value;
	check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);
	const uint8_t kind = size ? data[size - 1] : 0;

	make_world();
	if (kind == TRUSTED)
		trust_world();
	else if (kind == LIMITED)
		limit_world(&r);
	for (volatile unsigned call = 0; call < CALLS_MAX && reader_left(&r); call++) {
		const int left = setjmp(sim.leaving);

		if (!left)
			step(&r, call);
		else if (left == LIFE) /* it has asked for its end; else for the machine's */
			next_life(0);
		require(!held);
	}
	secdomain_leave(world.domain);
	return 0;
}
