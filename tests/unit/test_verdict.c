/* sources: kernel/trust/verdict.c kernel/trust/sign.c kernel/trust/srtm.c */
/* sources: kernel/trust/describe.c kernel/trust/evlog_write.c */
/* sources: kernel/trust/evlog_read.c kernel/trust/hash.c kernel/lib/hex.c */
/* sources: tests/unit/shim/panic.c */
/* needs: build/host-lib/libmbedtls.a */
/* libs: build/host-lib/libmbedtls.a */
/* The verdict: measured only with every sign, and each missing sign is named. */
#include "boot/boot_info.h"
#include "trust/describe.h"
#include "trust/evlog_write.h"
#include "trust/hash.h"
#include "trust/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static uint8_t log_bytes[2048];
static size_t log_size;
static struct verdict_facts facts;
static struct verdict verdict;
static const uint8_t d1[32] = {1}, d2[32] = {2}, d3[32] = {3};

static void extend(uint8_t pcr[32], const uint8_t digest[32])
{
	uint8_t joined[64];

	memcpy(joined, pcr, 32);
	memcpy(joined + 32, digest, 32);
	hash_sha256(joined, 64, pcr);
}

/* A launch in which everything agrees: two events in PCR 17, one in 18, one that is not extended.
 */
static int setup(void **state)
{
	struct evlog_writer w;

	memset(&facts, 0, sizeof(facts));
	evlog_write_begin(&w, log_bytes, sizeof(log_bytes), false, true);
	evlog_write_event(&w, 17, 0x402, NULL, d1, "", 0);
	evlog_write_event(&w, 18, 0x410, NULL, d2, "", 0);
	evlog_write_event(&w, 17, 3, NULL, d1, "", 0);
	evlog_write_event(&w, 17, 0x404, NULL, d3, "", 0);
	evlog_write_event(&w, 20, 0x501, NULL, d3, "", 0);
	log_size = w.size;
	facts = (struct verdict_facts){
		.tboot_word = true,
		.tboot_uuid = true,
		.tboot_place = true,
		.txt = true,
		.sts = 0x180c1,
		.e2sts = TXT_E2STS_SECRETS,
		.pcrs = true,
		.log = log_bytes,
		.log_bytes = log_size,
	};
	extend(facts.pcr17, d1);
	extend(facts.pcr17, d3);
	extend(facts.pcr18, d2);
	return 0;
}

static void test_all_signs(void **state)
{
	verdict_draw(&facts, &verdict);
	for (unsigned i = 0; i < VERDICT_SIGN_COUNT; i++) {
		if (!verdict.signs[i].holds)
			fail_msg("%s is missing", verdict_sign_name(i));
	}
	assert_true(verdict.measured);
	facts.errorcode = TXT_ERRORCODE_SINIT_OK;
	verdict_draw(&facts, &verdict);
	assert_true(verdict.measured);
}

/* Exactly these signs are missing, and one of them is enough. */
static void expect_missing(unsigned count, const enum verdict_sign_name *names)
{
	verdict_draw(&facts, &verdict);
	assert_false(verdict.measured);
	for (unsigned i = 0; i < count; i++) {
		if (verdict.signs[names[i]].holds)
			fail_msg("%s should be missing", verdict_sign_name(names[i]));
		assert_string_not_equal(verdict.signs[names[i]].expected, "");
		assert_string_not_equal(verdict.signs[names[i]].found, "");
	}
	if (verdict.missing != count)
		fail_msg("%u signs are missing instead of %u (%s)", verdict.missing, count,
			verdict_sign_name(names[0]));
	setup(NULL);
}

#define EXPECT_MISSING(...)                                                 \
	do {                                                                \
		const enum verdict_sign_name names_[] = {__VA_ARGS__};      \
		expect_missing(sizeof(names_) / sizeof(names_[0]), names_); \
	} while (0)

static void test_each_sign_alone(void **state)
{
	facts.tboot_word = false;
	EXPECT_MISSING(SIGN_TBOOT_WORD);
	facts.tboot_uuid = false;
	EXPECT_MISSING(SIGN_TBOOT_UUID);
	facts.tboot_place = false;
	EXPECT_MISSING(SIGN_TBOOT_PLACE);
	facts.sts &= ~TXT_STS_SENTER_DONE;
	EXPECT_MISSING(SIGN_TXT_STS);
	facts.sts |= TXT_STS_SEXIT_DONE;
	EXPECT_MISSING(SIGN_TXT_STS);
	facts.sts &= ~TXT_STS_LOCALITY2_OPEN;
	EXPECT_MISSING(SIGN_TXT_LOCALITY);
	facts.ests = TXT_ESTS_RESET;
	EXPECT_MISSING(SIGN_TXT_ESTS);
	facts.errorcode = 0xc0000c11;
	EXPECT_MISSING(SIGN_TXT_ERROR);
	facts.e2sts = 0;
	EXPECT_MISSING(SIGN_TXT_SECRETS);
}

