/* sources: tboot-integration/txtsim/model/platform.c tboot-integration/txtsim/model/heap.c */
/* sources: tboot-integration/txtsim/model/digest.c tboot-integration/txtsim/model/acm.c */
/* sources: tboot-integration/txtsim/model/events.c tboot-integration/txtsim/model/evlog.c */
/* sources: tboot-integration/txtsim/model/tpmcmd.c tboot-integration/txtsim/model/mle.c */
/* sources: tboot-integration/txtsim/model/getsec.c tboot-integration/txtsim/model/sinit.c */
/* sources: tboot-integration/txtsim/model/tis.c tboot-integration/txtsim/model/acpi.c */
/* sources: tboot-integration/txtsim/model/lcp.c tboot-integration/txtsim/model/lcplist.c */
/* sources: tboot-integration/txtsim/model/ownerpolicy.c */
/* sources: tboot-integration/txtsim/model/faults.c tboot-integration/txtsim/sinit/acmwrite.c */
/* sources: kernel/lib/hex.c */
/* libs: -lcrypto */
/* Every fault of the table, in the model alone: what the platform then shows, and that it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tboot-integration/txtsim/model/acpi.h"
#include "tests/unit/txtsim_machine.h"

#define TIS_STS     (TIS_BASE + 0x18)
#define TIS_FIFO    (TIS_BASE + 0x24)
#define STS_READY   0x40u
#define STS_GO      0x20u
#define STS_AVAIL   0x10u
#define POLLS_MAX   10000000u
#define ANSWER_SIZE 62u /* of TPM2_PCR_Read */

static uint64_t reg(struct machine *m, uint32_t offset)
{
	return txt_read(&m->txt, TXT_PUBLIC_BASE + offset, 8);
}

/* Nobody's locality reads as ones. */
static bool available(struct tis *tis)
{
	uint64_t sts = tis_read(tis, TIS_STS, 1);

	return sts != 0xff && sts & STS_AVAIL;
}

/* One TPM2_PCR_Read at locality 0; how many bytes came back within the polls, and the code. */
static unsigned ask_tpm(struct machine *m, unsigned polls, uint32_t *code)
{
	uint8_t command[TPM_COMMAND_MAX], answer[TPM_BUFFER_MAX] = {0};
	size_t size = tpm_pcr_read(command, 17);
	unsigned n = 0;
	struct tis tis;

	tis_reset(&tis, &m->txt, TIS_ON);
	tis_write(&tis, TIS_BASE, 2, 1);
	tis_write(&tis, TIS_STS, STS_READY, 1);
	for (size_t i = 0; i < size; i++)
		tis_write(&tis, TIS_FIFO, command[i], 1);
	tis_write(&tis, TIS_STS, STS_GO, 1);
	while (polls-- && !available(&tis))
		;
	while (n < sizeof(answer) && available(&tis))
		answer[n++] = (uint8_t)tis_read(&tis, TIS_FIFO, 1);
	*code = n < TPM_HEADER_SIZE ? 0 : be32(answer + 6);
	return n;
}

static void no_smx(struct machine *m)
{
	assert_false(txt_has_smx(&m->txt));
}

static void txt_disabled(struct machine *m)
{
	assert_true(txt_has_smx(&m->txt));
	assert_int_equal(txt_feature_control(&m->txt, 5), 5);
}

static void vmx_disabled(struct machine *m)
{
	assert_int_equal(txt_feature_control(&m->txt, 5), 0xff01);
}

static void no_sinit(struct machine *m)
{
	assert_int_equal(reg(m, 0x278), 0);
	assert_int_equal(machine_launch(m), GETSEC_RESET);
	assert_int_equal(reg(m, 0x30), (uint32_t)TXT_ERR_ACM_PLACE);
	txt_platform_reset(&m->txt);
	assert_int_equal(reg(m, 0x278), 0);
}

static void wrong_chipset(struct machine *m)
{
	assert_int_not_equal(reg(m, 0x110) >> 16 & 0xffff, TXT_DEVICE_ID);
	assert_int_equal(machine_launch(m), GETSEC_RESET);
	assert_int_equal(reg(m, 0x30), (uint32_t)TXT_ERR_ACM_FORMAT);
}

static void no_launch_until_power_off(struct machine *m)
{
	assert_int_equal(reg(m, 0x8) & TXT_ESTS_RESET, TXT_ESTS_RESET);
	assert_int_equal(machine_launch(m), GETSEC_FAULT);
	txt_platform_reset(&m->txt);
	assert_int_equal(machine_launch(m), GETSEC_FAULT);
}

static void earlier_error(struct machine *m)
{
	assert_int_equal(reg(m, 0x30) >> 31, 1);
	no_launch_until_power_off(m);
}

