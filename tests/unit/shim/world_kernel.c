#include "tests/unit/shim/world_kernel.h"

#include "mem/frames.h"
#include "mem/heap.h"
#include "vmkuser/secdomain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/cet.h"
#include "arch/x86/time.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "lib/random.h"
#include "sched/world.h"
#include "trust/trust.h"
#include "arch/x86/power.h"
#include "vmkdev/tty.h"
#include "vmkmod/modules.h"
#include "vmknet/switch.h"
#include "vmkuser/records.h"
#include "vmkuser/login.h"
#include "vmkuser/settings.h"
#include "vmkuser/supervise.h"

#define FIRST_ADDRESS 0x10000000ul
#define LOG_BYTES     10000u

struct port {
	struct event event;
};
struct world {
	int unused;
};

struct sim sim;
static uint8_t sim_data[SIM_PAGES_MAX][PAGE_SIZE];
static struct port sim_port;

void sim_reset(void)
{
	for (unsigned i = 0; i < sim.space.pages_used; i++)
		sim.space.pages[i].address = 0;
	sim.space.pages_used = 0;
	sim.space.mapped = sim.space.most_freed = sim.space.each_table = 0;
	sim.space.next = FIRST_ADDRESS;
	memset(&sim.now_ns, 0, sizeof(sim) - offsetof(struct sim, now_ns));
	sim.now_ns = 1000;
	sim.pages_left = UINT32_MAX;
	sim.wait_result = VMK_TIMEOUT;
	sim.config = "hostname=test\n";
	sim.console = VMK_CONSOLE_CONTROL;
	sim.frames_free = 1u << 20;
}

void sim_world(struct uworld *u)
{
	static uint8_t scratch[SCRATCH_BYTES] __attribute__((aligned(16)));
	vmk_handle handle;

	memset(u, 0, sizeof(*u));
	strcpy(u->package.name, "test");
	u->grants = (struct vmk_grants){.syscalls = UINT64_MAX,
		.info = UINT64_MAX,
		.control = UINT64_MAX,
		.logs = UINT64_MAX,
		.all_vms = 1};
	u->domain = secdomain_join(&u->package);
	u->space = &sim.space;
	u->port = &sim_port;
	u->memory_limit = 1 << 20;
	u->scratch = scratch;
	u->log_budget = (struct budget){.interval_ns = 1000, .burst = 4};
	u->port_budget = (struct budget){.interval_ns = 1000, .burst = 4};
	handle_table_init(&u->handles, HANDLES_MAX);
	handle_add(&u->handles, VMK_KIND_PORT, RIGHTS_ALL, u->port, &handle);
	handle_add(&u->handles, VMK_KIND_TRUST, RIGHT_READ, NULL, &handle);
	handle_add(&u->handles, VMK_KIND_CONFIG, RIGHT_READ, NULL, &handle);
	handle_add(&u->handles, VMK_KIND_TTY, RIGHTS_ALL, NULL, &handle);
	handle_add(&u->handles, VMK_KIND_SYSTEM, RIGHTS_ALL, NULL, &handle);
}

/* --- mem/space.h */

static struct sim_page *find_page(struct space *space, uintptr_t address)
{
	for (unsigned i = 0; i < space->pages_used; i++)
		if (space->pages[i].address &&
			space->pages[i].address == ALIGN_DOWN(address, PAGE_SIZE))
			return &space->pages[i];
	return NULL;
}

struct sim_page *sim_page_at(struct space *space, uintptr_t address)
{
	struct sim_page *page = find_page(space, address);

	return page && page->mapped ? page : NULL;
}

static struct sim_page *free_page(struct space *space)
{
	const unsigned used = space->pages_used;

	for (unsigned i = 0; i < used; i++)
		if (!space->pages[i].address)
			return &space->pages[i];
	if (used == SIM_PAGES_MAX)
		return NULL;
	space->pages_used++;
	space->pages[used].data = sim_data[used];
	return &space->pages[used];
}

