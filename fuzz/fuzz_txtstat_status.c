/* sources: tboot-integration/txtstat/status.c tboot-integration/txtstat/errorcode.c */
/* sources: tboot-integration/txtstat/registers.c tboot-integration/txtstat/heap.c */
/* sources: tboot-integration/txtstat/eventlog.c */
/* sources: kernel/trust/txtheap.c kernel/trust/evlog_read.c */
/* quiet: fuzz/models/report_reader.c */
/* coverage: edges, comparisons, lean */
/*
 * What a machine says of its launch: {u8 what is known, le64 IA32_FEATURE_CONTROL, le16 size of the
 * registers' window, registers, then a heap or an event log}. A launch is claimed only of a machine
 * whose every part says so, and whatever is refused has a reason.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/reader.h"
#include "fuzz/models/report_reader.h"
#include "tboot-integration/txtstat/errorcode.h"
#include "tboot-integration/txtstat/eventlog.h"
#include "tboot-integration/txtstat/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SMX = 3, FEATURE = 4, PCR17 = 0x18, HEAP = 0x20, LOG = 0x40, TABLE = 0x80 };

static void check_error(uint32_t value)
{
	struct txterr e = txterr_decode(value);

	if (!e.origin || !e.symbol || !e.cause || !e.remedy || (e.failed && !(value >> 31)))
		abort();
	if (e.source == TXTERR_ACM && (e.class > 0x3f || e.major > 0x1f || e.minor > 0xfff))
		abort();
}

static void check_status(const struct txtfacts *f)
{
	struct txtstatus s = txtstatus_judge(f);

	if (!s.reason)
		abort();
	if (s.launched != TXT_YES)
		return;
	if (!(txtregs_read(&f->regs, TXTREG_STS, 8) & TXTREG_STS_SENTER_DONE) || f->smx == TXT_NO ||
		f->pcr17_set == TXT_NO || s.errorcode || (f->heap && !heapstat_launched(f->heap)))
		abort();
}

/* Not SHA-256, but as long. */
static void digest(const void *data, size_t size, uint8_t out[32])
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		out[i % 32] = (uint8_t)(out[i % 32] * 31 + bytes[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report_reader reader;
	struct report report = report_to_reader(&reader);
	struct reader in = reader_of(data, size);
	uint8_t known = reader_u8(&in);
	struct txtfacts facts = {.smx = (known & SMX) % 3,
		.feature_control_known = known & FEATURE ? TXT_YES : TXT_UNKNOWN,
		.pcr17_set = (known & PCR17) / 8 % 3};
	struct heapstat heap;
	uint16_t window;

	facts.feature_control = reader_le64(&in);
	window = reader_le16(&in);
	if (in.failed)
		return 0;
	facts.regs.size = window < reader_left(&in) ? window : reader_left(&in);
	facts.regs.bytes = reader_bytes(&in, facts.regs.size);
	if (known & HEAP && heapstat_open(&heap, in.data + in.at, reader_left(&in), 0))
		facts.heap = &heap;
	if (known & LOG)
		eventlog_report(
			&report, in.data + in.at, reader_left(&in), known & HEAP ? NULL : digest);
	/* Whatever the input: with nothing else, or it were a sixth of all time. */
	if (known == TABLE)
		txterr_report_table(&report);
	check_error((uint32_t)txtregs_read(&facts.regs, TXTREG_ERRORCODE, 4));
	check_error((uint32_t)facts.feature_control);
	check_status(&facts);
	txterr_report(&report, "error", (uint32_t)facts.feature_control);
	txtstatus_report(&report, &facts);
	txtregs_report(&report, &facts.regs);
	report_reader_check(&reader);
	return 0;
}
