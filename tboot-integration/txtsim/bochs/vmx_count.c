/*
 * vmx.counts: the VMX instructions that hypervisors have executed since power-on, whichever they
 * are; those of their guests are not counted. Last, how many CPUs are in a guest. A line for each
 * line of COM1 and for each RDTSC of a guest, which measures itself by it and leaves by none:
 * between two, nothing else is counted.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tboot-integration/txtsim/bochs/bochs_abi.h"
#include "tboot-integration/txtsim/bochs/plugin.h"

#define COUNTERS(X) \
	X(VMREAD) X(VMWRITE) X(INVEPT) X(INVVPID) X(VMPTRLD) X(VMCLEAR) X(ENTRY) X(VMXON) X(VMXOFF)

/* X(counter, name, Bochs' handler). VMRESUME has VMLAUNCH's. */
#define COUNTED(X)                               \
	X(VMREAD, vmread_64, bx_op_vmread_64)    \
	X(VMREAD, vmread_32, bx_op_vmread_32)    \
	X(VMWRITE, vmwrite_64, bx_op_vmwrite_64) \
	X(VMWRITE, vmwrite_32, bx_op_vmwrite_32) \
	X(INVEPT, invept, bx_op_invept)          \
	X(INVVPID, invvpid, bx_op_invvpid)       \
	X(VMPTRLD, vmptrld, bx_op_vmptrld)       \
	X(VMCLEAR, vmclear, bx_op_vmclear)       \
	X(ENTRY, entry, bx_op_vmlaunch)          \
	X(VMXON, vmxon, bx_op_vmxon)             \
	X(VMXOFF, vmxoff, bx_op_vmxoff)

enum {
#define X(counter) COUNT_##counter,
	COUNTERS(X)
#undef X
		COUNTS
};

static FILE *file;
static uint64_t counts[COUNTS];

#define X(counter, name, handler)                                           \
	static void on_##name(struct bx_cpu *cpu, struct bx_instruction *i) \
	{                                                                   \
		counts[COUNT_##counter] += !cpu_in_guest(cpu);              \
		handler(cpu, i);                                            \
	}
COUNTED(X)
#undef X

static void on_rdtsc(struct bx_cpu *cpu, struct bx_instruction *i)
{
	if (cpu_in_guest(cpu))
		vmx_count_line("RDTSC");
	bx_op_rdtsc(cpu, i);
}

void vmx_count_line(const char *what)
{
	unsigned in_guest = 0;

	if (!file)
		return;
	for (unsigned i = 0; i < bx_cpu_count; i++)
		in_guest += cpu_in_guest(bx_cpu_array[i]);
	fprintf(file, "%" PRIu64, cpu_instructions());
	for (unsigned i = 0; i < COUNTS; i++)
		fprintf(file, " %" PRIu64, counts[i]);
	fprintf(file, " %u %s\n", in_guest, what);
	fflush(file);
}

void vmx_count_init(void)
{
	const char *path = getenv("TXTSIM_VMX_COUNTS");

	if (!path)
		return;
	file = fopen(path, "w");
	if (!file)
		edge_die("cannot write %s", path);
	fputs("# instructions", file);
#define X(counter) fputs(" " #counter, file);
	COUNTERS(X)
#undef X
	fputs(" in-guest what\n", file);
#define X(counter, name, handler) cpu_hook(#name, handler, on_##name);
	COUNTED(X)
#undef X
	cpu_hook("rdtsc", bx_op_rdtsc, on_rdtsc);
}
