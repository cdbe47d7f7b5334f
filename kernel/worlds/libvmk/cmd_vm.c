/* vmk vm ... */
#include "worlds/libvmk/handlers.h"

#include <stdio.h>
#include <string.h>

#define AFFINITY_BYTES 64u
#define CPUS_END       1024u

static const char *state_name(uint32_t state)
{
	static const char *const names[] = {
#define X(symbol, name) [symbol] = name,
		VMK_VM_STATES(X)
#undef X
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

/* Of its VMX world, which is called as the VM; 0: it has none. */
static uint64_t world_of(struct call *call, const struct vmk_info_vm *vm)
{
	struct vmk_info_world world;

	for (unsigned i = 0; next_record(call, VMK_INFO_WORLD, i, &world, sizeof(world)); i++) {
		if (!strcmp(world.name, vm->name))
			return world.id;
	}
	return 0;
}

int cmd_vm_list(struct call *call)
{
	struct vmk_info_vm vm;

	call->out->note = "There are no virtual machines: 'vm create' makes one of a package that "
			  "was loaded.";
	for (unsigned i = 0; next_record(call, VMK_INFO_VM, i, &vm, sizeof(vm)); i++) {
		records_number(call->out, vm.id);
		records_text(call->out, "%s", vm.name);
		records_text(call->out, "%s", state_name(vm.state));
		records_number(call->out, world_of(call, &vm));
		records_number(call->out, vm.vcpus);
		records_number(call->out, vm.memory_kib);
		records_number(call->out, vm.shares);
		records_bool(call->out, vm.autostart);
	}
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}

/* The VM that the call names; says that there is none. */
static bool find(struct call *call, struct vmk_info_vm *vm)
{
	const char *name = call->text[OPTION_VM];

	for (unsigned i = 0; next_record(call, VMK_INFO_VM, i, vm, sizeof(*vm)); i++) {
		if (!strcmp(vm->name, name))
			return true;
	}
	if (!call->error[0])
		call_fail(call, EXIT_FAILED,
			"no virtual machine '%s': 'vm list' shows those there are", name);
	return false;
}

static bool has_cpu(const struct vmk_info_vm *vm, unsigned cpu)
{
	return cpu < CPUS_END && (vm->affinity[cpu / 64] >> (cpu % 64) & 1);
}

/* "0,2-3"; cut where it does not fit. */
static void format_affinity(const struct vmk_info_vm *vm, char to[AFFINITY_BYTES])
{
	size_t used = 0;

	*to = 0;
	for (unsigned first = 0, last; first < CPUS_END && used < AFFINITY_BYTES;
		first = last + 1) {
		last = first;
		if (!has_cpu(vm, first))
			continue;
		while (has_cpu(vm, last + 1))
			last++;
		used += (size_t)snprintf(
			to + used, AFFINITY_BYTES - used, used ? ",%u" : "%u", first);
		if (last > first && used < AFFINITY_BYTES)
			used += (size_t)snprintf(to + used, AFFINITY_BYTES - used, "-%u", last);
	}
	if (!used)
		snprintf(to, AFFINITY_BYTES, "any");
}

static void add_percent(struct records *out, uint32_t percent)
{
	if (percent)
		records_text(out, "%u %% of a pCPU", (unsigned)percent);
	else
		records_text(out, "none");
}

int cmd_vm_get(struct call *call)
{
	struct vmk_info_system system;
	struct vmk_info_vm vm;
	char since[TIME_BYTES], affinity[AFFINITY_BYTES];

	if (!find(call, &vm) || !read_record(call, VMK_INFO_SYSTEM, 0, &system, sizeof(system)))
		return EXIT_FAILED;
	format_moment(&system, vm.since_ns, since);
	format_affinity(&vm, affinity);
	records_text(call->out, "%s", vm.name);
	records_number(call->out, vm.id);
	records_text(call->out, "%s", vm.package);
	records_text(call->out, "%s", vm.version);
	records_text(call->out, "%s", state_name(vm.state));
	records_text(call->out, "%s", since);
	records_number(call->out, world_of(call, &vm));
	records_number(call->out, vm.vcpus);
	records_number(call->out, vm.memory_kib);
	records_number(call->out, vm.memory_reservation_kib);
	records_number(call->out, vm.memory_limit_kib);
	records_number(call->out, vm.memory_granted_kib);
	records_number(call->out, vm.memory_large);
	records_number(call->out, vm.balloon_kib);
	records_number(call->out, vm.balloon_target_kib);
	records_number(call->out, vm.kernel_bytes);
	records_number(call->out, vm.vcpu_kernel_bytes);
	records_number(call->out, vm.shares);
	add_percent(call->out, vm.cpu_reservation);
	add_percent(call->out, vm.cpu_limit);
	add_percent(call->out, vm.vcpu_limit);
	records_text(call->out, vm.latency_high ? "high" : "normal");
	records_text(call->out, "%s", affinity);
	records_bool(call->out, vm.autostart);
	records_number(call->out, vm.starts);
	records_bool(call->out, vm.attached);
	records_text(call->out, "%s", vm.why);
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}

/* --- which there are */

/* Index of the loaded package of that name with a VM's image; says that there is none. */
static bool find_image(struct call *call, const char *name, uint32_t *index)
{
	struct vmk_info_module module;

	for (*index = 0; next_record(call, VMK_INFO_MODULE, *index, &module, sizeof(module));
		(*index)++) {
		if (module.loaded && !strcmp(module.kind, "vm") && !strcmp(module.name, name))
			return true;
	}
	if (!call->error[0])
		call_fail(call, EXIT_FAILED,
			"no package '%s' of a virtual machine was loaded: 'system module list' "
			"shows what was",
			name);
	return false;
}

int cmd_vm_create(struct call *call)
{
	const char *package = call->text[OPTION_PACKAGE];
	const char *name = call_given(call, OPTION_NAME) ? call->text[OPTION_NAME] : package;
	struct vmk_vm_making making = {0};
	enum vmk_status status;
	char tried[ERROR_BYTES / 2];

	if (!find_image(call, package, &making.module))
		return EXIT_FAILED;
	if (strlen(name) >= sizeof(making.name))
		return call_fail(call, EXIT_FAILED, "a name has at most %u characters",
			(unsigned)sizeof(making.name) - 1);
	memcpy(making.name, name, strlen(name));
	status = call->host->control(
		call->context, VMK_CONTROL_VM_CREATE, (uint64_t)(uintptr_t)&making);
	switch (status) {
	case VMK_OK:
		return call_done(call);
	case VMK_EXISTS:
		return call_fail(call, EXIT_FAILED,
			"there is a virtual machine, or a user world, of the name '%s': choose "
			"another with --name",
			name);
	case VMK_BAD_PARAM:
		return call_fail(call, EXIT_FAILED,
			"'%s' is no name: letters and digits, then also . _ + ~ -", name);
	case VMK_NO_RESOURCES:
		return call_fail(call, EXIT_FAILED, "there are as many as there can be");
	default:
		snprintf(tried, sizeof(tried), "%s was not created", name);
		return call_fail_status(call, status, tried);
	}
}

/* --- its life */

/* `done` is what it cannot be in its state: "paused". */
static int control(struct call *call, enum vmk_control what, const char *done)
{
	struct vmk_info_vm vm;
	enum vmk_status status;
	char tried[ERROR_BYTES / 2];

	if (!find(call, &vm))
		return EXIT_FAILED;
	status = call->host->control(call->context, what, vm.id);
	if (status == VMK_OK)
		return call_done(call);
	if (!find(call, &vm))
		return EXIT_FAILED;
	if (status == VMK_BAD_STATE) {
		const bool waits = vm.state == VMK_VM_PAUSED && what != VMK_CONTROL_VM_PAUSE;

		return call_fail(call, EXIT_FAILED, "%s cannot be %s: it is %s%s", vm.name, done,
			state_name(vm.state),
			waits ? "; resume it first, or stop it with --hard" : "");
	}
	if (status != VMK_DENIED && vm.why[0])
		return call_fail(call, EXIT_FAILED, "%s was not %s: %s", vm.name, done, vm.why);
	snprintf(tried, sizeof(tried), "%s was not %s", vm.name, done);
	return call_fail_status(call, status, tried);
}

int cmd_vm_start(struct call *call)
{
	return control(call, VMK_CONTROL_VM_START, "started");
}

int cmd_vm_stop(struct call *call)
{
	if (call_given(call, OPTION_HARD))
		return control(call, VMK_CONTROL_VM_HARD_STOP, "switched off");
	return control(call, VMK_CONTROL_VM_STOP, "asked to stop");
}

int cmd_vm_pause(struct call *call)
{
	return control(call, VMK_CONTROL_VM_PAUSE, "paused");
}

int cmd_vm_resume(struct call *call)
{
	return control(call, VMK_CONTROL_VM_RESUME, "resumed");
}

int cmd_vm_reset(struct call *call)
{
	return control(call, VMK_CONTROL_VM_RESET, "reset");
}

int cmd_vm_destroy(struct call *call)
{
	return control(call, VMK_CONTROL_VM_DESTROY, "destroyed");
}

static void add_memory(
	struct call *call, const char *whose, const char *what, uint64_t value, const char *unit)
{
	records_text(call->out, "%s", what);
	records_text(call->out, "%s", whose);
	records_number(call->out, value);
	records_text(call->out, "%s", unit);
}

/* What a guest does not say has no row. */
static void add_guest_memory(struct call *call, const struct vmk_vm_stats *stats)
{
	static const struct {
		const char *what;
		bool is_count;
	} names[VMK_VM_STAT_COUNT] = {
		[VMK_VM_STAT_SWAP_IN] = {"Swapped In", false},
		[VMK_VM_STAT_SWAP_OUT] = {"Swapped Out", false},
		[VMK_VM_STAT_MAJOR_FAULTS] = {"Major Faults", true},
		[VMK_VM_STAT_MINOR_FAULTS] = {"Minor Faults", true},
		[VMK_VM_STAT_FREE] = {"Free", false},
		[VMK_VM_STAT_TOTAL] = {"Total", false},
		[VMK_VM_STAT_AVAILABLE] = {"Available", false},
		[VMK_VM_STAT_CACHES] = {"Caches", false},
		[VMK_VM_STAT_HUGE_PAGES_ALLOCATED] = {"Huge Pages Allocated", true},
		[VMK_VM_STAT_HUGE_PAGES_FAILED] = {"Huge Pages Failed", true},
	};

	for (unsigned i = 0; i < VMK_VM_STAT_COUNT; i++)
		if (stats->known >> i & 1)
			add_memory(call, "guest", names[i].what,
				names[i].is_count ? stats->value[i] : stats->value[i] >> 10,
				names[i].is_count ? "" : "KiB");
}

int cmd_vm_memory_get(struct call *call)
{
	struct vmk_info_vm vm;

	if (!find(call, &vm))
		return EXIT_FAILED;
	add_memory(call, "host", "Configured", vm.memory_kib, "KiB");
	add_memory(call, "host", "Limit", vm.memory_limit_kib, "KiB");
	add_memory(call, "host", "Granted", vm.memory_granted_kib, "KiB");
	add_memory(call, "host", "Balloon", vm.balloon_kib, "KiB");
	add_memory(call, "host", "Balloon Target", vm.balloon_target_kib, "KiB");
	add_guest_memory(call, &vm.guest);
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}

int cmd_vm_memory_set(struct call *call)
{
	struct vmk_info_vm vm;
	enum vmk_status status;
	char tried[ERROR_BYTES / 2];

	if (!find(call, &vm))
		return EXIT_FAILED;
	status = call->host->control(call->context, VMK_CONTROL_VM_MEMORY,
		(uint64_t)vm.id << 32 | (uint32_t)call->number[OPTION_TARGET]);
	if (status == VMK_OK)
		return call_done(call);
	if (status == VMK_BAD_STATE)
		return call_fail(call, EXIT_FAILED, "%s is off: it has no memory", vm.name);
	snprintf(tried, sizeof(tried), "%s keeps its memory", vm.name);
	return call_fail_status(call, status, tried);
}

/* --- its console */

int cmd_vm_console(struct call *call)
{
	struct vmk_info_vm vm;
	enum vmk_status status;

	if (!find(call, &vm))
		return EXIT_FAILED;
	if (vm.state == VMK_VM_OFF)
		return call_fail(
			call, EXIT_FAILED, "%s is off: 'vm start %s' first", vm.name, vm.name);
	writer_format(&call->writer,
		"The console of %s. '~.' at the beginning of a line leaves it.\n", vm.name);
	status = call->host->vm_console(call->context, vm.id);
	switch (status) {
	case VMK_OK:
		writer_format(&call->writer, "\nLeft the console of %s.\n", vm.name);
		return EXIT_OK;
	case VMK_NOT_PRESENT:
		writer_format(&call->writer, "\n%s is off.\n", vm.name);
		return EXIT_OK;
	case VMK_BUSY:
		return call_fail(
			call, EXIT_FAILED, "somebody else is at the console of %s", vm.name);
	default:
		return call_fail_status(call, status, "attaching to the console");
	}
}
