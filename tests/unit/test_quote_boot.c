/* sources: tests/unit/shim/audit.c */
/* sources: kernel/trust/security.c kernel/boot/options.c */
/* sources: kernel/trust/trust.c kernel/trust/attester.c kernel/trust/tis.c kernel/trust/tcti.c */
/* sources: kernel/trust/tpm.c kernel/trust/tpm_key.c kernel/trust/quote.c kernel/trust/hash.c */
/* sources: kernel/trust/verdict.c kernel/trust/sign.c kernel/trust/srtm.c kernel/trust/crb.c */
/* sources: kernel/trust/describe.c kernel/trust/measure.c */
/* sources: kernel/trust/evlog_write.c kernel/trust/evlog_read.c kernel/lib/hex.c */
/* sources: kernel/lib/lock.c tests/unit/shim/panic.c */
/* needs: build/host-lib/libmbedtls.a */
/* libs: build/host-lib/libmbedtls.a -ltss2-sys -ltss2-mu */
/*
 * The trust subsystem from boot to power-off, over a swtpm that went through a launch: only the
 * machine's edge (kernel/trust/edge.c) is played by the test.
 */
#include "tests/unit/test_tpm_swtpm.h"

#include "arch/x86/power.h"
#include "arch/x86/time.h"
#include "boot/boot_info.h"
#include "boot/entropy.h"
#include "lib/log.h"
#include "lib/random.h"
#include "trust/edge.h"
#include "trust/evlog_read.h"
#include "trust/evlog_write.h"
#include "trust/hash.h"
#include "trust/state.h"
#include "trust/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <tss2/tss2_mu.h>
#include <cmocka.h>

static struct swtpm swtpm;
static struct tis_device device;
static struct boot_info info;
const struct boot_info *boot_info = &info;
static uint8_t drtm[1024];
static size_t drtm_bytes;
static unsigned seeded;
static void (*at_leave)(void);
static char lines[16384];
static uint64_t now_ns = 1;

/* --- the machine */

const struct tis_ops edge_tis_ops = {
	.read8 = device_read8,
	.read32 = device_read32,
	.write8 = device_write8,
	.now_ms = device_now,
	.delay = device_delay,
};

const struct crb_ops edge_crb_ops;

uint64_t time_ns(void)
{
	return now_ns;
}

enum vmk_status edge_map_tpm(void **mapped)
{
	*mapped = &device;
	return VMK_OK;
}

bool edge_read_firmware_log(
	const struct boot_info *from, unsigned candidate, struct srtm_facts *facts)
{
	facts->log_why = "none";
	return false;
}

void edge_hash_module(const struct boot_info *from, unsigned module, uint8_t sha256[32])
{
	memset(sha256, 0, 32);
}

void edge_set_wait(void (*yield)(void))
{
}

void edge_pause(void)
{
	device.now += 5;
}

void edge_read_txt(struct verdict_facts *facts)
{
	uint8_t *log = calloc(1, drtm_bytes);

	memcpy(log, drtm, drtm_bytes);
	facts->txt = true;
	facts->sts = 0x180c1;
	facts->e2sts = TXT_E2STS_SECRETS;
	facts->log = log;
	facts->log_bytes = drtm_bytes;
}

void power_at_leave(void (*function)(void))
{
	at_leave = function;
}

void entropy_add(unsigned source, const void *material, size_t bytes)
{
	seeded += (unsigned)bytes;
}

void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
	size_t used = strlen(lines);
	va_list args;

	va_start(args, format);
	vsnprintf(lines + used, sizeof(lines) - used - 1, format, args);
	va_end(args);
	strcat(lines, "\n");
}

/* --- a launch: what the processor, SINIT and tboot would have done and logged */

static void extend(struct tpm *tpm, struct evlog_writer *log, unsigned pcr, uint8_t value)
{
	uint8_t sha1[20] = {0}, sha256[32] = {value};

	assert_int_equal(tpm_pcr_extend(tpm, pcr, sha1, sha256), VMK_OK);
	evlog_write_event(log, pcr, 0x40f, sha1, sha256, "", 0);
}

static void launch(void)
{
	static struct tcti tcti;
	struct evlog_writer log;
	struct tis tis;
	struct tpm tpm;
	uint8_t sha1[20] = {0}, acm[32];

	assert_true(swtpm_launch(&swtpm));
	hash_sha256("ACM!", 4, acm);
	evlog_write_begin(&log, drtm, sizeof(drtm), true, true);
	evlog_write_event(&log, 17, 0x402, sha1, acm, "", 0);
	device.open = 7;
	assert_int_equal(tis_probe(&tis, &device_ops, &device), VMK_OK);
	assert_int_equal(tpm_open(&tpm, tcti_init(&tcti, tis_transport(&tis)), edge_pause), VMK_OK);
	assert_int_equal(tpm_locality(&tpm, 2), VMK_OK);
	extend(&tpm, &log, 17, 1);
	extend(&tpm, &log, 18, 2);
	assert_int_equal(tpm_locality(&tpm, 0), VMK_OK);
	tpm_close(&tpm);
	drtm_bytes = log.size;
}

