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
/* The TXT platform: registers, launch, what the MLE finds, exit and reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tboot-integration/txtsim/model/acpi.h"
#include "tboot-integration/txtsim/model/events.h"
#include "tests/unit/txtsim_machine.h"

#define REG_STS       0x000u
#define REG_ESTS      0x008u
#define REG_ERRORCODE 0x030u
#define REG_RESET     0x038u
#define REG_CLOSE     0x048u
#define REG_JOIN      0x290u
#define REG_OPEN1     0x380u
#define REG_CLOSE1    0x388u
#define REG_CLOSE2    0x398u
#define REG_SECRETS   0x8e0u
#define REG_NOSECRETS 0x8e8u
#define REG_E2STS     0x8f0u

static uint64_t public_read(struct machine *m, uint32_t reg)
{
	return txt_read(&m->txt, TXT_PUBLIC_BASE + reg, 8);
}

static void private_write(struct machine *m, uint32_t reg, uint64_t value)
{
	txt_write(&m->txt, TXT_PRIVATE_BASE + reg, value, 8);
}

static void registers_before_launch(void **state)
{
	struct machine *m = machine_new(2048);

	assert_int_equal(public_read(m, 0x110), 0x1b0018086ull);
	assert_int_equal(public_read(m, 0x300), TXT_HEAP_BASE);
	assert_int_equal(public_read(m, REG_STS), 0);
	assert_int_equal(txt_read(&m->txt, TXT_PUBLIC_BASE + 0x112, 2), TXT_DEVICE_ID);
	/* closed: the private window reads as ones and takes nothing */
	assert_int_equal(txt_read(&m->txt, TXT_PRIVATE_BASE + 0x110, 4), 0xffffffffu);
	private_write(m, REG_SECRETS, 1);
	private_write(m, REG_RESET, 1);
	assert_int_equal(public_read(m, REG_E2STS), 0);
	assert_int_equal(m->resets, 0);
	machine_free(m);
}

static void public_window_is_read_only(void **state)
{
	struct machine *m = machine_new(2048);

	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	txt_write(&m->txt, TXT_PUBLIC_BASE + REG_JOIN, 0x1234, 4);
	txt_write(&m->txt, TXT_PUBLIC_BASE + REG_SECRETS, 1, 8);
	assert_int_equal(public_read(m, REG_JOIN), 0);
	assert_int_equal(public_read(m, REG_E2STS), 0);
	/* locked by the firmware, even through the private window */
	private_write(m, 0x300, 0x1000);
	assert_int_equal(public_read(m, 0x300), TXT_HEAP_BASE);
	machine_free(m);
}

static void partial_writes_stay_in_their_bytes(void **state)
{
	struct machine *m = machine_new(2048);

	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	txt_write(&m->txt, TXT_PRIVATE_BASE + REG_JOIN, 0x11223344, 4);
	txt_write(&m->txt, TXT_PRIVATE_BASE + REG_JOIN + 1, 0xaa, 1);
	assert_int_equal(public_read(m, REG_JOIN), 0x1122aa44);
	txt_write(&m->txt, TXT_PRIVATE_BASE + REG_JOIN + 4, 0x55667788, 4);
	assert_int_equal(public_read(m, REG_JOIN), 0x556677881122aa44ull);
	/* the upper half of a command register commands nothing */
	txt_write(&m->txt, TXT_PRIVATE_BASE + REG_SECRETS + 4, 0, 4);
	assert_int_equal(public_read(m, REG_E2STS), 0);
	machine_free(m);
}

static void localities_follow_the_commands(void **state)
{
	struct machine *m = machine_new(2048);

	assert_true(txt_locality_open(&m->txt, 0));
	assert_false(txt_locality_open(&m->txt, 1));
	assert_false(txt_locality_open(&m->txt, 2));
	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	assert_int_equal(public_read(m, REG_STS), 0x100c1);
	assert_true(txt_locality_open(&m->txt, 2));
	assert_false(txt_locality_open(&m->txt, 1));
	private_write(m, REG_OPEN1, 1);
	assert_int_equal(public_read(m, REG_STS), 0x180c1);
	assert_true(txt_locality_open(&m->txt, 1));
	assert_false(txt_locality_open(&m->txt, 3));
	assert_false(txt_locality_open(&m->txt, 4));
	private_write(m, REG_CLOSE1, 1);
	assert_false(txt_locality_open(&m->txt, 1));
	private_write(m, REG_OPEN1, 1);
	private_write(m, REG_CLOSE, 1);
	assert_false(txt_locality_open(&m->txt, 1));
	assert_false(txt_locality_open(&m->txt, 2));
	private_write(m, REG_OPEN1, 1);
	assert_false(txt_locality_open(&m->txt, 1));
	machine_free(m);
}

