#include "arch/x86/hardening_cpu.h"
#include "arch/x86/cet.h"
#include "arch/x86/cpu.h"
#include "arch/x86/hardening.h"
#include "arch/x86/percpu.h"
#include "arch/x86/speculation_cpu.h"
#include "boot/boot_info.h"
#include "mem/space.h"

unsigned hardening_count(void)
{
	return HARDENING_RULE_COUNT;
}

static void read_cpu(struct hardening_facts *f)
{
	uint64_t saved = irq_save();

	f->cr0 = read_cr0();
	f->cr4 = read_cr4();
	f->efer = rdmsr(MSR_EFER);
	f->s_cet = cet_user_flags() ? rdmsr(MSR_S_CET) : 0;
	f->u_cet = cet_user_flags();
	f->spec_ctrl = speculation_now();
	f->canary = percpu()->canary;
	irq_restore(saved);
}

static void read_cpu_facts(struct hardening_facts *f)
{
	*f = (struct hardening_facts){.speculation = *speculation_plan()};
	for (unsigned i = 0; i < CPU_FEATURE_COUNT; i++)
		f->has[i] = cpu_has(i);
	f->hardware_entropy = boot_info->entropy_sources & BOOT_ENTROPY_CPU;
	read_cpu(f);
}

void hardening_cpu_text(char *to, size_t size)
{
	struct hardening_facts f;

	read_cpu_facts(&f);
	hardening_describe_cpu(&f, to, size);
}

bool hardening_look(unsigned rule, struct vmk_info_hardening *row)
{
	struct hardening_facts f;

	if (rule >= HARDENING_RULE_COUNT)
		return false;
	read_cpu_facts(&f);
	f.sealed = space_sealed();
	/* Walks of every page table, for those who ask for them. */
	if (rule <= HARDENING_HALVES)
		audit_wx(&f.audit);
	if (rule == HARDENING_PRIVATE || rule == HARDENING_ALIASES)
		audit_frames(&f.frames);
	if (rule == HARDENING_HEAP)
		heap_audit(&f.heap);
	if (rule == HARDENING_ISOLATION)
		gate_audit(&f.gate);
	if (rule == HARDENING_GUESTS)
		vm_audit(&f.guests);
	if (rule == HARDENING_THREADS)
		f.sharing = speculation_sharing();
	if (rule == HARDENING_NULL || rule == HARDENING_GUARDS)
		audit_guards(&f.guards);
	hardening_describe(&f, rule, row);
	return true;
}
