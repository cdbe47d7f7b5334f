#include "fuzz/differential/vmentry/predict.h"
#include "fuzz/models/swvmx/vectors.h"
#include "vtx/exits.h"
#include <string.h>

#define F(name)    f[VMCS_INDEX_##name]
#define BASE(name) base[VMCS_INDEX_##name]

/* Bits of CR0 and CR4 that 64-bit code without tasks, floating point and user pages does not feel.
 */
#define CR0_FREE (1ull << 1 | 1ull << 2 | 1ull << 3 | 1ull << 16 | 1ull << 18)
#define CR4_FREE 0x7707dfull

const char *outcome_name(enum outcome_kind kind)
{
	static const char *const names[] = {[OUTCOME_CONTROLS] = "error 7, controls",
		[OUTCOME_HOST] = "error 8, host state",
		[OUTCOME_GUEST] = "exit 33, guest state",
		[OUTCOME_MSR] = "exit 34, MSR list",
		[OUTCOME_ENTERED] = "entered",
		[OUTCOME_OTHER] = "something else"};

	return names[kind];
}

void predict(struct prediction *p, const struct swvmx_cpu *cpu, const uint64_t *f,
	const struct swvmx_referenced *referenced)
{
	memset(p, 0, sizeof(*p));
	swvmx_check_controls(cpu, f, &p->controls);
	swvmx_check_host(cpu, f, &p->host);
	swvmx_check_guest(cpu, f, referenced, &p->guest);
	p->bad_msr = swvmx_check_list(f, &p->msr);
}

enum outcome_kind prediction_kind(const struct prediction *p)
{
	if (p->controls.count)
		return OUTCOME_CONTROLS;
	if (p->host.count)
		return OUTCOME_HOST;
	if (p->guest.count)
		return OUTCOME_GUEST;
	return p->msr.count ? OUTCOME_MSR : OUTCOME_ENTERED;
}

void prediction_add(struct prediction *p, enum outcome_kind group)
{
	if (group == OUTCOME_CONTROLS)
		p->controls.count++;
	if (group != OUTCOME_GUEST)
		return;
	p->guest.count++;
	p->also_guest = true;
}

static bool qualification_is_due(const struct prediction *p, uint64_t qualification)
{
	if (p->also_guest && qualification == 0)
		return true;
	for (enum swvmx_check check = 0; check < SWVMX_CHECK_COUNT; check++)
		if (p->guest.failed[check] && swvmx_guest_qualification(check) == qualification)
			return true;
	return false;
}

bool prediction_allows(const struct prediction *p, const struct outcome *outcome)
{
	if (p->controls.count || p->host.count)
		return (outcome->kind == OUTCOME_CONTROLS && p->controls.count) ||
		       (outcome->kind == OUTCOME_HOST && p->host.count);
	if (p->wrong_reason && outcome->kind == OUTCOME_OTHER)
		return outcome->detail == (EXIT_ENTRY_FAILED | SWVMX_HOST);
	if (outcome->kind != prediction_kind(p))
		return false;
	if (outcome->kind == OUTCOME_GUEST)
		return qualification_is_due(p, outcome->detail);
	return outcome->kind != OUTCOME_MSR || outcome->detail == p->bad_msr;
}

static void drop(struct swvmx_failures *from, enum swvmx_check check)
{
	if (!from->failed[check])
		return;
	from->failed[check] = 0;
	from->count--;
}

void prediction_drop(struct prediction *p, enum swvmx_check check)
{
	drop(&p->controls, check);
	drop(&p->host, check);
	drop(&p->guest, check);
	drop(&p->msr, check);
}

/* The fields of the host that the payload stands on. */
static bool host_is_ours(const uint64_t *f, const uint64_t *base)
{
	return F(HOST_CR3) == BASE(HOST_CR3) && F(HOST_RIP) == BASE(HOST_RIP) &&
	       F(HOST_CS) == BASE(HOST_CS) && F(HOST_SS) == BASE(HOST_SS) &&
	       F(HOST_EFER) == BASE(HOST_EFER) && !((F(HOST_CR0) ^ BASE(HOST_CR0)) & ~CR0_FREE) &&
	       !((F(HOST_CR4) ^ BASE(HOST_CR4)) & ~CR4_FREE);
}

static bool in_model(uint64_t address)
{
	return swvmx_at(hpa(address)) != NULL;
}

/* Delivering an event reads and writes the guest's memory before the timer can stop it. */
static bool delivers(const uint64_t *f)
{
	return (F(ENTRY_EVENT) & EVENT_VALID) || F(GUEST_PENDING_DEBUG);
}

/* What a failed entry does, too: it is an exit (SDM 27.8). From a 32-bit guest Bochs finds back
 * into 64-bit mode only with the host's EFER. */
static bool may_exit(const uint64_t *f, const uint64_t *base)
{
	return !F(EXIT_MSR_LOAD_COUNT) && (F(EXIT_CONTROLS) & EXIT_LOAD_EFER) &&
	       host_is_ours(f, base);
}

static bool may_enter(const uint64_t *f, const uint64_t *base)
{
	const uint32_t proc2 = swvmx_proc2(f);

	if (!(F(PIN_CONTROLS) & PIN_PREEMPTION_TIMER) || F(PREEMPTION_TIMER))
		return false;
	/* The timer does not stop it then. */
	if (F(GUEST_ACTIVITY) == ACTIVITY_WAIT_FOR_SIPI)
		return false;
	if (F(EXIT_MSR_STORE_COUNT) || F(ENTRY_MSR_LOAD_COUNT) > 1)
		return false;
	if (F(ENTRY_MSR_LOAD_COUNT) && F(ENTRY_MSR_LOAD) != SWVMX_MSR_LIST)
		return false;
	if ((F(PROC_CONTROLS) & PROC_TPR_SHADOW) && !in_model(F(VIRTUAL_APIC)))
		return false;
	if ((proc2 & PROC2_VE) && !in_model(F(VE_INFORMATION)))
		return false;
	return !delivers(f) || ((proc2 & PROC2_EPT) && F(EPTP) == BASE(EPTP));
}

bool may_end(enum outcome_kind kind, const uint64_t *f, const uint64_t *base)
{
	switch (kind) {
	case OUTCOME_CONTROLS:
	case OUTCOME_HOST:
		return true;
	case OUTCOME_GUEST:
		return may_exit(f, base);
	default:
		return may_exit(f, base) && may_enter(f, base);
	}
}