static enum vmk_status boot(bool measured)
{
	memset(&trust_state, 0, sizeof(trust_state));
	memset(&info, 0, sizeof(info));
	lines[0] = '\0';
	device_reset(&device, FAULT_NONE);
	device.run = swtpm_run;
	device.user = &swtpm;
	if (measured)
		launch();
	info.tboot.cmdline_address = info.tboot.uuid_matches = info.tboot.present = true;
	return trust_init(&info);
}

static void shut_down(void)
{
	at_leave();
	tpm_close(&trust_state.tpm);
	free(trust_state.measure.log.bytes);
	free(trust_state.ek_certificate);
	free(trust_state.drtm_log);
}

static int start(void **state)
{
	return swtpm_start(&swtpm, true) ? 0 : -1;
}

static int stop(void **state)
{
	swtpm_stop(&swtpm);
	return 0;
}

/* --- tests */

static size_t read_log(enum vmk_trust_log log, uint8_t *to, size_t room, size_t step)
{
	uint64_t total = 0, at = 0;
	size_t copied;

	do {
		assert_int_equal(trust_log(log, at, to + at, step, &copied, &total), VMK_OK);
		at += copied;
		assert_true(total <= room);
	} while (copied);
	assert_int_equal(at, total);
	return at;
}

/* The kernel's log, replayed, gives the PCRs as the TPM has them. */
static void expect_replay(void)
{
	uint8_t bytes[4096], pcrs[TPM_PCRS][32], replayed[TPM_PCRS][32] = {0}, joined[64];
	struct evlog_cursor cursor;
	struct evlog_event event;
	struct evlog log;
	const char *why;
	size_t size = read_log(VMK_LOG_VMK, bytes, sizeof(bytes), 100);

	assert_int_equal(evlog_open(&log, bytes, size, &why), VMK_OK);
	cursor = evlog_begin(&log);
	while (evlog_next(&cursor, &event) == VMK_OK) {
		uint8_t of_data[32];

		hash_sha256(event.data, event.data_size, of_data);
		assert_memory_equal(evlog_digest(&event, EVLOG_ALG_SHA256)->bytes, of_data, 32);
		memcpy(joined, replayed[event.pcr], 32);
		memcpy(joined + 32, of_data, 32);
		hash_sha256(joined, 64, replayed[event.pcr]);
	}
	assert_null(cursor.why);
	assert_int_equal(read_log(VMK_LOG_PCR_VALUES, pcrs[0], sizeof(pcrs), 50), sizeof(pcrs));
	for (unsigned pcr = 19; pcr <= 22; pcr++)
		assert_memory_equal(pcrs[pcr], replayed[pcr], 32);
}

static void test_measured_boot(void **state)
{
	struct vmk_quote_request request = {.pcr_mask = 0x7e0000, .nonce_size = 8};
	struct vmk_quote_reply reply;
	TPMS_ATTEST attest;
	char text[256];
	size_t at = 0;

	seeded = 0;
	assert_int_equal(boot(true), VMK_OK);
	assert_true(trust_measured());
	assert_non_null(strstr(lines, "13 of 13 signs"));
	assert_int_equal(seeded, 32);
	trust_describe(text, sizeof(text));
	assert_ptr_equal(text, strstr(text, "Drtm Enabled: true\nTpm Present: true\n"));
	assert_int_equal(trust_measure(VMK_EV_PACKAGE, "package name=x"), VMK_OK);
	assert_int_equal(trust_measure(VMK_EV_CONFIG, "config name=y"), VMK_OK);
	assert_int_equal(trust_measure(VMK_EV_BOOT_COMPLETE, VMK_BOOT_COMPLETE), VMK_OK);
	expect_replay();
	assert_int_equal(trust_quote(&request, &reply), VMK_OK);
	assert_int_equal(
		Tss2_MU_TPMS_ATTEST_Unmarshal(reply.attest, reply.attest_size, &at, &attest), 0);
	request.pcr_mask = 0;
	assert_int_equal(trust_quote(&request, &reply), VMK_BAD_PARAM);
	/* At rest the TPM is in locality 0, whatever was measured. */
	assert_int_equal(device.active, 0);
	shut_down();
	request.pcr_mask = 1;
	assert_int_equal(trust_quote(&request, &reply), VMK_NOT_PRESENT);
}