/* The launch, seen from outside: entry, PCRs by replay of the log, SinitMleData. */
static void launch_enters_the_mle(void **state)
{
	struct machine *m = machine_new(3072);
	struct getsec_state s;

	assert_int_equal(
		machine_getsec(m, GETSEC_SENTER, TXT_SINIT_BASE, ACM_BYTES, &s), GETSEC_LAUNCH);
	assert_int_equal(s.ebx, MLE_PAGES + MLE_ENTRY);
	assert_int_equal(s.ecx, MLE_TABLE);
	assert_true(m->txt.established);
	assert_int_equal(m->localities & ~1u, 1u << 3);
	machine_free(m);
}

struct parsed {
	uint32_t pcr, type, size;
	const uint8_t *sha1, *sha256, *data;
};

/* Parses one TCG_PCR_EVENT2 of two banks; returns its size. */
static uint32_t parse_event(const uint8_t *p, struct parsed *e)
{
	e->pcr = le32(p);
	e->type = le32(p + 4);
	assert_int_equal(le32(p + 8), 2);
	assert_int_equal(le16(p + 12), 4);
	e->sha1 = p + 14;
	assert_int_equal(le16(p + 34), 0xb);
	e->sha256 = p + 36;
	e->size = le32(p + 68);
	e->data = p + 72;
	return 72 + e->size;
}

static void log_replays_to_the_pcrs(void **state)
{
	static const uint32_t types[] = {0x402, 0x40a, 0x40b, 0x40c, 0x412, 0x40e, 0x40f, 0x404,
		0x414, 0x410, 0x40b, 0x40f, 0x40c, 0x413, 0x414};
	struct machine *m = machine_new(2048);
	const uint8_t *element = machine_log_element(m), *log = m->mem + LOG_OFFSET;
	struct machine *replay = calloc(1, sizeof(*replay));
	struct digests mle, data;
	uint32_t at, next, count = 0;

	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	next = le32(element + 16);
	assert_int_equal(le32(element + 12), 0);
	assert_int_equal(le32(log + 4), 3); /* EV_NO_ACTION */
	assert_memory_equal(log + 32, "Spec ID Event03", 16);
	assert_int_equal(le32(log + 28), 37);
	digest_of(m->ram + MLE_PAGES, MLE_SIZE, &mle);
	for (at = 32 + 37; at < next; count++) {
		struct parsed e;

		at += parse_event(log + at, &e);
		assert_true(count < sizeof(types) / sizeof(types[0]));
		assert_int_equal(e.type, types[count]);
		assert_int_equal(e.pcr, count < 9 ? 17 : 18);
		machine_extend(replay, e.pcr, e.sha256);
		if (e.type == 0x404)
			assert_memory_equal(e.sha256, mle.sha256, 32);
		if (!e.size)
			continue;
		digest_of(e.data, e.size, &data);
		assert_memory_equal(e.sha256, data.sha256, 32);
		assert_memory_equal(e.sha1, data.sha1, 20);
	}
	assert_int_equal(at, next);
	assert_int_equal(count, 15);
	assert_memory_equal(replay->pcr[17], m->pcr[17], 32);
	assert_memory_equal(replay->pcr[18], m->pcr[18], 32);
	free(replay);
	machine_free(m);
}

static void log_matches_a_real_host(void **state)
{
	const char *directory = getenv("MERLON_TXT_DATA");
	static uint8_t real[8192];
	struct machine *m = machine_new(2048);
	const uint8_t *ours = m->mem + LOG_OFFSET + 32 + 37, *theirs = real + 32 + 37;
	char path[4096];
	FILE *f;

	if (!directory) {
		machine_free(m);
		skip();
	}
	snprintf(path, sizeof(path), "%s/txt-logs.bin", directory);
	f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fread(real, 1, sizeof(real), f), sizeof(real));
	fclose(f);
	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	assert_memory_equal(m->mem + LOG_OFFSET, real, 32 + 37);
	for (unsigned i = 0; i < 15; i++) {
		struct parsed a, b;

		ours += parse_event(ours, &a);
		theirs += parse_event(theirs, &b);
		assert_int_equal(a.type, b.type);
		assert_int_equal(a.pcr, b.pcr);
		assert_int_equal(a.size, b.size);
		/* what does not depend on the machine's own files and firmware */
		if (a.type == TXT_EV_CPU_SCRTM_STAT || a.type == TXT_EV_LCP_CONTROL ||
			a.type == TXT_EV_STM || a.type == TXT_EV_OSSINITDATA_CAP)
			assert_memory_equal(a.sha256, b.sha256, 32);
	}
	machine_free(m);
}

