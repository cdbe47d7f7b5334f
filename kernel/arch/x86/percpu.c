/* The CPUs' areas. */
#include "arch/x86/percpu.h"
#include "arch/x86/cpu.h"
#include "arch/x86/smp.h"
#include "arch/x86/tables.h"
#include "lib/random.h"
#include "lib/wipe.h"
#include "arch/x86/predict.h"
#include "arch/x86/trap.h"
#include "mem/gate.h"
#include "mem/heap.h"
#include "mem/window.h"

/* header.S makes this GS.base, before and after the image moves; until percpu_leave_image(). */
struct percpu percpu_bootstrap = {.self = &percpu_bootstrap, .online = CPU_ONLINE};

static struct percpu *cpus[CPUS_MAX] = {&percpu_bootstrap};
static unsigned cpus_known = 1;

/* kmain() never returns, so its callers' stack guards do not see the change. */
__attribute__((no_stack_protector)) void percpu_init_bootstrap(void)
{
	percpu_bootstrap.canary = random_u64() & ~0xffull;
}

/* What the way from ring 3 needs of it, in ring 3's tables. */
static enum vmk_status open_gate(struct percpu *cpu)
{
	enum vmk_status status = gate_add(&cpu->entry, sizeof(cpu->entry), true);
	void *top;

	if (!predict_isolate)
		return VMK_OK;
	if (status == VMK_OK)
		status = stack_alloc(1, &top);
	if (status == VMK_OK)
		status = gate_add((uint8_t *)top - PAGE_SIZE, PAGE_SIZE, true);
	if (status == VMK_OK)
		status = tables_open_gate(cpu->tables);
	if (status == VMK_OK)
		cpu->entry.stack = (uint64_t)(uintptr_t)top;
	return status;
}

enum vmk_status percpu_leave_image(void)
{
	struct percpu *cpu = cpu_area_alloc(sizeof(*cpu));
	struct cpu_tables *tables = tables_create();

	if (!cpu || !tables)
		return VMK_NO_MEMORY;
	*cpu = percpu_bootstrap;
	cpu->self = cpu;
	cpu->tables = tables;
	if (trap_open_gate() != VMK_OK || open_gate(cpu) != VMK_OK)
		return VMK_NO_MEMORY;
	cpus[0] = cpu;
	wrmsr(MSR_GS_BASE, (uintptr_t)cpu);
	tables_load(tables);
	wipe(&percpu_bootstrap, sizeof(percpu_bootstrap));
	return VMK_OK;
}

struct percpu *percpu_of(unsigned index)
{
	return index < cpus_known ? cpus[index] : NULL;
}

void percpu_set_kernel_stack(void *top)
{
	struct percpu *self = percpu();

	self->kernel_stack = (uint64_t)(uintptr_t)top;
	self->tables->tss.rsp0 = self->entry.stack ? self->entry.stack : self->kernel_stack;
}

struct percpu *percpu_create(uint32_t apic_id)
{
	struct percpu *cpu;

	if (cpus_known == CPUS_MAX)
		return NULL;
	cpu = cpu_area_alloc(sizeof(*cpu));
	if (!cpu)
		return NULL;
	cpu->self = cpu;
	cpu->index = cpus_known;
	cpu->apic_id = apic_id;
	cpu->canary = random_u64() & ~0xffull;
	if (window_create(cpu) == VMK_OK)
		cpu->tables = tables_create();
	/* Nothing is given back: ring 3's tables may have some of it already. */
	if (!cpu->tables || open_gate(cpu) != VMK_OK)
		return NULL;
	cpus[cpus_known++] = cpu;
	return cpu;
}

void percpu_forget_last(void)
{
	cpus[--cpus_known] = NULL;
}
