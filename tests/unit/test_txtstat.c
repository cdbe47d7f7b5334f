/* sources: tboot-integration/txtstat/errorcode.c tboot-integration/txtstat/registers.c */
/* sources: tboot-integration/txtstat/heap.c tboot-integration/txtstat/status.c */
/* sources: tboot-integration/txtstat/eventlog.c */
/* sources: kernel/trust/txtheap.c kernel/trust/evlog_read.c */
/* libs: -lcrypto */
/* txtstat's judgement and decoders: the error table, registers, heap, launched or not. */
#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tboot-integration/txtsim/model/errorcode.h"
#include "tboot-integration/txtstat/errorcode.h"
#include "tboot-integration/txtstat/errorcodes.h"
#include "tboot-integration/txtstat/eventlog.h"
#include "tboot-integration/txtstat/status.h"
#include "tests/unit/txtstat_sink.h"

static struct sink sink;
static uint8_t window[0x1000];

static void put(uint8_t *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static void expect(const char *part)
{
	if (!strstr(sink.text, part))
		fail_msg("no \"%s\" in:\n%s", part, sink.text);
}

/* Each row decodes to itself, and every text says something. */
static void error_table_is_whole(void **state)
{
#define X(type, name_, cause_, remedy_)                                     \
	{                                                                   \
		struct txterr e = txterr_decode(0x80000000u | (type));      \
		assert_int_equal(e.source, TXTERR_PROCESSOR);               \
		assert_true(e.failed);                                      \
		assert_string_equal(e.symbol, name_);                       \
		assert_true(strlen(e.cause) > 10 && strlen(e.remedy) > 10); \
	}
	TXT_PROCESSOR_ERRORS(X)
#undef X
#define X(code, symbol_, cause_, remedy_)                                   \
	{                                                                   \
		struct txterr e = txterr_decode(0xc0000401u | (code) << 4); \
		assert_int_equal(e.source, TXTERR_ACM);                     \
		assert_int_equal(e.class, code);                            \
		assert_string_equal(e.symbol, #symbol_);                    \
		assert_string_equal(e.remedy, remedy_);                     \
	}
	TXT_ACM_CLASSES(X)
#undef X
#define X(class_, code, symbol_, meaning_)                                                   \
	{                                                                                    \
		struct txterr e = txterr_decode(0xc0000001u | (class_) << 4 | (code) << 10); \
		assert_int_equal(e.major, code);                                             \
		assert_string_not_equal(e.symbol, "unknown");                                \
		assert_string_equal(e.detail, meaning_);                                     \
	}
	TXT_ACM_MAJORS(X)
#undef X
}

static void error_kinds(void **state)
{
	assert_int_equal(txterr_decode(0).source, TXTERR_NONE);
	assert_false(txterr_decode(0x7fffffff).failed);
	assert_false(txterr_decode(0xc0000001).failed);
	assert_string_equal(txterr_decode(0xc0000001).origin, "SINIT");
	assert_string_equal(txterr_decode(0xc0000410).origin, "BIOS ACM");
	assert_int_equal(txterr_decode(0xc0008123).source, TXTERR_SOFTWARE);
	assert_int_equal(txterr_decode(0xc0008123).major, 0x123);
	assert_string_equal(txterr_decode(0x80000002).symbol, "unknown");
	assert_string_equal(txterr_decode(0xc00003f1).symbol, "unknown");
	/* A Broadwell host's, reported as "invalid PMR configuration". */
	assert_int_equal(txterr_decode(0xc0033451).class, 5);
	assert_int_equal(txterr_decode(0xc0033451).minor, 3);
}

/* What the emulated platform writes means here what it means there. */
static void emulated_errors_are_known(void **state)
{
#define X(symbol_, value, text)                               \
	{                                                     \
		struct txterr e = txterr_decode(value);       \
		assert_string_not_equal(e.symbol, "unknown"); \
		assert_true(e.failed);                        \
	}
	TXT_ERRORS(X)
#undef X
}

static struct txtfacts launched(void)
{
	memset(window, 0, sizeof(window));
	put(window + TXTREG_STS, 0x180c1, 8);
	put(window + TXTREG_ERRORCODE, 0xc0000001, 4);
	put(window + TXTREG_DIDVID, 0x1b0018086, 8);
	put(window + TXTREG_HEAP_BASE, 0xfe000000, 8);
	put(window + TXTREG_HEAP_SIZE, 0x100000, 8);
	return (struct txtfacts){.regs = {window, sizeof(window)},
		.smx = TXT_YES,
		.feature_control_known = TXT_YES,
		.feature_control = 0xff07,
		.pcr17_set = TXT_YES};
}

static void expect_status(const struct txtfacts *f, enum txt_known launched_, const char *reason)
{
	struct txtstatus s = txtstatus_judge(f);
	struct report report = sink_report(&sink);

	if (s.launched != launched_ || !strstr(s.reason, reason))
		fail_msg("%d, %s; expected %s", s.launched, s.reason, reason);
	txtstatus_report(&report, f);
	assert_int_equal(sink.depth, 0);
	expect(launched_ == TXT_YES   ? "launch=launched\n"
		: launched_ == TXT_NO ? "launch=not launched\n"
				      : "launch=unknown\n");
}

static void judges_launches(void **state)
{
	struct txtfacts f = launched();

	expect_status(&f, TXT_YES, "SENTER is done");
	f.pcr17_set = TXT_NO;
	expect_status(&f, TXT_NO, "PCR 17 holds none");
	f = launched();
	put(window + TXTREG_ERRORCODE, 0xc0002ac1, 4);
	expect_status(&f, TXT_NO, "graphics memory");
	f = launched();
	put(window + TXTREG_STS, 0, 8);
	expect_status(&f, TXT_NO, "nobody executed");
	put(window + TXTREG_ERRORCODE, 0x80000007, 4);
	expect_status(&f, TXT_NO, "signature or key hash");
	expect("remedy=the file is damaged");
	f = launched();
	put(window + TXTREG_STS, 0, 8);
	put(window + TXTREG_ESTS, 1, 8);
	expect_status(&f, TXT_NO, "locked out");
	put(window + TXTREG_HEAP_SIZE, 0, 8);
	expect_status(&f, TXT_NO, "no TXT heap");
	f.feature_control = 5;
	expect_status(&f, TXT_NO, "IA32_FEATURE_CONTROL");
}

/* Where there is no TXT the registers read as all ones, SENTER.DONE included. */
static void silence_is_no_launch(void **state)
{
	struct txtfacts f = launched();

	memset(window, 0xff, sizeof(window));
	expect_status(&f, TXT_NO, "no TXT chipset");
	memset(window, 0, sizeof(window));
	expect_status(&f, TXT_NO, "no TXT chipset");
	f.regs.size = 0;
	expect_status(&f, TXT_UNKNOWN, "not read");
	f = launched();
	f.smx = TXT_NO;
	expect_status(&f, TXT_NO, "no SMX");
	/* A short dump reads as all ones behind its end. */
	f = launched();
	f.regs.size = 0x100;
	expect_status(&f, TXT_NO, "no TXT chipset");
}

static void reports_registers(void **state)
{
	struct txtfacts f = launched();
	struct report report = sink_report(&sink);

	put(window + 0x330, 0xfe400041, 8);
	txtregs_report(&report, &f.regs);
	assert_int_equal(sink.depth, 0);
	expect("SENTER.DONE=yes\n");
	expect("LOCALITY2.OPEN=yes\n");
	expect("SEXIT.DONE=no\n");
	expect("device=0xb001\n");
	expect("top=0xfe400000\nMiB=4\n");
	for (size_t size = 0; size < 0x900; size += 7) {
		uint8_t *exact = malloc(size ? size : 1);
		struct txtregs regs = {exact, size};

		memcpy(exact, window, size);
		report = sink_report(&sink);
		txtregs_report(&report, &regs);
		free(exact);
	}
}

/* A heap as txtsim's firmware leaves it, then with SINIT's part. */
static size_t make_heap(uint8_t *heap, bool with_sinit)
{
	memset(heap, 0, 1024);
	put(heap, 52, 8);
	put(heap + 8, 6, 4);
	put(heap + 32, 2, 4);
	put(heap + 40, 2, 4);
	put(heap + 48, 8, 4);
	put(heap + 52, 16, 8);
	put(heap + 60, 3, 4);
	put(heap + 68, 108, 8);
	put(heap + 76, 7, 4);
	put(heap + 156, 0x601, 4);
	put(heap + 172, 8, 4);
	if (!with_sinit)
		return 1024;
	put(heap + 176, 200, 8);
	put(heap + 184, 9, 4);
	put(heap + 184 + 128, 1, 4);
	put(heap + 184 + 132, 164, 4);
	put(heap + 176 + 164, 0x100000, 8);
	put(heap + 176 + 172, 0x1000000, 8);
	return 376;
}

static void decodes_a_heap(void **state)
{
	uint8_t bytes[1024];
	struct heapstat heap;
	struct report report = sink_report(&sink);
	size_t size = make_heap(bytes, true), unused;

	assert_true(heapstat_open(&heap, bytes, size, 0x1000));
	assert_true(heapstat_launched(&heap));
	assert_null(heapstat_log(&heap, &unused));
	heapstat_report(&report, &heap);
	expect("platform=client\n");
	expect("wake-by-getsec=yes\n");
	expect("cbnt=yes\n");
	expect("base=0x100000\nlength=0x1000000\ntype=good\n");
	expect("fault=OsSinitData names no crypto-agile event log\n");
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *exact = malloc(cut ? cut : 1);

		memcpy(exact, bytes, cut);
		heapstat_open(&heap, exact, cut, 0x1000);
		assert_false(cut < 300 && heapstat_launched(&heap));
		report = sink_report(&sink);
		heapstat_report(&report, &heap);
		assert_int_equal(sink.depth, 0);
		free(exact);
	}
}

/* Registers that claim a launch and a heap without SINIT's data contradict each other. */
static void heap_against_registers(void **state)
{
	uint8_t bytes[1024];
	struct heapstat heap;
	struct txtfacts f = launched();

	f.heap = &heap;
	assert_true(heapstat_open(&heap, bytes, make_heap(bytes, true), 0));
	expect_status(&f, TXT_YES, "SENTER is done");
	heapstat_open(&heap, bytes, make_heap(bytes, false), 0);
	expect_status(&f, TXT_NO, "left no data");
}

static void sha256(const void *data, size_t size, uint8_t digest[32])
{
	SHA256(data, size, digest);
}

static uint8_t *load(const char *name, size_t *size)
{
	const char *directory = getenv("MERLON_TXT_DATA");
	uint8_t *bytes = malloc(2 << 20);
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory ? directory : "../shared/data/txt", name);
	file = fopen(path, "rb");
	if (!file) {
		free(bytes);
		return NULL;
	}
	*size = fread(bytes, 1, 2 << 20, file);
	fclose(file);
	return bytes;
}

