#include "arch/x86/hardening_cpu.h"
#include "arch/x86/cet.h"
#include "arch/x86/cpu.h"
#include "arch/x86/hardening.h"
#include "arch/x86/percpu.h"
#include "arch/x86/speculation_cpu.h"
#include "boot/boot_info.h"
#include "boot/image.h"
#include "mem/frames_edge.h"
#include "mem/ranges.h"
#include "mem/space.h"

#define CODE_BYTES 64u

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

/* Walks of every page table and the like, for those who ask for them. */
static void look_at_memory(unsigned rule, struct hardening_facts *f)
{
	const struct range image = {(uintptr_t)__image_start, (uintptr_t)__image_end};
	const struct range direct = {direct_map_base(), direct_map_base() + direct_map_end()};

	if (rule <= HARDENING_HALVES)
		audit_wx(&f->audit);
	if (rule == HARDENING_PRIVATE || rule == HARDENING_ALIASES)
		audit_frames(&f->frames);
	if (rule == HARDENING_ISOLATION)
		gate_audit(&f->gate);
	if (rule == HARDENING_NULL || rule == HARDENING_GUARDS)
		audit_guards(&f->guards);
	if (rule == HARDENING_FREED)
		audit_free(&f->freed);
	if (rule == HARDENING_PLACEMENT)
		audit_places(&image, &direct, &f->places);
	if (rule == HARDENING_HEAP)
		heap_audit(&f->heap);
	if (rule == HARDENING_HEAP_ORDER)
		heap_audit_order(&f->heap_order);
}

/* A function that others call by its address, and that is short enough to be read as a whole. */
static void read_code(struct hardening_code *code)
{
#if defined(__clang__)
	const bool has_types = true;
#else
	const bool has_types = false;
#endif

	hardening_read_code(
		(const uint8_t *)(uintptr_t)hardening_count, CODE_BYTES, has_types, code);
}

bool hardening_look(unsigned rule, struct vmk_info_hardening *row)
{
	struct hardening_facts f;

	if (rule >= HARDENING_RULE_COUNT)
		return false;
	read_cpu_facts(&f);
	f.sealed = space_sealed();
	look_at_memory(rule, &f);
	if (rule == HARDENING_CANARY)
		worlds_audit_canaries(&f.canaries);
	if (rule == HARDENING_CODE)
		read_code(&f.code);
	if (rule == HARDENING_GUESTS)
		vm_audit(&f.guests);
	if (rule == HARDENING_THREADS)
		f.sharing = speculation_sharing();
	hardening_describe(&f, rule, row);
	return true;
}
