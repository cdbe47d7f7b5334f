/* What a VM did while it lived, for the log. */
#include "lib/log.h"
#include "vmkvm/state.h"
#include "vtx/exits.h"
#include <stdio.h>

#define LOG_MODULE "Vm"

/* What its vCPUs did in all. */
static void log_counts(const struct vm *vm)
{
	uint64_t sums[VCPU_COUNTERS_COUNT] = {0};
	char text[192] = "";
	size_t at = 0;

	for (unsigned c = 0; c < VCPU_COUNTERS_COUNT; c++) {
		for (uint32_t i = 0; i < vm->vcpu_count; i++)
			sums[c] += vm->vcpus[i]->vcpu.counters[c];
		if (sums[c] && at < sizeof(text))
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%llu %s",
				at ? ", " : "", (unsigned long long)sums[c], vcpu_counter_name(c));
	}
	if (at)
		vmk_log("VM %s: %s", vm->name, text);
}

/* Why its vCPUs came back, and how often, in lines that a log takes. */
static void log_exits(const struct vm *vm)
{
	char text[160] = "";
	size_t at = 0;

	for (unsigned reason = 0; reason < VTX_EXIT_COUNT; reason++) {
		uint64_t sum = 0;

		for (uint32_t i = 0; i < vm->vcpu_count; i++)
			sum += vm->vcpus[i]->vcpu.exits[reason];
		if (sum)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%llu %s",
				at ? ", " : "", (unsigned long long)sum, vtx_exit_name(reason));
		if (at > sizeof(text) - 48 || (at && reason == VTX_EXIT_COUNT - 1)) {
			vmk_log("VM %s: exits: %s", vm->name, text);
			at = 0;
		}
	}
}

static void log_memory(struct vm *vm)
{
	const uint64_t kib = PAGE_SIZE >> 10;
	struct vm_kernel_memory kernel;
	struct vm_balloon_info balloon;
	struct vm_usage usage;

	vm_memory_usage(vm, &usage);
	vm_balloon_info(vm, &balloon);
	vm_kernel_memory(vm, &kernel);
	vmk_log("VM %s: %llu KiB of RAM of at most %llu, %llu large pages, %llu KiB in its "
		"balloon, "
		"%llu KiB for the kernel, %llu of them for each vCPU",
		vm->name, (unsigned long long)(usage.granted * kib),
		(unsigned long long)(usage.limit * kib), (unsigned long long)usage.large,
		(unsigned long long)(balloon.pages * kib), (unsigned long long)(kernel.all >> 10),
		(unsigned long long)(kernel.each_vcpu >> 10));
}

void vm_log_life(struct vm *vm)
{
	log_counts(vm);
	log_exits(vm);
	log_memory(vm);
	vm_balloon_log(vm);
}