static void sinit_mle_data_has_memory_and_dmar(void **state)
{
	struct machine *m = machine_new(2048);
	uint8_t rsdt[36] = "RSDT";
	const uint8_t *blob, *mdr, *dmar;

	m->txt.config.ram_above_4g = 0x40000000;
	assert_int_equal(acpi_extend(&m->txt, rsdt, sizeof(rsdt)), TXT_ACPI_BASE);
	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	blob = m->mem + le64(m->mem) + OS_MLE_BYTES + OS_SINIT_BYTES;
	assert_int_equal(le32(blob + 8), 9);
	assert_int_equal(le32(blob + 8 + 128), 3);
	mdr = blob + le32(blob + 8 + 132);
	assert_int_equal(le64(mdr + 24), 0x100000);
	assert_int_equal(le64(mdr + 32), RAM_SIZE - 0x100000);
	assert_int_equal(le64(mdr + 48), 0x100000000ull);
	assert_int_equal(le32(blob + 8 + 136), 48);
	dmar = blob + le32(blob + 8 + 140);
	assert_memory_equal(dmar, "DMAR", 4);
	assert_true(dmar + 48 <= blob + le64(blob));
	machine_free(m);
}

static void leaves_fault_where_the_sdm_says(void **state)
{
	struct machine *m = machine_new(2048);
	struct getsec_state s = {.cr0 = CR0_LAUNCH, .eax = GETSEC_SENTER, .cpl = 3};

	assert_int_equal(txt_getsec(&m->txt, &s), GETSEC_FAULT);
	s = (struct getsec_state){.cr0 = CR0_LAUNCH, .eax = GETSEC_SENTER, .cpu = 1};
	assert_int_equal(txt_getsec(&m->txt, &s), GETSEC_FAULT);
	s = (struct getsec_state){.cr0 = CR0_LAUNCH | 1u << 30, .eax = GETSEC_SENTER};
	assert_int_equal(txt_getsec(&m->txt, &s), GETSEC_FAULT);
	s = (struct getsec_state){.cr0 = 1, .eax = GETSEC_SENTER};
	assert_int_equal(txt_getsec(&m->txt, &s), GETSEC_FAULT);
	assert_int_equal(machine_getsec(m, GETSEC_SEXIT, 0, 0, &s), GETSEC_FAULT);
	assert_int_equal(machine_getsec(m, GETSEC_WAKEUP, 0, 0, &s), GETSEC_FAULT);
	assert_int_equal(machine_getsec(m, 3, 0, 0, &s), GETSEC_FAULT);
	assert_int_equal(machine_getsec(m, GETSEC_SMCTRL, 1, 0, &s), GETSEC_FAULT);
	s = (struct getsec_state){.eax = GETSEC_CAPABILITIES, .cpl = 3};
	assert_int_equal(txt_getsec(&m->txt, &s), GETSEC_DONE);
	assert_int_equal(s.eax, 0x1fd);
	assert_int_equal(machine_getsec(m, GETSEC_PARAMETERS, 1, 0, &s), GETSEC_DONE);
	assert_int_equal(s.eax, 0x40002);
	assert_int_equal(machine_getsec(m, GETSEC_PARAMETERS, 77, 0, &s), GETSEC_DONE);
	assert_int_equal(s.eax, 0);
	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	assert_int_equal(machine_launch(m), GETSEC_FAULT);
	machine_free(m);
}

static void wakeup_checks_the_join_data(void **state)
{
	struct machine *m = machine_new(2048);
	struct getsec_state s;

	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	private_write(m, REG_JOIN, JOIN_AT);
	assert_int_equal(machine_getsec(m, GETSEC_WAKEUP, 0, 0, &s), GETSEC_WAKE);
	assert_int_equal(s.join_entry, MLE_PAGES);
	assert_int_equal(s.join_selector, 8);
	put_le32(m->ram + JOIN_AT + 8, 0x20); /* the data segment after it lies outside */
	assert_int_equal(machine_getsec(m, GETSEC_WAKEUP, 0, 0, &s), GETSEC_RESET);
	assert_int_equal(public_read(m, REG_ERRORCODE), (uint32_t)TXT_ERR_JOIN_FORMAT);
	private_write(m, REG_JOIN, RAM_SIZE - 8);
	assert_int_equal(machine_getsec(m, GETSEC_WAKEUP, 0, 0, &s), GETSEC_RESET);
	machine_free(m);
}

static void exit_and_launch_again(void **state)
{
	struct machine *m = machine_new(2048);
	struct getsec_state s;

	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	private_write(m, REG_CLOSE, 1);
	assert_int_equal(machine_getsec(m, GETSEC_SEXIT, 0, 0, &s), GETSEC_DONE);
	assert_int_equal(public_read(m, REG_STS) & 3, 2);
	assert_int_equal(machine_getsec(m, GETSEC_SEXIT, 0, 0, &s), GETSEC_FAULT);
	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	assert_int_equal(public_read(m, REG_STS) & 3, 1);
	machine_free(m);
}