/* A real host's heap and log; not part of this repository. */
static void decodes_a_real_heap(void **state)
{
	size_t size, log_size;
	uint8_t *bytes = load("txt_heap_info.bin", &size);
	struct report report = sink_report(&sink);
	struct heapstat heap;
	const uint8_t *log;

	if (!bytes)
		skip();
	assert_true(heapstat_open(&heap, bytes + 4096, size - 4096, 0));
	assert_true(heapstat_launched(&heap));
	heapstat_report(&report, &heap);
	expect("num_logical_procs=72\n");
	expect("dmar_signature=yes\n");
	expect("type=MADT\n");
	assert_null(strstr(sink.text, "fault="));
	log = heapstat_log(&heap, &log_size);
	assert_int_equal(log_size, 1722);
	report = sink_report(&sink);
	assert_true(eventlog_report(&report, log, log_size, sha256));
	expect("name=HASH_START\n");
	expect("pcr=18\nfrom_zero=");
	free(bytes);
}

static void reports_a_broken_log(void **state)
{
	struct report report = sink_report(&sink);

	assert_false(eventlog_report(&report, "no log", 6, sha256));
	expect("fault=");
	assert_int_equal(sink.depth, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_table_is_whole),
		cmocka_unit_test(error_kinds),
		cmocka_unit_test(emulated_errors_are_known),
		cmocka_unit_test(judges_launches),
		cmocka_unit_test(silence_is_no_launch),
		cmocka_unit_test(reports_registers),
		cmocka_unit_test(decodes_a_heap),
		cmocka_unit_test(heap_against_registers),
		cmocka_unit_test(decodes_a_real_heap),
		cmocka_unit_test(reports_a_broken_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