static void secrets_left(struct machine *m)
{
	assert_int_equal(reg(m, 0x8f0), TXT_E2STS_SECRETS);
	no_launch_until_power_off(m);
	assert_int_equal(reg(m, 0x8f0), TXT_E2STS_SECRETS);
	assert_int_equal(m->scrubs, 0);
}

static void no_dmar(struct machine *m)
{
	uint8_t rsdt[36] = "RSDT";
	const uint8_t *table = m->mem + (TXT_ACPI_BASE - TXT_MEM_BASE);

	assert_int_equal(acpi_extend(&m->txt, rsdt, sizeof(rsdt)), TXT_ACPI_BASE);
	assert_int_equal(le32(table + 4), sizeof(rsdt) + 4);
	assert_memory_equal(m->mem + (le32(table + 36) - TXT_MEM_BASE), "MCFG", 4);
}

static void tpm_absent(struct machine *m)
{
	struct tis tis;

	tis_reset(&tis, &m->txt, TIS_ON);
	assert_false(tis_present(&tis));
	assert_int_equal(tis_read(&tis, TIS_BASE + 0xf00, 4), 0xffffffffu);
	assert_int_equal(machine_launch(m), GETSEC_RESET);
	assert_int_equal(reg(m, 0x30), (uint32_t)TXT_ERR_TPM_HASH);
}

static void tpm_failed(struct machine *m)
{
	uint32_t code;

	assert_int_equal(ask_tpm(m, 10, &code), TPM_HEADER_SIZE);
	assert_int_equal(code, TPM_RC_FAILURE);
}

static void tpm_silent(struct machine *m)
{
	uint32_t code;

	assert_int_equal(ask_tpm(m, 1000, &code), 0);
}

static void tpm_slow(struct machine *m)
{
	uint32_t code;

	tpm_silent(m);
	assert_int_equal(ask_tpm(m, POLLS_MAX, &code), ANSWER_SIZE);
}

static void tpm_short_answer(struct machine *m)
{
	uint32_t code;

	assert_in_range(ask_tpm(m, 10, &code), 1, TPM_HEADER_SIZE - 1);
}

static void launched_then_failed(struct machine *m)
{
	uint32_t code;

	assert_int_equal(ask_tpm(m, 10, &code), ANSWER_SIZE);
	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	assert_int_equal(ask_tpm(m, 10, &code), TPM_HEADER_SIZE);
}

static void launched_then_silent(struct machine *m)
{
	uint32_t code;

	assert_int_equal(ask_tpm(m, 10, &code), ANSWER_SIZE);
	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	tpm_silent(m);
}

static void locality_closed(struct machine *m)
{
	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	txt_write(&m->txt, TXT_PRIVATE_BASE + 0x380, 1, 8);
	assert_true(txt_locality_open(&m->txt, 0));
	assert_false(txt_locality_open(&m->txt, 1));
	assert_false(txt_locality_open(&m->txt, 2));
}

static void heap_bios(struct machine *m)
{
	assert_true(le64(m->mem) > TXT_HEAP_SIZE);
	assert_int_equal(machine_launch(m), GETSEC_RESET);
	assert_int_equal(reg(m, 0x30), (uint32_t)TXT_ERR_HEAP_BLOBS);
}

/* SinitMleData after a launch. */
static const uint8_t *sinit_mle(struct machine *m)
{
	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	return m->mem + le64(m->mem) + OS_MLE_BYTES + OS_SINIT_BYTES;
}

static void heap_sinit_mle(struct machine *m)
{
	assert_true(le64(sinit_mle(m)) > TXT_HEAP_SIZE);
}

static void sinit_mle_old(struct machine *m)
{
	assert_int_equal(le32(sinit_mle(m) + 8), 5);
}

