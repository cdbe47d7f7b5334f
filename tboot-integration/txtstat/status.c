#include "tboot-integration/txtstat/status.h"

#include "tboot-integration/txtstat/errorcode.h"

/* SDM volume 2D, 7.2.1: what SENTER needs of IA32_FEATURE_CONTROL. */
#define FEATURE_LOCK          (1u << 0)
#define FEATURE_VMX_IN_SMX    (1u << 1)
#define FEATURE_SENTER_LOCAL  0x7f00u
#define FEATURE_SENTER_GLOBAL (1u << 15)

#define SPAD_TXT_DISABLED     (1ull << 60)

static struct txtstatus no(const char *reason, const char *remedy)
{
	return (struct txtstatus){.launched = TXT_NO, .reason = reason, .remedy = remedy};
}

static bool senter_allowed(uint64_t feature_control)
{
	return feature_control & FEATURE_LOCK && feature_control & FEATURE_VMX_IN_SMX &&
	       feature_control & FEATURE_SENTER_GLOBAL &&
	       (feature_control & FEATURE_SENTER_LOCAL) == FEATURE_SENTER_LOCAL;
}

/* SENTER did not complete: the nearest cause that the facts show. */
static struct txtstatus why_not(const struct txtfacts *f, const struct txterr *error)
{
	if (error->failed) {
		struct txtstatus s = no(error->cause, error->remedy);

		s.errorcode = error->value;
		return s;
	}
	if (f->smx == TXT_NO)
		return no("the processor shows no SMX",
			"use a processor with TXT; enable TXT in the firmware");
	if (f->feature_control_known == TXT_YES && !senter_allowed(f->feature_control))
		return no("TXT is off in the firmware (IA32_FEATURE_CONTROL)",
			"enable TXT and VT-x in the firmware");
	if (txtregs_read(&f->regs, TXTREG_SPAD, 8) & SPAD_TXT_DISABLED)
		return no("TXT is disabled by the firmware's policy", "enable TXT in the firmware");
	if (!txtregs_read(&f->regs, TXTREG_HEAP_SIZE, 8))
		return no("the firmware reserved no TXT heap", "enable TXT in the firmware");
	if (txtregs_read(&f->regs, TXTREG_ESTS, 8) & TXTREG_ESTS_RESET)
		return no("TXT is locked out after a TXT reset",
			"power off for a cold start: a reset is not enough");
	return no("nobody executed GETSEC[SENTER]",
		"boot through tboot; if it was, its log says why it went on without");
}

struct txtstatus txtstatus_judge(const struct txtfacts *f)
{
	struct txterr error;
	uint64_t sts;

	if (!f->regs.size)
		return (struct txtstatus){
			.reason = "the TXT registers were not read", .remedy = NULL};
	if (!txtregs_present(&f->regs))
		return no("there is no TXT chipset: its registers read as nothing",
			"use a board with TXT; enable TXT in the firmware");
	error = txterr_decode((uint32_t)txtregs_read(&f->regs, TXTREG_ERRORCODE, 4));
	sts = txtregs_read(&f->regs, TXTREG_STS, 8);
	if (!(sts & TXTREG_STS_SENTER_DONE))
		return why_not(f, &error);
	if (error.failed)
		return why_not(f, &error);
	if (f->smx == TXT_NO)
		return why_not(f, &error);
	if (f->pcr17_set == TXT_NO)
		return no("the registers claim a launch, but PCR 17 holds none",
			"do not trust this machine's registers; power off for a cold start");
	if (f->heap && !heapstat_launched(f->heap))
		return no("the registers claim a launch, but SINIT left no data in the heap",
			"do not trust this machine's registers; power off for a cold start");
	return (struct txtstatus){
		.launched = TXT_YES, .reason = "SENTER is done and no error is recorded"};
}

void txtstatus_report(const struct report *r, const struct txtfacts *f)
{
	static const char *const words[] = {"unknown", "not launched", "launched"};
	struct txtstatus s = txtstatus_judge(f);

	report_group(r, "status");
	report_text(r, "launch", words[s.launched]);
	report_text(r, "reason", s.reason);
	if (s.errorcode)
		txterr_report(r, "error", s.errorcode);
	else if (s.remedy)
		report_text(r, "remedy", s.remedy);
	if (f->smx)
		report_flag(r, "smx", f->smx == TXT_YES);
	if (f->feature_control_known == TXT_YES)
		report_hex(r, "feature_control", f->feature_control);
	if (f->pcr17_set)
		report_flag(r, "pcr17_set", f->pcr17_set == TXT_YES);
	report_end(r);
}