enum vmk_status space_alloc_at(struct space *space, uintptr_t address, size_t bytes, unsigned prot)
{
	if ((prot & PROT_W) && (prot & PROT_X))
		return VMK_DENIED;
	sim.promised_most = MAX(sim.promised_most, sim.promised);
	space->most_mapped = MAX(space->most_mapped, bytes);
	bytes = ALIGN_UP(bytes, PAGE_SIZE);
	if (bytes / PAGE_SIZE > sim.pages_left)
		return VMK_NO_MEMORY;
	sim.pages_left -= bytes / PAGE_SIZE;
	for (size_t at = 0; at < bytes; at += PAGE_SIZE) {
		struct sim_page *page = find_page(space, address + at);

		if (page && page->mapped)
			return VMK_EXISTS;
		if (!page)
			page = free_page(space);
		if (!page)
			return VMK_NO_MEMORY;
		page->mapped = true;
		memset(page->data, 0, PAGE_SIZE);
		page->address = address + at;
		page->prot = prot;
		space->mapped++;
	}
	return VMK_OK;
}

void sched_give_way(void)
{
	sim.gaps++;
}

uint64_t space_tables(struct space *space)
{
	const unsigned each = space->each_table;

	return each ? (space->mapped + each - 1) / each : 0;
}

enum vmk_status space_reserve(struct space *space, size_t bytes, uintptr_t *address)
{
	if (bytes / PAGE_SIZE > SIM_PAGES_MAX / 2)
		return VMK_NO_MEMORY;
	*address = space->next;
	for (size_t at = 0; at < bytes; at += PAGE_SIZE) {
		struct sim_page *page = free_page(space);

		if (!page)
			return VMK_NO_MEMORY;
		page->address = space->next + at;
		page->mapped = false;
	}
	space->next += ALIGN_UP(bytes, PAGE_SIZE) + 2 * PAGE_SIZE;
	return VMK_OK;
}

enum vmk_status space_reserve_image(struct space *space, size_t bytes, uintptr_t *address)
{
	return space_reserve(space, bytes, address);
}

enum vmk_status space_alloc(struct space *space, size_t bytes, unsigned prot, uintptr_t *address)
{
	enum vmk_status status = space_reserve(space, bytes, address);

	if (status != VMK_OK)
		return status;
	return space_alloc_at(space, *address, bytes, prot);
}

static bool all_taken(struct space *space, uintptr_t address, size_t bytes, bool mapped)
{
	for (size_t at = 0; at < bytes; at += PAGE_SIZE)
		if (mapped ? !sim_page_at(space, address + at) : !find_page(space, address + at))
			return false;
	return true;
}

enum vmk_status space_free(struct space *space, uintptr_t address, size_t bytes)
{
	uint64_t pages = 0;

	if (bytes / PAGE_SIZE > SIM_PAGES_MAX || !all_taken(space, address, bytes, false))
		return VMK_BAD_ADDRESS;
	for (size_t at = 0; at < bytes; at += PAGE_SIZE) {
		struct sim_page *page = find_page(space, address + at);

		space->mapped -= page->mapped;
		pages += page->mapped;
		page->address = 0;
	}
	space->most_freed = MAX(space->most_freed, pages);
	return VMK_OK;
}

enum vmk_status space_protect(struct space *space, uintptr_t address, size_t bytes, unsigned prot)
{
	if (bytes / PAGE_SIZE > SIM_PAGES_MAX || !all_taken(space, address, bytes, true))
		return VMK_BAD_ADDRESS;
	for (size_t at = 0; at < bytes; at += PAGE_SIZE)
		sim_page_at(space, address + at)->prot = prot;
	return VMK_OK;
}

