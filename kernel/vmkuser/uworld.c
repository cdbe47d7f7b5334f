#include "vmkuser/uworld.h"

#include "arch/x86/fault.h"
#include "arch/x86/syscall.h"
#include "arch/x86/time.h"
#include "lib/log.h"
#include "mem/heap.h"
#include "mem/space.h"
#include "sched/world.h"
#include "sched/world_group.h"
#include "vmknet/switch.h"
#include "vmkuser/call.h"
#include "vmkuser/login.h"
#include "vmkuser/secdomain.h"
#include "vmkuser/settings.h"
#include "vmkuser/supervise.h"
#include "vmkuser/vms.h"
#include "vmkvm/vm.h"

#include <string.h>

#define LOG_MODULE  "vmkuser"
#define NS_PER_S    1000000000ull
#define LOG_SECONDS 5u    /* that may be saved up */
#define PORT_RATE   4000u /* frames in a second */
#define PORT_BURST  256u

void uworld_cpu_init(void)
{
	syscall_init_cpu();
}

void uworld_init(void)
{
	enum vmk_status status = supervise_init();

	if (status != VMK_OK)
		vmk_error("The supervisor of user worlds cannot be started (%s)",
			vmk_status_name(status));
}

static enum vmk_status give_handles(struct uworld *u)
{
	enum vmk_status status = VMK_OK;

	handle_table_init(&u->handles, u->grants.handles ? u->grants.handles : DOMAIN_HANDLES);
	if (u->grants.port)
		status = port_create(WORLD_NAME(u), u->vm != NULL, &u->port);
	return status == VMK_OK ? grant_handles(u) : status;
}

/* Gives back all that one life of the world had. */
static void release(struct uworld *u)
{
	login_end(u);
	if (u->console)
		vms_detach(u->console);
	if (u->port)
		port_destroy(u->port);
	if (u->space) {
		/* Whatever limit it has: others wait for the memory. */
		world_urgent(true);
		space_destroy(u->space, sched_give_way);
		world_urgent(false);
	}
	/* Not before the last mapping of its RAM is gone. */
	if (u->vm)
		vm_release(u->vm);
	secdomain_end_life(u);
	u->console = NULL;
	u->guest_maps = 0;
	u->port = NULL;
	u->space = NULL;
	u->memory_used = u->table_bytes = 0;
	u->image = u->stack = u->shadow = (struct user_range){0};
}

/* The last that the world's thread does, on its kernel stack. */
static void at_exit(void *owner)
{
	world_set_space(world_current(), NULL);
	release(owner);
	supervise_ended(owner);
}

static void enter(void *argument)
{
	const struct uworld *u = argument;

	/* As before every return to ring 3: what was asked of this CPU since the switch would else
	 * go unseen for as long as the world makes no call and no interrupt comes. */
	world_set_shadow_stack(u->world, u->shadow.address + u->shadow.bytes);
	trap_leave_to_user();
	cpu_enter_user(u->entry, u->stack_pointer);
}

static enum vmk_status prepare(struct uworld *u, const char **why)
{
	enum vmk_status status = space_create(&u->space);

	*why = "no memory for its address space";
	if (status != VMK_OK)
		return status;
	*why = "its handles cannot be made";
	status = give_handles(u);
	if (status != VMK_OK)
		return status;
	status = image_load(u, why);
	if (status != VMK_OK)
		return status;
	*why = "no memory for its thread";
	status = world_create(WORLD_NAME(u), enter, u, &u->world);
	if (status != VMK_OK)
		return status;
	*why = "the scheduler has no place for it";
	status = u->vm ? vm_adopt(u->vm, u->world)
		       : world_join_pool(
				 u->world, u->package.cpu_pool[0] ? u->package.cpu_pool : POOL_VIM);
	world_set_cpu(u->world, u->grants.cpu_shares, u->grants.cpu_limit * (RATE_ONE / 100));
	if (status != VMK_OK)
		world_put(supervise_take_thread(u));
	return status;
}

