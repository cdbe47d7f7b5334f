/* sources: tboot-integration/txtsim/model/platform.c tboot-integration/txtsim/model/heap.c */
/* sources: tboot-integration/txtsim/model/digest.c tboot-integration/txtsim/model/acm.c */
/* sources: tboot-integration/txtsim/model/events.c tboot-integration/txtsim/model/evlog.c */
/* sources: tboot-integration/txtsim/model/tpmcmd.c tboot-integration/txtsim/model/mle.c */
/* sources: tboot-integration/txtsim/model/getsec.c tboot-integration/txtsim/model/sinit.c */
/* sources: tboot-integration/txtsim/model/tis.c tboot-integration/txtsim/model/acpi.c */
/* sources: tboot-integration/txtsim/model/lcp.c tboot-integration/txtsim/model/lcplist.c */
/* sources: tboot-integration/txtsim/model/ownerpolicy.c */
/* sources: tboot-integration/txtsim/sinit/acmwrite.c */
/* sources: kernel/lib/hex.c */
/* libs: -lcrypto */
/* What SINIT refuses, one thing wrong at a time, and with which error the platform is reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/txtsim_machine.h"

#define REG_STS       0x000u
#define REG_ESTS      0x008u
#define REG_ERRORCODE 0x030u

static uint64_t public_read(struct machine *m, uint32_t reg)
{
	return txt_read(&m->txt, TXT_PUBLIC_BASE + reg, 8);
}

/* Each refusal: what to spoil, and the error that must name it. */
static void spoil_signature(struct machine *m)
{
	m->mem[TXT_SINIT_BASE - TXT_MEM_BASE + 0x8000] ^= 1;
}

static void spoil_acm_vendor(struct machine *m)
{
	m->mem[TXT_SINIT_BASE - TXT_MEM_BASE + ACM_VENDOR] ^= 1;
}

static void spoil_acm_size(struct machine *m)
{
	put_le32(m->mem + (TXT_SINIT_BASE - TXT_MEM_BASE) + ACM_SIZE, 0xffffffff);
}

static void spoil_key(struct machine *m)
{
	m->txt.config.public_key[31] ^= 1;
}

static void spoil_bios_blob(struct machine *m)
{
	put_le64(m->mem, ~0ull);
}

static void spoil_os_sinit_size(struct machine *m)
{
	put_le64(m->mem + le64(m->mem) + OS_MLE_BYTES, 16);
}

static uint8_t *os_sinit(struct machine *m)
{
	return m->mem + le64(m->mem) + OS_MLE_BYTES + 8;
}

static void spoil_version(struct machine *m)
{
	put_le32(os_sinit(m), 99);
}

static void spoil_element(struct machine *m)
{
	put_le32(os_sinit(m) + 96, 0x10000);
}

static void spoil_element_zero(struct machine *m)
{
	put_le32(os_sinit(m) + 92, 7);
	put_le32(os_sinit(m) + 96, 0);
}

static void spoil_log_address(struct machine *m)
{
	put_le64(os_sinit(m) + 100, TXT_HEAP_BASE + TXT_HEAP_SIZE - 1);
}

static void spoil_log_room(struct machine *m)
{
	put_le32(os_sinit(m) + 108, 64);
}

static void spoil_mle_size(struct machine *m)
{
	put_le64(os_sinit(m) + 16, 1ull << 40);
}

static void spoil_mle_header_place(struct machine *m)
{
	put_le64(os_sinit(m) + 24, MLE_SIZE - 8);
}

static void spoil_page_table(struct machine *m)
{
	put_le64(os_sinit(m) + 8, 0xdead000000ull);
}

static void spoil_page_present(struct machine *m)
{
	m->ram[MLE_TABLE + 0x2000 + 8] &= (uint8_t)~1u;
}

static void spoil_page_order(struct machine *m)
{
	put_le64(m->ram + MLE_TABLE + 0x2000 + 16, MLE_PAGES | 1);
}

static void spoil_page_place(struct machine *m)
{
	put_le64(m->ram + MLE_TABLE + 0x2000 + 16, TXT_HEAP_BASE | 1);
}