static void test_pcrs(void **state)
{
	memset(facts.pcr17, 0xff, 32);
	EXPECT_MISSING(SIGN_PCR17, SIGN_REPLAY17);
	memset(facts.pcr18, 0, 32);
	EXPECT_MISSING(SIGN_PCR18, SIGN_REPLAY18);
	facts.pcr17[31] ^= 1;
	EXPECT_MISSING(SIGN_REPLAY17);
	facts.pcr18[0] ^= 0x80;
	EXPECT_MISSING(SIGN_REPLAY18);
	facts.pcrs = false;
	EXPECT_MISSING(SIGN_PCR17, SIGN_PCR18, SIGN_REPLAY17, SIGN_REPLAY18);
}

static void test_log(void **state)
{
	facts.log = NULL;
	facts.log_why = "because of the test";
	verdict_draw(&facts, &verdict);
	assert_string_equal(verdict.signs[SIGN_LOG].found, "because of the test");
	EXPECT_MISSING(SIGN_LOG, SIGN_REPLAY17, SIGN_REPLAY18);
	facts.log_bytes -= 1;
	EXPECT_MISSING(SIGN_LOG, SIGN_REPLAY17, SIGN_REPLAY18);
	log_bytes[0] = 1;
	EXPECT_MISSING(SIGN_LOG, SIGN_REPLAY17, SIGN_REPLAY18);
}

/* A PCR that looks measured when the log covers nothing of it is no launch either. */
static void test_log_without_events(void **state)
{
	struct evlog_writer w;

	evlog_write_begin(&w, log_bytes, sizeof(log_bytes), false, true);
	facts.log_bytes = w.size;
	EXPECT_MISSING(SIGN_REPLAY17, SIGN_REPLAY18);
	/* A log with SHA-1 digests alone proves nothing about the SHA-256 bank. */
	evlog_write_begin(&w, log_bytes, sizeof(log_bytes), true, false);
	evlog_write_event(&w, 17, 0x402, d1, NULL, "", 0);
	facts.log_bytes = w.size;
	EXPECT_MISSING(SIGN_LOG, SIGN_REPLAY17, SIGN_REPLAY18);
}

/* A kernel that GRUB started: nothing holds, nothing crashes. */
static void test_nothing(void **state)
{
	memset(&facts, 0, sizeof(facts));
	verdict_draw(&facts, &verdict);
	assert_false(verdict.measured);
	assert_int_equal(verdict.missing, VERDICT_SIGN_COUNT);
	for (unsigned i = 0; i < VERDICT_SIGN_COUNT; i++)
		assert_string_not_equal(verdict.signs[i].found, "");
}

static void test_text(void **state)
{
	struct describe launch = {
		.verdict = &verdict, .tpm_present = true, .tpm_manufacturer = "IBM "};
	char text[4096], small[40];
	size_t size;

	verdict_draw(&facts, &verdict);
	size = describe_launch(&launch, true, text, sizeof(text));
	assert_int_equal(size, strlen(text));
	assert_ptr_equal(text, strstr(text, "Drtm Enabled: true\nTpm Present: true\n"));
	assert_non_null(strstr(text, "replay18: holds"));
	assert_int_equal(describe_launch(&launch, true, small, sizeof(small)), sizeof(small) - 1);
	assert_int_equal(small[sizeof(small) - 1], 0);
	facts.e2sts = 0;
	verdict_draw(&facts, &verdict);
	launch.tpm_error = "time-out";
	describe_held(&verdict, text, sizeof(text));
	assert_ptr_equal(text, strstr(text, "tboot-word tboot-uuid "));
	assert_null(strstr(text, "e2sts"));
	describe_launch(&launch, true, text, sizeof(text));
	assert_ptr_equal(text, strstr(text, "Drtm Enabled: false\n"));
	assert_non_null(strstr(text, "Error loading TPM: time-out\n"));
	assert_non_null(strstr(text, "txt-e2sts: MISSING"));
	assert_null(strstr(text, "module 0"));
}

static void test_module_lines(void **state)
{
	static struct boot_info boot = {
		.cmdline = "a b", .module_count = 1, .modules = {{.cmdline = "c.pkg"}}};
	struct describe launch = {.verdict = &verdict, .tpm_manufacturer = "IBM", .boot = &boot};
	char text[4096];

	verdict_draw(&facts, &verdict);
	describe_launch(&launch, true, text, sizeof(text));
	assert_non_null(strstr(text, "\nmodule 0 cmdline=a b\nmodule 1 cmdline=c.pkg\n"));
	describe_launch(&launch, false, text, sizeof(text));
	assert_null(strstr(text, "module"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_all_signs, setup),
		cmocka_unit_test_setup(test_each_sign_alone, setup),
		cmocka_unit_test_setup(test_pcrs, setup),
		cmocka_unit_test_setup(test_log, setup),
		cmocka_unit_test_setup(test_log_without_events, setup),
		cmocka_unit_test_setup(test_nothing, setup),
		cmocka_unit_test_setup(test_text, setup),
		cmocka_unit_test_setup(test_module_lines, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