static void reset_scrubs_secrets_and_keeps_errors(void **state)
{
	struct machine *m = machine_new(2048);

	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	private_write(m, REG_ERRORCODE, 0xc0000abc);
	private_write(m, REG_SECRETS, 1);
	assert_int_equal(public_read(m, REG_E2STS), TXT_E2STS_SECRETS);
	private_write(m, REG_RESET, 1);
	assert_int_equal(m->resets, 1);
	txt_platform_reset(&m->txt);
	assert_int_equal(m->scrubs, 1);
	assert_int_equal(m->ram[MLE_PAGES + 1], 0);
	assert_int_equal(public_read(m, REG_E2STS), 0);
	assert_int_equal(public_read(m, REG_ERRORCODE), 0xc0000abc);
	assert_int_equal(public_read(m, REG_STS), 0);
	assert_false(txt_locality_open(&m->txt, 2));
	/* cleared in order: no scrub */
	txt_platform_reset(&m->txt);
	assert_int_equal(m->scrubs, 1);
	machine_free(m);
}

static void secrets_cleared_in_order_need_no_scrub(void **state)
{
	struct machine *m = machine_new(2048);

	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	private_write(m, REG_SECRETS, 1);
	private_write(m, REG_NOSECRETS, 1);
	txt_platform_reset(&m->txt);
	assert_int_equal(m->scrubs, 0);
	machine_free(m);
}

static void ests_clears_by_ones(void **state)
{
	struct machine *m = machine_new(2048);

	assert_int_equal(machine_launch(m), GETSEC_LAUNCH);
	m->txt.reg[TXT_REG_ESTS] = 0x41;
	txt_write(&m->txt, TXT_PRIVATE_BASE + REG_ESTS, 1, 1);
	assert_int_equal(public_read(m, REG_ESTS), 0x40);
	machine_free(m);
}

static void memory_reads_stay_in_memory(void **state)
{
	struct machine *m = machine_new(2048);
	uint8_t byte[16];

	assert_true(txt_read_memory(&m->txt, RAM_SIZE - 16, byte, 16));
	assert_false(txt_read_memory(&m->txt, RAM_SIZE - 15, byte, 16));
	assert_false(txt_read_memory(&m->txt, ~0ull - 3, byte, 16));
	assert_true(txt_read_memory(&m->txt, TXT_MEM_BASE + TXT_MEM_SIZE - 16, byte, 16));
	assert_false(txt_read_memory(&m->txt, TXT_MEM_BASE + TXT_MEM_SIZE - 15, byte, 16));
	assert_false(txt_read_memory(&m->txt, TXT_PUBLIC_BASE, byte, 16));
	machine_free(m);
}

static void sinit_is_deterministic_and_signed(void **state)
{
	static uint8_t a[ACM_BYTES], b[ACM_BYTES];
	EVP_PKEY *key = EVP_RSA_gen(2048), *small = EVP_RSA_gen(1024);
	const struct acm_layout *layout;

	assert_true(acm_write(a, key, 0x20260101));
	assert_true(acm_write(b, key, 0x20260101));
	assert_memory_equal(a, b, ACM_BYTES);
	layout = acm_check(a, ACM_BYTES);
	assert_non_null(layout);
	assert_true(acm_verify(a, ACM_BYTES, layout));
	a[ACM_DATE] ^= 1;
	assert_false(acm_verify(a, ACM_BYTES, layout));
	assert_null(acm_check(b, ACM_BYTES - 4));
	assert_null(acm_check(b, 100));
	assert_false(acm_write(b, small, 0));
	EVP_PKEY_free(key);
	EVP_PKEY_free(small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_before_launch),
		cmocka_unit_test(public_window_is_read_only),
		cmocka_unit_test(partial_writes_stay_in_their_bytes),
		cmocka_unit_test(localities_follow_the_commands),
		cmocka_unit_test(launch_enters_the_mle),
		cmocka_unit_test(log_replays_to_the_pcrs),
		cmocka_unit_test(log_matches_a_real_host),
		cmocka_unit_test(sinit_mle_data_has_memory_and_dmar),
		cmocka_unit_test(leaves_fault_where_the_sdm_says),
		cmocka_unit_test(wakeup_checks_the_join_data),
		cmocka_unit_test(exit_and_launch_again),
		cmocka_unit_test(reset_scrubs_secrets_and_keeps_errors),
		cmocka_unit_test(secrets_cleared_in_order_need_no_scrub),
		cmocka_unit_test(ests_clears_by_ones),
		cmocka_unit_test(memory_reads_stay_in_memory),
		cmocka_unit_test(sinit_is_deterministic_and_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