static unsigned count_lines(const char *with)
{
	unsigned count = 0;

	for (const char *at = lines; (at = strstr(at, with)) != NULL; at++)
		count++;
	return count;
}

/* A stranger asks as often as he likes; the log has little of it. */
static void test_failures_are_seldom_said(void **state)
{
	struct vmk_quote_request request = {.qd_version = 2,
		.pcr_mask = 0x7e0000,
		.nonce_size = 8,
		.credential_size = 3,
		.secret_size = 3};
	struct vmk_quote_reply reply;

	assert_int_equal(boot(true), VMK_OK);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(trust_quote(&request, &reply), VMK_BAD_FORMAT);
	assert_int_equal(count_lines("no quote: "), 1);
	now_ns += 10000000000ull;
	assert_int_equal(trust_quote(&request, &reply), VMK_BAD_FORMAT);
	assert_int_equal(count_lines("no quote: "), 2);
	assert_int_equal(count_lines("49 more requests failed"), 1);
	shut_down();
}

static void test_logs(void **state)
{
	uint8_t bytes[4096], part[8];
	uint64_t total;
	size_t copied, size;

	assert_int_equal(boot(true), VMK_OK);
	size = read_log(VMK_LOG_TXT_DRTM, bytes, sizeof(bytes), 7);
	assert_int_equal(size, drtm_bytes);
	assert_memory_equal(bytes, drtm, size);
	assert_true(read_log(VMK_LOG_AK_PUB, bytes, sizeof(bytes), 64) > 80);
	assert_int_equal(read_log(VMK_LOG_EK_PUB, bytes, sizeof(bytes), 4096), 316);
	assert_int_equal(
		trust_log(VMK_LOG_EK_CERT, 0, part, sizeof(part), &copied, &total), VMK_NOT_FOUND);
	size = read_log(VMK_LOG_LAUNCH, bytes, sizeof(bytes) - 1, 999);
	bytes[size] = '\0';
	assert_non_null(strstr((char *)bytes, "replay18: holds"));
	assert_int_equal(trust_log(VMK_LOG_TXT_DRTM, UINT64_MAX, part, 8, &copied, &total), VMK_OK);
	assert_int_equal(copied, 0);
	assert_int_equal(trust_log(0, 0, part, 8, &copied, &total), VMK_BAD_PARAM);
	assert_int_equal(trust_log(99, 0, part, 8, &copied, &total), VMK_BAD_PARAM);
	shut_down();
}

/* Everything but the PCRs says that there was a launch. */
static void test_unmeasured_boot(void **state)
{
	uint8_t bytes[4096];

	stop(state);
	assert_int_equal(start(state), 0);
	assert_int_equal(boot(false), VMK_OK);
	assert_false(trust_measured());
	assert_non_null(strstr(lines, "pcr17: MISSING"));
	assert_int_equal(trust_measure(VMK_EV_PACKAGE, "package"), VMK_NOT_MEASURED);
	/* The Spec ID header alone. */
	assert_int_equal(read_log(VMK_LOG_VMK, bytes, sizeof(bytes), 4096), 69);
	shut_down();
}

static void expect_cause(enum tis_fault fault, enum vmk_status status, const char *cause)
{
	char text[256], wanted[96];
	struct vmk_quote_request request = {.pcr_mask = 1, .nonce_size = 8};
	struct vmk_quote_reply reply;

	memset(&trust_state, 0, sizeof(trust_state));
	lines[0] = '\0';
	device_reset(&device, fault);
	device.run = swtpm_run;
	device.user = &swtpm;
	assert_int_equal(trust_init(&info), status);
	snprintf(wanted, sizeof(wanted), "Error loading TPM: %s", cause);
	assert_non_null(strstr(lines, wanted));
	assert_false(trust_measured());
	trust_describe(text, sizeof(text));
	assert_non_null(strstr(text, wanted));
	assert_int_equal(trust_measure(VMK_EV_PACKAGE, "package"), VMK_NOT_MEASURED);
	assert_int_equal(trust_quote(&request, &reply), VMK_NOT_PRESENT);
	free(trust_state.drtm_log);
	free(trust_state.measure.log.bytes);
}

static void test_causes(void **state)
{
	expect_cause(FAULT_ABSENT, VMK_NOT_PRESENT, "absent");
	expect_cause(FAULT_TPM12, VMK_UNSUPPORTED, "it is a TPM 1.2");
	expect_cause(FAULT_NEVER_DONE, VMK_TIMEOUT, "time-out: a command did not end");
	expect_cause(FAULT_ABSURD, VMK_IO_ERROR, "its response has an absurd length");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_measured_boot),
		cmocka_unit_test(test_failures_are_seldom_said),
		cmocka_unit_test(test_logs),
		cmocka_unit_test(test_unmeasured_boot),
		cmocka_unit_test(test_causes),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