static void spoil_pmr(struct machine *m)
{
	put_le64(os_sinit(m) + 40, MLE_PAGES + 0x1000);
}

static void spoil_header(struct machine *m)
{
	m->ram[MLE_PAGES + MLE_HEADER] ^= 1;
}

static void spoil_entry(struct machine *m)
{
	put_le32(m->ram + MLE_PAGES + MLE_HEADER + 24, MLE_SIZE);
}

static void spoil_hash(struct machine *m)
{
	m->hash_fails = true;
}

static void spoil_extend(struct machine *m)
{
	m->tpm_error = 0x101;
}

static const struct {
	void (*spoil)(struct machine *m);
	enum txt_error error;
} refusals[] = {
	{spoil_signature, TXT_ERR_ACM_AUTHENTICATION},
	{spoil_acm_vendor, TXT_ERR_ACM_FORMAT},
	{spoil_acm_size, TXT_ERR_ACM_FORMAT},
	{spoil_key, TXT_ERR_ACM_AUTHENTICATION},
	{spoil_bios_blob, TXT_ERR_HEAP_BLOBS},
	{spoil_os_sinit_size, TXT_ERR_HEAP_BLOBS},
	{spoil_version, TXT_ERR_OS_SINIT_VERSION},
	{spoil_element, TXT_ERR_OS_SINIT_ELEMENTS},
	{spoil_element_zero, TXT_ERR_OS_SINIT_ELEMENTS},
	{spoil_log_address, TXT_ERR_EVENT_LOG},
	{spoil_log_room, TXT_ERR_EVENT_LOG},
	{spoil_mle_size, TXT_ERR_MLE_SIZE},
	{spoil_mle_header_place, TXT_ERR_MLE_SIZE},
	{spoil_page_table, TXT_ERR_MLE_PAGE_TABLE},
	{spoil_page_present, TXT_ERR_MLE_PAGE_TABLE},
	{spoil_page_order, TXT_ERR_MLE_PAGE_ORDER},
	{spoil_page_place, TXT_ERR_MLE_PAGE_PLACE},
	{spoil_pmr, TXT_ERR_MLE_PAGE_PMR},
	{spoil_header, TXT_ERR_MLE_HEADER},
	{spoil_entry, TXT_ERR_MLE_ENTRY},
	{spoil_hash, TXT_ERR_TPM_HASH},
	{spoil_extend, TXT_ERR_TPM_COMMAND},
};

static void every_refusal_names_its_reason(void **state)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct machine *m = machine_new(2048);

		refusals[i].spoil(m);
		assert_int_equal(machine_launch(m), GETSEC_RESET);
		assert_int_equal(public_read(m, REG_ERRORCODE), (uint32_t)refusals[i].error);
		assert_int_equal(public_read(m, REG_ESTS) & 1, 1);
		assert_int_equal(public_read(m, REG_STS), 0);
		assert_non_null(strstr(m->last_line, txt_error_text(refusals[i].error)));
		/* it stays over the reset, so that the next boot can say why */
		txt_platform_reset(&m->txt);
		assert_int_equal(public_read(m, REG_ERRORCODE), (uint32_t)refusals[i].error);
		machine_free(m);
	}
}

static void sinit_must_lie_in_its_region(void **state)
{
	static const struct {
		uint32_t base, size;
		enum txt_error error;
	} bad[] = {
		{0x100000, ACM_BYTES, TXT_ERR_ACM_PLACE},
		{TXT_SINIT_BASE, 0xffffffc0u, TXT_ERR_ACM_PLACE},
		{TXT_SINIT_BASE, 64, TXT_ERR_ACM_FORMAT},
	};
	struct getsec_state s;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct machine *m = machine_new(2048);

		assert_int_equal(machine_getsec(m, GETSEC_SENTER, bad[i].base, bad[i].size, &s),
			GETSEC_RESET);
		assert_int_equal(public_read(m, REG_ERRORCODE), (uint32_t)bad[i].error);
		/* TXT_RESET.STS: no launch before the power is cycled */
		assert_int_equal(machine_launch(m), GETSEC_FAULT);
		machine_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_refusal_names_its_reason),
		cmocka_unit_test(sinit_must_lie_in_its_region),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