/* Byte by byte: slow, and hard to get wrong. */
static enum vmk_status copy(
	struct space *space, uintptr_t at, uint8_t *kernel, size_t bytes, unsigned need, bool out)
{
	for (size_t i = 0; i < bytes; i++) {
		struct sim_page *page = sim_page_at(space, at + i);
		uint8_t *byte;

		if (at + i < at || !page || (page->prot & need) != need)
			return VMK_BAD_ADDRESS;
		byte = &page->data[(at + i) % PAGE_SIZE];
		if (out)
			*byte = kernel[i];
		else
			kernel[i] = *byte;
	}
	return VMK_OK;
}

enum vmk_status space_copy_in(struct space *space, void *to, uintptr_t from, size_t bytes)
{
	return copy(space, from, to, bytes, PROT_USER | PROT_R, false);
}

enum vmk_status space_copy_out(struct space *space, uintptr_t to, const void *from, size_t bytes)
{
	return copy(space, to, (uint8_t *)(uintptr_t)from, bytes, PROT_USER | PROT_W, true);
}

enum vmk_status space_write(struct space *space, uintptr_t to, const void *from, size_t bytes)
{
	return copy(space, to, (uint8_t *)(uintptr_t)from, bytes, 0, true);
}

/* --- mem/frames.h, vmkuser/supervise.h */

__attribute__((weak)) uint64_t frames_count(enum frame_owner owner)
{
	return sim.frames_free;
}

__attribute__((weak)) uint64_t frames_spare(enum frame_side side, uint64_t keep)
{
	return sim.frames_free - MIN(sim.frames_free, sim.promised + keep);
}

__attribute__((weak)) enum vmk_status frames_promise(
	enum frame_side side, uint64_t frames, uint64_t keep, struct frame_shortage *shortage)
{
	if (frames_spare(side, keep) < frames)
		return VMK_NO_MEMORY;
	sim.promised += frames;
	return VMK_OK;
}

__attribute__((weak)) void frames_unpromise(enum frame_side side, uint64_t frames)
{
	ASSERT(frames <= sim.promised);
	sim.promised -= frames;
}

__attribute__((weak)) unsigned supervise_count(void)
{
	return 1;
}

/* --- mem/heap.h */

__attribute__((weak)) void *heap_alloc(size_t bytes)
{
	return calloc(1, bytes);
}

__attribute__((weak)) void heap_free(void *pointer)
{
	free(pointer);
}

/* --- time, random, log */

uint64_t time_ns(void)
{
	return sim.now_ns;
}

uint64_t time_wall_ns(void)
{
	return 1700000000000000000ull + sim.now_ns;
}

void random_bytes(void *to, size_t bytes)
{
	memset(to, 0x5a, bytes);
}

uint64_t random_below(uint64_t bound)
{
	return bound - 1;
}

void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
	va_list args;

	memcpy(sim.log_before, sim.log, sizeof(sim.log));
	va_start(args, format);
	vsnprintf(sim.log, sizeof(sim.log), format, args);
	va_end(args);
	sim.log_lines++;
}

/* --- sched */

__attribute__((weak)) enum vmk_status event_wait_any(struct event *const *events,
	const uint64_t *seen, unsigned count, uint64_t deadline_ns, unsigned *index)
{
	sim.waits++;
	*index = 0;
	if (sim.wait_result == VMK_OK)
		sim.frames_waiting = 1;
	return sim.wait_result;
}

uint64_t cet_user_flags(void)
{
	return sim.cet_flags;
}

void world_set_fs_base(struct world *world, uint64_t base)
{
	sim.tls = base;
}

__attribute__((weak)) struct world *world_current(void)
{
	return NULL;
}

__attribute__((weak)) void *world_owner(const struct world *world)
{
	return NULL;
}

/* A test of whole lives has its own. */
__attribute__((weak)) void world_exit(void)
{
	abort();
}

__attribute__((weak)) void uworld_finish(struct uworld *u, int code)
{
	abort();
}

/* --- vmknet */

