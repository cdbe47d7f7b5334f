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
/* The TPM's register interface: who may talk when, and what comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/txtsim_machine.h"

#define ACCESS        0x00u
#define STS           0x18u
#define FIFO          0x24u
#define REQUEST_USE   0x02u
#define SEIZE         0x08u
#define ACTIVE        0x20u
#define COMMAND_READY 0x40u
#define GO            0x20u
#define DATA_AVAIL    0x10u
#define EXPECT        0x08u
#define STS_VALID     0x80u

struct bench {
	struct machine *m;
	struct tis tis;
};

static struct bench *bench_new(enum tis_mode mode)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->m = machine_new(2048);
	tis_reset(&b->tis, &b->m->txt, mode);
	return b;
}

static void bench_free(struct bench *b)
{
	machine_free(b->m);
	free(b);
}

static uint32_t at(unsigned locality, uint32_t reg)
{
	return TIS_BASE + 0x1000 * locality + reg;
}

static uint8_t get(struct bench *b, unsigned locality, uint32_t reg)
{
	return (uint8_t)tis_read(&b->tis, at(locality, reg), 1);
}

static void put(struct bench *b, unsigned locality, uint32_t reg, uint64_t value)
{
	tis_write(&b->tis, at(locality, reg), value, 1);
}

/* TPM2_PCR_Read by the book; returns the response's size. */
static unsigned transact(struct bench *b, unsigned locality, uint8_t *response)
{
	uint8_t command[TPM_COMMAND_MAX];
	size_t n = tpm_pcr_read(command, 17);
	unsigned got = 0;

	put(b, locality, STS, COMMAND_READY);
	assert_int_equal(get(b, locality, STS) & (STS_VALID | COMMAND_READY), 0xc0);
	for (size_t i = 0; i < n; i++) {
		put(b, locality, FIFO, command[i]);
		assert_int_equal(!!(get(b, locality, STS) & EXPECT), i + 1 < n);
	}
	put(b, locality, STS, GO);
	while (get(b, locality, STS) & DATA_AVAIL)
		response[got++] = get(b, locality, FIFO);
	put(b, locality, STS, COMMAND_READY);
	return got;
}

static void a_command_and_its_answer(void **state)
{
	struct bench *b = bench_new(TIS_ON);
	uint8_t response[128];

	assert_int_equal(get(b, 0, ACCESS), 0x81);
	put(b, 0, ACCESS, REQUEST_USE);
	assert_int_equal(get(b, 0, ACCESS), 0xa1);
	assert_int_equal(transact(b, 0, response), 62);
	assert_memory_equal(response + 30, b->m->pcr[17], 32);
	assert_int_equal(tis_read(&b->tis, at(0, 0xf00), 4), 0x00011014);
	assert_int_equal(tis_read(&b->tis, at(0, 0x14), 4), 0x30000697);
	/* 32-bit reads of the FIFO take four bytes */
	put(b, 0, ACCESS, ACTIVE);
	assert_int_equal(get(b, 0, ACCESS), 0x81);
	bench_free(b);
}

static void wide_fifo_accesses(void **state)
{
	struct bench *b = bench_new(TIS_ON);
	uint8_t command[TPM_COMMAND_MAX], response[64];
	size_t n = tpm_pcr_read(command, 17);

	put(b, 0, ACCESS, REQUEST_USE);
	put(b, 0, STS, COMMAND_READY);
	for (size_t i = 0; i < n; i += 4)
		tis_write(&b->tis, at(0, FIFO), le32(command + i), 4);
	put(b, 0, STS, GO);
	for (unsigned i = 0; i < 60; i += 4)
		put_le32(response + i, (uint32_t)tis_read(&b->tis, at(0, 0x80), 4));
	assert_int_equal(be32(response + 2), 62);
	assert_memory_equal(response + 30, b->m->pcr[17], 30);
	/* response retry begins again */
	put(b, 0, STS, 2);
	assert_int_equal(get(b, 0, FIFO), response[0]);
	bench_free(b);
}

static void localities_are_gated(void **state)
{
	struct bench *b = bench_new(TIS_ON);
	uint8_t response[128];

	for (unsigned locality = 1; locality <= 4; locality++) {
		assert_int_equal(get(b, locality, ACCESS), 0xff);
		put(b, locality, ACCESS, REQUEST_USE);
	}
	assert_int_equal(b->tis.active, TIS_NOBODY);
	assert_int_equal(machine_launch(b->m), GETSEC_LAUNCH);
	b->m->localities = 0;
	assert_int_equal(get(b, 2, ACCESS), 0x80); /* established: a launch happened */
	put(b, 2, ACCESS, REQUEST_USE);
	assert_int_equal(transact(b, 2, response), 62);
	assert_int_equal(b->m->localities, 1u << 2);
	assert_int_equal(get(b, 1, ACCESS), 0xff);
	assert_int_equal(get(b, 3, ACCESS), 0xff);
	assert_int_equal(get(b, 4, ACCESS), 0xff);
	bench_free(b);
}