/* A row has what to see or, for a launch that SENTER refuses, the error. */
static const struct {
	enum txt_fault fault;
	void (*check)(struct machine *m);
	enum txt_error error;
} rows[] = {
	{TXT_FAULT_NO_SMX, no_smx, TXT_ERR_NONE},
	{TXT_FAULT_TXT_DISABLED, txt_disabled, TXT_ERR_NONE},
	{TXT_FAULT_NO_SINIT, no_sinit, TXT_ERR_NONE},
	{TXT_FAULT_WRONG_CHIPSET, wrong_chipset, TXT_ERR_NONE},
	{TXT_FAULT_SINIT_SIGNATURE, NULL, TXT_ERR_ACM_AUTHENTICATION},
	{TXT_FAULT_EARLIER_ERROR, earlier_error, TXT_ERR_NONE},
	{TXT_FAULT_SECRETS_LEFT, secrets_left, TXT_ERR_NONE},
	{TXT_FAULT_NO_DMAR, no_dmar, TXT_ERR_NONE},
	{TXT_FAULT_TPM_ABSENT, tpm_absent, TXT_ERR_NONE},
	{TXT_FAULT_TPM_FAILED, tpm_failed, TXT_ERR_NONE},
	{TXT_FAULT_TPM_HANGS, tpm_silent, TXT_ERR_NONE},
	{TXT_FAULT_TPM_SLOW, tpm_slow, TXT_ERR_NONE},
	{TXT_FAULT_TPM_NO_LOCALITY, tpm_silent, TXT_ERR_NONE},
	{TXT_FAULT_TPM_NOT_READY, tpm_silent, TXT_ERR_NONE},
	{TXT_FAULT_TPM_SHORT_ANSWER, tpm_short_answer, TXT_ERR_NONE},
	{TXT_FAULT_TPM_HASH, NULL, TXT_ERR_TPM_HASH},
	{TXT_FAULT_TPM_EXTEND_17, NULL, TXT_ERR_TPM_COMMAND},
	{TXT_FAULT_TPM_EXTEND_18, NULL, TXT_ERR_TPM_COMMAND},
	{TXT_FAULT_TPM_LAUNCHED_FAILED, launched_then_failed, TXT_ERR_NONE},
	{TXT_FAULT_TPM_LAUNCHED_HANGS, launched_then_silent, TXT_ERR_NONE},
	{TXT_FAULT_LOCALITY_CLOSED, locality_closed, TXT_ERR_NONE},
	{TXT_FAULT_HEAP_BIOS, heap_bios, TXT_ERR_NONE},
	{TXT_FAULT_HEAP_OS_MLE, NULL, TXT_ERR_HEAP_BLOBS},
	{TXT_FAULT_HEAP_OS_SINIT, NULL, TXT_ERR_HEAP_BLOBS},
	{TXT_FAULT_HEAP_SINIT_MLE, heap_sinit_mle, TXT_ERR_NONE},
	{TXT_FAULT_SINIT_MLE_OLD, sinit_mle_old, TXT_ERR_NONE},
	{TXT_FAULT_MLE_PAGE_ORDER, NULL, TXT_ERR_MLE_PAGE_ORDER},
	{TXT_FAULT_MLE_PAGE_OUTSIDE, NULL, TXT_ERR_MLE_PAGE_PLACE},
	{TXT_FAULT_MLE_PAGE_UNPROTECTED, NULL, TXT_ERR_MLE_PAGE_PMR},
	{TXT_FAULT_LOG_SMALL, NULL, TXT_ERR_EVENT_LOG},
	{TXT_FAULT_VMX_DISABLED, vmx_disabled, TXT_ERR_NONE},
};

static void every_fault_shows_itself(void **state)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct machine *m = machine_faulty(2048, 1ull << rows[i].fault);

		print_message("%s\n", txt_faults[rows[i].fault].name);
		seen |= 1ull << rows[i].fault;
		if (rows[i].check) {
			rows[i].check(m);
		} else {
			assert_int_equal(machine_launch(m), GETSEC_RESET);
			assert_int_equal(reg(m, 0x30), (uint32_t)rows[i].error);
			assert_non_null(strstr(
				txt_faults[rows[i].fault].end, txt_error_text(rows[i].error)));
			txt_platform_reset(&m->txt);
			assert_int_equal(machine_launch(m), GETSEC_FAULT);
		}
		machine_free(m);
	}
	assert_int_equal(seen, (1ull << TXT_FAULT_COUNT) - 1);
}

/* Faults together: whatever they are, SENTER ends, and a launch that it lets through is whole. */
static void faults_together(void **state)
{
	uint64_t x = 1;

	for (unsigned i = 0; i < 200; i++) {
		struct machine *m;

		x = x * 6364136223846793005ull + 1442695040888963407ull;
		m = machine_faulty(2048, x >> 16 & x >> 33 & ((1ull << TXT_FAULT_COUNT) - 1));
		if (machine_launch(m) == GETSEC_RESET)
			assert_int_equal(reg(m, 0x30) >> 31, 1);
		else
			assert_true(!txt_launched(&m->txt) || m->pcr[18][0] | m->pcr[18][1]);
		machine_free(m);
	}
}

static void names_are_read_strictly(void **state)
{
	const char *bad = NULL;
	uint64_t mask;
	size_t size = 0;

	assert_true(txt_faults_parse("", &mask, &bad, &size));
	assert_int_equal(mask, 0);
	assert_true(txt_faults_parse("no-smx,log-small", &mask, &bad, &size));
	assert_int_equal(mask, 1ull << TXT_FAULT_NO_SMX | 1ull << TXT_FAULT_LOG_SMALL);
	assert_false(txt_faults_parse("no-smx,log", &mask, &bad, &size));
	assert_memory_equal(bad, "log", size);
	assert_int_equal(size, 3);
	assert_false(txt_faults_parse("no-smx,,log-small", &mask, &bad, &size));
	assert_false(txt_faults_parse("no-smxx", &mask, &bad, &size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_shows_itself),
		cmocka_unit_test(faults_together),
		cmocka_unit_test(names_are_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