void port_info(struct port *port, struct vmk_port_info *info)
{
	*info = (struct vmk_port_info){.mac = {2, 0, 0, 0, 0, 1}, .mtu = 1500, .link_up = 1};
}

void port_set_address(struct port *port, const struct vmk_port_address *address)
{
	sim.port_address = *address;
}
enum vmk_status port_send(struct port *port, const void *frame, size_t bytes)
{
	sim.frames_sent++;
	return sim.send_status;
}

enum vmk_status port_receive(struct port *port, void *to, size_t size, size_t *bytes)
{
	if (!sim.frames_waiting)
		return VMK_WOULD_BLOCK;
	if (sim.frame_bytes > size)
		return VMK_TOO_LARGE;
	memset(to, 0xee, sim.frame_bytes);
	*bytes = sim.frame_bytes;
	sim.frames_waiting--;
	return VMK_OK;
}

struct event *port_event(struct port *port)
{
	return &port->event;
}

bool port_readable(struct port *port)
{
	return sim.frames_waiting != 0;
}

/* --- trust, configuration */

enum vmk_status trust_quote(const struct vmk_quote_request *request, struct vmk_quote_reply *reply)
{
	reply->attest_size = request->nonce_size;
	return sim.refusal;
}

/* Byte n of the log is n, truncated. */
enum vmk_status trust_log(enum vmk_trust_log log, uint64_t offset, void *to, size_t bytes,
	size_t *copied, uint64_t *total)
{
	*total = LOG_BYTES;
	*copied = offset < LOG_BYTES ? MIN(bytes, LOG_BYTES - offset) : 0;
	for (size_t i = 0; i < *copied; i++)
		((uint8_t *)to)[i] = (uint8_t)(offset + i);
	return sim.refusal;
}

const char *modules_config(size_t *bytes)
{
	*bytes = sim.config ? strlen(sim.config) : 0;
	return sim.config;
}

/* --- vmkuser/login.h: nobody is asked who he is */

__attribute__((weak)) bool login_required(void)
{
	return false;
}

__attribute__((weak)) bool login_impossible(void)
{
	return false;
}

__attribute__((weak)) void login_typed(struct uworld *u)
{
}

__attribute__((weak)) bool login_idles(struct uworld *u, uint64_t now_ns, uint64_t *when_ns)
{
	*when_ns = 0;
	return false;
}

__attribute__((weak)) void supervise_look(void)
{
	sim.looks++;
}

__attribute__((weak)) void login_end(struct uworld *u)
{
}

__attribute__((weak)) const char *login_config(size_t *bytes)
{
	return modules_config(bytes);
}

__attribute__((weak)) enum vmk_status call_login(
	struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	return VMK_UNSUPPORTED;
}

/* --- console, system */

static struct event typed;

struct event *tty_event(void)
{
	return &typed;
}

bool tty_readable(void)
{
	return sim.typed != 0;
}

size_t tty_read(char *to, size_t size)
{
	size_t bytes = MIN(size, (size_t)sim.typed);

	memset(to, 't', bytes);
	sim.typed -= (unsigned)bytes;
	return bytes;
}

void tty_write(const char *text, size_t bytes)
{
	sim.written += bytes;
}

/* Records of kind 1 only, of 24 bytes, and three of them. */
enum vmk_status records_read(
	uint64_t kind, uint64_t index, void *record, size_t size, size_t *bytes)
{
	if (kind != 1)
		return VMK_BAD_PARAM;
	if (index > 2)
		return VMK_NOT_FOUND;
	*bytes = 24;
	memset(record, (int)index, *bytes);
	return VMK_OK;
}

enum vmk_status settings_store_enable_tboot(enum vmk_stored wanted)
{
	sim.enable_tboot = wanted;
	return sim.refusal;
}

enum vmk_console settings_console(void)
{
	return sim.console;
}

void power_leave(enum power_action action)
{
	sim.left = (unsigned)action + 1;
	longjmp(sim.leaving, 1);
}