static void who_waits_and_who_seizes(void **state)
{
	struct bench *b = bench_new(TIS_ON);

	assert_int_equal(machine_launch(b->m), GETSEC_LAUNCH);
	put(b, 0, ACCESS, REQUEST_USE);
	put(b, 2, ACCESS, REQUEST_USE);
	assert_int_equal(b->tis.active, 0);
	assert_int_equal(get(b, 0, ACCESS) & 0x24, 0x24); /* active, and somebody waits */
	assert_int_equal(get(b, 2, STS), 0xff);
	put(b, 0, ACCESS, ACTIVE);
	assert_int_equal(b->tis.active, 2);
	put(b, 0, ACCESS, SEIZE);
	assert_int_equal(b->tis.active, 2);
	put(b, 2, ACCESS, ACTIVE);
	put(b, 0, ACCESS, REQUEST_USE);
	put(b, 2, ACCESS, SEIZE);
	assert_int_equal(b->tis.active, 2);
	bench_free(b);
}

static void what_is_out_of_order_is_ignored(void **state)
{
	struct bench *b = bench_new(TIS_ON);

	put(b, 0, STS, COMMAND_READY); /* nobody has the TPM */
	assert_int_equal(b->tis.phase, TIS_IDLE);
	put(b, 0, ACCESS, REQUEST_USE);
	put(b, 0, FIFO, 0x80); /* not ready yet */
	assert_int_equal(b->tis.received, 0);
	put(b, 0, STS, COMMAND_READY);
	put(b, 0, FIFO, 0x80);
	put(b, 0, STS, GO); /* a command in part */
	assert_int_equal(b->tis.phase, TIS_RECEPTION);
	assert_int_equal(b->m->localities, 0);
	assert_int_equal(get(b, 0, FIFO), 0xff);
	bench_free(b);
}

static void a_command_longer_than_the_buffer(void **state)
{
	struct bench *b = bench_new(TIS_ON);
	static const uint8_t header[10] = {0x80, 1, 0xff, 0xff, 0xff, 0xff};

	put(b, 0, ACCESS, REQUEST_USE);
	put(b, 0, STS, COMMAND_READY);
	for (unsigned i = 0; i < 2 * TPM_BUFFER_MAX; i++)
		put(b, 0, FIFO, i < sizeof(header) ? header[i] : 0);
	assert_int_equal(b->tis.received, TPM_BUFFER_MAX);
	put(b, 0, STS, GO);
	assert_int_equal(b->tis.phase, TIS_RECEPTION);
	bench_free(b);
}

static void an_absent_tpm_reads_as_ones(void **state)
{
	struct bench *b = bench_new(TIS_ABSENT);

	put(b, 0, ACCESS, REQUEST_USE);
	assert_int_equal(get(b, 0, ACCESS), 0xff);
	assert_int_equal(tis_read(&b->tis, at(0, 0xf00), 4), 0xffffffffu);
	bench_free(b);
}

static void a_failed_tpm_says_so(void **state)
{
	struct bench *b = bench_new(TIS_FAILED);
	uint8_t response[128];

	put(b, 0, ACCESS, REQUEST_USE);
	assert_int_equal(transact(b, 0, response), 10);
	assert_int_equal(be32(response + 6), 0x101);
	assert_int_equal(b->m->localities, 0);
	bench_free(b);
}

static void a_hanging_tpm_never_completes(void **state)
{
	struct bench *b = bench_new(TIS_HANG);
	uint8_t response[128];

	put(b, 0, ACCESS, REQUEST_USE);
	assert_int_equal(transact(b, 0, response), 0);
	assert_int_equal(get(b, 0, STS) & (STS_VALID | DATA_AVAIL | COMMAND_READY), 0);
	bench_free(b);
}

static void count_up(void *ctx, uint8_t *to, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (*(uint8_t *)ctx)++;
}

static void random_is_recognized_and_answered(void **state)
{
	uint8_t command[12] = {0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8}, response[64], next = 1;

	assert_int_equal(tpm_random_wanted(command, 12), 8);
	assert_int_equal(tpm_random_wanted(command, 11), 0);
	assert_int_equal(tpm_random_answer(response, sizeof(response), 8, count_up, &next), 20);
	assert_int_equal(be32(response + 2), 20);
	assert_int_equal(be32(response + 6), 0);
	assert_int_equal(response[12], 1);
	assert_int_equal(response[19], 8);
	command[10] = 0xff; /* more than the TPM gives at once */
	assert_int_equal(tpm_random_wanted(command, 12), 48);
	assert_int_equal(tpm_random_answer(response, 59, 48, count_up, &next), -1);
	command[9] = 0x7e;
	assert_int_equal(tpm_random_wanted(command, 12), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_and_its_answer),
		cmocka_unit_test(wide_fifo_accesses),
		cmocka_unit_test(localities_are_gated),
		cmocka_unit_test(who_waits_and_who_seizes),
		cmocka_unit_test(what_is_out_of_order_is_ignored),
		cmocka_unit_test(a_command_longer_than_the_buffer),
		cmocka_unit_test(an_absent_tpm_reads_as_ones),
		cmocka_unit_test(a_failed_tpm_says_so),
		cmocka_unit_test(a_hanging_tpm_never_completes),
		cmocka_unit_test(random_is_recognized_and_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
