/*
 * Was there a measured launch, and if not, why. Pure: judges facts that someone else collected, and
 * never infers a launch from silence: a machine without TXT reads as all ones, SENTER.DONE too.
 */
#ifndef TXTSTAT_STATUS_H
#define TXTSTAT_STATUS_H

#include "tboot-integration/txtstat/heap.h"
#include "tboot-integration/txtstat/registers.h"

enum txt_known { TXT_UNKNOWN, TXT_NO, TXT_YES };

struct txtfacts {
	struct txtregs regs;         /* size 0: not known */
	const struct heapstat *heap; /* NULL: not known */
	enum txt_known smx;          /* CPUID.1:ECX.SMX */
	enum txt_known feature_control_known;
	uint64_t feature_control; /* IA32_FEATURE_CONTROL */
	enum txt_known pcr17_set; /* PCR 17 is neither all ones nor all zero */
};

struct txtstatus {
	enum txt_known launched;
	const char *reason; /* static text: why, or what shows it */
	const char *remedy; /* static text, NULL when there is nothing to do */
	uint32_t errorcode; /* of the launch that failed, 0 if none did */
};

struct txtstatus txtstatus_judge(const struct txtfacts *facts);
void txtstatus_report(const struct report *r, const struct txtfacts *facts);

#endif