enum vmk_status uworld_launch(struct uworld *u)
{
	const char *why;
	enum vmk_status status = prepare(u, &why);

	if (status != VMK_OK) {
		vmk_error("World %s: not started: %s (%s)", WORLD_NAME(u), why,
			vmk_status_name(status));
		release(u);
		return status;
	}
	world_set_space(u->world, u->space);
	world_set_owner(u->world, u);
	world_set_at_exit(u->world, at_exit);
	u->exited = false;
	u->started_ns = time_ns();
	u->lives++;
	u->restart_ns = 0;
	vmk_log("World %s: version %s starts, %llu KiB of %llu KiB used", WORLD_NAME(u),
		u->package.version, (unsigned long long)u->memory_used >> 10,
		(unsigned long long)u->memory_limit >> 10);
	world_start(u->world);
	return VMK_OK;
}

void uworld_discard(struct uworld *u)
{
	if (!u)
		return;
	/* Only now may another world have this one's name, and the VM be powered on again. */
	if (u->vm)
		vm_put(u->vm);
	if (u->domain)
		secdomain_leave(u->domain);
	heap_free(u->scratch);
	heap_free(u);
}

/* A longest message always fits. */
static struct budget log_budget(uint32_t rate)
{
	const uint64_t longest = 1 + LOG_TEXT_MAX / LOG_UNIT_BYTES;

	return (struct budget){
		.interval_ns = NS_PER_S / rate, .burst = MAX(LOG_SECONDS * rate, longest)};
}

static struct uworld *make(const struct package *package)
{
	struct uworld *u = heap_alloc(sizeof(*u));

	if (!u)
		return NULL;
	u->package = *package;
	u->grants = package->grants;
	u->memory_limit = (uint64_t)(u->grants.memory_limit_kib ? u->grants.memory_limit_kib
								: DOMAIN_MEMORY_KIB)
			  << 10;
	u->log_budget = log_budget(u->grants.log_rate ? u->grants.log_rate : DOMAIN_LOG_RATE);
	u->port_budget = (struct budget){.interval_ns = NS_PER_S / PORT_RATE, .burst = PORT_BURST};
	u->domain = secdomain_join(package);
	u->scratch = heap_alloc(SCRATCH_BYTES);
	if (!u->scratch || !u->domain) {
		uworld_discard(u);
		return NULL;
	}
	return u;
}

static enum vmk_status launch_new(struct uworld *u)
{
	enum vmk_status status;

	if (!supervise_add(u)) {
		release(u);
		uworld_discard(u);
		return VMK_EXISTS;
	}
	status = uworld_launch(u);
	if (status != VMK_OK) {
		supervise_remove(u);
		uworld_discard(u);
	}
	return status;
}

enum vmk_status uworld_start(const struct package *package)
{
	struct uworld *u;

	if (package->kind != PACKAGE_WORLD)
		return VMK_BAD_PARAM;
	if (package->grants.tty && login_impossible()) {
		vmk_log("World %s: not started: nobody could log in", package->name);
		return VMK_OK;
	}
	if (package->grants.tty && settings_console() == VMK_CONSOLE_OFF) {
		vmk_log("World %s: not started: the configuration says console=off", package->name);
		return VMK_OK;
	}
	u = make(package);
	return u ? launch_new(u) : VMK_NO_MEMORY;
}

enum vmk_status uworld_start_vmx(
	const struct package *package, const struct package *image, struct vm *vm)
{
	struct uworld *u = make(package);

	if (!u) {
		vm_release(vm);
		vm_put(vm);
		return VMK_NO_MEMORY;
	}
	u->vm = vm;
	u->package.restart = false; /* the VM ends with it */
	if (!image->vm_network)
		u->grants.port = 0;
	memcpy(u->package.name, image->name, sizeof(u->package.name));
	return launch_new(u);
}

void uworld_finish(struct uworld *u, int code)
{
	u->exited = true;
	u->exit_code = code;
	vmk_log("World %s: exited with code %d", WORLD_NAME(u), code);
	world_exit();
}
