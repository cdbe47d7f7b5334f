/* A world and itself: its end, its log lines, its thread pointer, time, waiting, random numbers. */
#include "arch/x86/time.h"
#include "lib/log.h"
#include "lib/random.h"
#include "mem/space.h"
#include "sched/world.h"
#include "vmkdev/tty.h"
#include "vmknet/switch.h"
#include "vmkuser/call.h"
#include "vmkvm/console.h"

#define LOG_MODULE "vmkuser"

/* (code) */
enum vmk_status call_exit(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	uworld_finish(u, (int)args[0]);
}

/* Whatever a world writes, it cannot look like another's line or reach a terminal. */
static void make_printable(char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
			text[i] = '?';
}

/* (text, bytes) */
enum vmk_status call_log(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	char *text = (char *)u->scratch;
	uint64_t bytes = args[1];
	enum vmk_status status;

	if (bytes > LOG_TEXT_MAX)
		return VMK_TOO_LARGE;
	status = space_copy_in(u->space, text, args[0], bytes);
	if (status != VMK_OK)
		return status;
	while (bytes && text[bytes - 1] == '\n')
		bytes--;
	text[bytes] = '\0';
	make_printable(text, bytes);
	if (!budget_take_units(&u->log_budget, time_ns(), 1 + bytes / LOG_UNIT_BYTES)) {
		u->lines_dropped++;
		return VMK_NO_RESOURCES;
	}
	if (u->lines_dropped)
		vmk_warn("World %s: %llu messages dropped, it logs too fast", WORLD_NAME(u),
			(unsigned long long)u->lines_dropped);
	u->lines_dropped = 0;
	vmk_log("World %s: %s", WORLD_NAME(u), text);
	return VMK_OK;
}

/* (address) */
enum vmk_status call_set_tls(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	if (args[0] >= USER_TOP)
		return VMK_BAD_ADDRESS;
	world_set_fs_base(u->world, args[0]);
	return VMK_OK;
}

/* (VMK_CLOCK_*) -> nanoseconds */
enum vmk_status call_clock(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	switch (args[0]) {
	case VMK_CLOCK_MONOTONIC:
		*value = time_ns();
		return VMK_OK;
	case VMK_CLOCK_WALL:
		*value = time_wall_ns();
		return VMK_OK;
	default:
		return VMK_BAD_PARAM;
	}
}

/* (buffer, bytes) */
enum vmk_status call_random(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	enum vmk_status status = VMK_OK;
	uint64_t bytes = args[1];

	if (bytes > VMK_TRANSFER_MAX)
		return VMK_TOO_LARGE;
	for (uint64_t done = 0, part; status == VMK_OK && done < bytes; done += part) {
		part = MIN(bytes - done, SCRATCH_BYTES);
		random_bytes(u->scratch, part);
		status = space_copy_out(u->space, args[0] + done, u->scratch, part);
	}
	return status;
}

enum vmk_status wait_add(struct uworld *u, struct wait_set *set, unsigned i, vmk_handle handle)
{
	enum vmk_status status;

	set->ports[i] = NULL;
	set->consoles[i] = NULL;
	set->events[i] = tty_event();
	status = call_object(u, handle, VMK_KIND_TTY, RIGHT_WAIT, NULL);
	if (status != VMK_BAD_HANDLE)
		return status;
	if (u->console && call_object(u, handle, VMK_KIND_SYSTEM, RIGHT_WAIT, NULL) == VMK_OK) {
		set->consoles[i] = u->console;
		set->events[i] = &u->console->event;
		return VMK_OK;
	}
	status = call_object(u, handle, VMK_KIND_PORT, RIGHT_WAIT, (void **)&set->ports[i]);
	if (status == VMK_OK)
		set->events[i] = port_event(set->ports[i]);
	return status;
}

static enum vmk_status wait_collect(
	struct uworld *u, struct wait_set *set, uint64_t address, uint64_t count)
{
	UNINITIALIZED vmk_handle handles[WAIT_MAX];
	enum vmk_status status;

	if (count > WAIT_MAX)
		return VMK_TOO_LARGE;
	set->count = (unsigned)count;
	if (count == 0)
		return VMK_OK;
	status = space_copy_in(u->space, handles, address, count * sizeof(handles[0]));
	for (unsigned i = 0; status == VMK_OK && i < set->count; i++)
		status = wait_add(u, set, i, handles[i]);
	return status;
}

static bool is_readable(const struct wait_set *set, unsigned i)
{
	if (set->consoles[i])
		return vm_console_readable(set->consoles[i]);
	return set->ports[i] ? port_readable(set->ports[i]) : tty_readable();
}

bool wait_ready(struct wait_set *set, uint64_t *index)
{
	for (unsigned i = 0; i < set->count; i++)
		set->seen[i] = event_count(set->events[i]);
	for (unsigned i = 0; i < set->count; i++) {
		if (!is_readable(set, i))
			continue;
		*index = i;
		return true;
	}
	return false;
}

uint64_t call_deadline(uint64_t timeout)
{
	uint64_t now;

	if (timeout == UINT64_MAX)
		return 0;
	now = time_ns();
	return timeout < UINT64_MAX - now ? MAX(now + timeout, 1) : 0;
}

/* (handles, count, timeout ns) -> index */
enum vmk_status call_wait(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	UNINITIALIZED struct wait_set set;
	const uint64_t deadline = call_deadline(args[2]);
	enum vmk_status status = wait_collect(u, &set, args[0], args[1]);

	if (status != VMK_OK)
		return status;
	for (;;) {
		unsigned index;

		if (wait_ready(&set, value))
			return VMK_OK;
		if (args[2] == 0)
			return VMK_TIMEOUT;
		status = event_wait_any(set.events, set.seen, set.count, deadline, &index);
		if (status != VMK_OK)
			return status;
	}
}
