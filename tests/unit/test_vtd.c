/* sources: kernel/vmkdev/vtd.c kernel/vmkdev/vtd_queue.c kernel/vmkdev/vtd_table.c */
/* sources: kernel/vmkdev/vtd_fault.c */
/* A remapping unit's life against a simulated one, honest and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vtd_unit.h"

#define NIC   0x0010u /* 00:02.0 */
#define OTHER 0x0310u /* 03:02.0 */
#define HOST  0x40000000ull
#define BUS   0x00200000ull

static struct sim simulated;
static struct sim *const sim = &simulated;
static struct vtd_unit unit;
static struct vtd_domain nic;

static int setup(void **state)
{
	sim_init(sim);
	return 0;
}

static void start(void)
{
	assert_int_equal(vtd_probe(&unit, &sim_ops, sim), VMK_OK);
	assert_int_equal(vtd_prepare(&unit), VMK_OK);
	assert_int_equal(vtd_enable(&unit), VMK_OK);
}

static void start_nic(void)
{
	start();
	assert_int_equal(vtd_domain_create(&unit, 1, &nic), VMK_OK);
	assert_int_equal(vtd_attach(&nic, NIC), VMK_OK);
}

static bool reaches(uint16_t source, uint64_t address, uint64_t expected)
{
	uint64_t to = 0;

	return sim_translate(sim, source, address, true, &to) && to == expected;
}

static bool blocked(uint16_t source, uint64_t address)
{
	uint64_t to;

	return !sim_translate(sim, source, address, false, &to);
}

static void test_probe(void **state)
{
	assert_int_equal(vtd_probe(&unit, &sim_ops, sim), VMK_OK);
	assert_int_equal(unit.levels, 4);
	assert_int_equal(unit.width, 48);
	assert_int_equal(vtd_domain_count(&unit), 65536);
	assert_true(vtd_remaps_interrupts(&unit) && vtd_has_extended_ids(&unit));
	assert_string_equal(sim->order, "");
	sim_put(sim, VTD_CAP,
		(sim_get(sim, VTD_CAP, 8) & ~CAP_SAGAW_48 & ~(63ull << 16)) | 38ull << 16, 8);
	assert_int_equal(vtd_probe(&unit, &sim_ops, sim), VMK_OK);
	assert_int_equal(unit.levels, 3);
	assert_int_equal(unit.width, 39);
}

static void unusable(enum vmk_status status, const char *why)
{
	assert_int_equal(vtd_probe(&unit, &sim_ops, sim), status);
	assert_string_equal(unit.why, why);
	/* Nobody can use it by mistake. */
	assert_int_equal(vtd_prepare(&unit), VMK_IO_ERROR);
	assert_int_equal(vtd_enable(&unit), VMK_IO_ERROR);
}

static void test_unusable(void **state)
{
	uint64_t cap = sim_get(sim, VTD_CAP, 8), ecap = sim_get(sim, VTD_ECAP, 8);

	sim_put(sim, VTD_ECAP, ecap & ~ECAP_QI, 8);
	unusable(VMK_UNSUPPORTED, "it has no invalidation queue");
	sim_put(sim, VTD_ECAP, ecap, 8);
	sim_put(sim, VTD_CAP, cap & ~(CAP_SAGAW_39 | CAP_SAGAW_48), 8);
	unusable(VMK_UNSUPPORTED, "it has neither 3 nor 4 levels of tables");
	sim_put(sim, VTD_CAP, cap | 0x3ffull << 24, 8);
	unusable(VMK_IO_ERROR, "its fault records lie outside its registers");
	memset(sim->registers, 0xff, sizeof(sim->registers));
	unusable(VMK_IO_ERROR, "there is no unit at its address");
	memset(sim->registers, 0, sizeof(sim->registers));
	unusable(VMK_IO_ERROR, "there is no unit at its address");
}

static void test_order(void **state)
{
	struct hpa table = {0};

	start();
	sim_page_alloc(sim, &table);
	assert_int_equal(vtd_enable_interrupts(&unit, table, true), VMK_OK);
	assert_int_equal(vtd_drop_regions(&unit), VMK_OK);
	assert_string_equal(sim->order, "+SRTP +QIE +TE +SIRTP +IRE -PMR ");
	assert_int_equal(sim_get(sim, VTD_IRTA, 8), table.v | IRTA_EIME | 7);
	assert_int_equal(sim->interrupt_invalidations, 1);
	assert_true(sim->context_invalidations >= 1 && sim->iotlb_invalidations >= 1);

	sim->order[0] = 0;
	vtd_hand_back(&unit);
	assert_string_equal(sim->order, "+PMR -IRE -TE -QIE ");
}

static void test_what_firmware_left(void **state)
{
	sim_put(sim, VTD_GSTS, GCMD_TE | GCMD_IRE | GCMD_QIE, 4);
	start();
	assert_string_equal(sim->order, "-IRE -TE -QIE +SRTP +QIE +TE ");
}

static void test_nothing_by_default(void **state)
{
	start_nic();
	assert_true(blocked(NIC, 0));
	assert_true(blocked(NIC, BUS));
	assert_true(blocked(OTHER, HOST));
}

static void test_map(void **state)
{
	start_nic();
	assert_int_equal(vtd_map(&nic, BUS, hpa(HOST), 3 * PAGE_SIZE), VMK_OK);
	assert_true(reaches(NIC, BUS + 0x2abc, HOST + 0x2abc));
	assert_true(blocked(NIC, BUS - 1));
	assert_true(blocked(NIC, BUS + 3 * PAGE_SIZE));
	assert_true(blocked(NIC, HOST));
	assert_true(blocked(OTHER, BUS));
	assert_int_equal(vtd_map(&nic, BUS + PAGE_SIZE, hpa(HOST), PAGE_SIZE), VMK_EXISTS);
	/* What could not be mapped as a whole is not mapped at all, and what was there stays. */
	assert_int_equal(vtd_map(&nic, BUS - PAGE_SIZE, hpa(HOST), 2 * PAGE_SIZE), VMK_EXISTS);
	assert_true(blocked(NIC, BUS - PAGE_SIZE));
	assert_true(reaches(NIC, BUS, HOST));
}

static void test_bad_ranges(void **state)
{
	start_nic();
	assert_int_equal(vtd_map(&nic, BUS + 1, hpa(HOST), PAGE_SIZE), VMK_BAD_PARAM);
	assert_int_equal(vtd_map(&nic, BUS, hpa(HOST + 8), PAGE_SIZE), VMK_BAD_PARAM);
	assert_int_equal(vtd_map(&nic, BUS, hpa(HOST), 0), VMK_BAD_PARAM);
	assert_int_equal(vtd_map(&nic, BUS, hpa(HOST), 5), VMK_BAD_PARAM);
	assert_int_equal(vtd_map(&nic, BUS, hpa(1ull << 52), PAGE_SIZE), VMK_BAD_PARAM);
	assert_int_equal(
		vtd_map(&nic, (1ull << 48) - PAGE_SIZE, hpa(HOST), 2 * PAGE_SIZE), VMK_BAD_PARAM);
	assert_int_equal(vtd_map(&nic, -PAGE_SIZE, hpa(HOST), 2 * PAGE_SIZE), VMK_BAD_PARAM);
	assert_int_equal(vtd_map(&nic, (1ull << 48) - PAGE_SIZE, hpa(HOST), PAGE_SIZE), VMK_OK);
	assert_int_equal(vtd_unmap(&nic, BUS, 0), VMK_BAD_PARAM);
	assert_int_equal(
		vtd_map(&nic, 1ull << 40, hpa(1ull << 40), VTD_MAP_MAX + PAGE_SIZE), VMK_TOO_LARGE);
}

/* The unit has cached the translation: after vtd_unmap() it must not know it any more. */
static void test_unmap(void **state)
{
	start_nic();
	assert_int_equal(vtd_map(&nic, BUS, hpa(HOST), 2 * PAGE_SIZE), VMK_OK);
	assert_true(reaches(NIC, BUS, HOST));
	assert_int_equal(vtd_unmap(&nic, BUS, PAGE_SIZE), VMK_OK);
	assert_true(blocked(NIC, BUS));
	assert_true(reaches(NIC, BUS + PAGE_SIZE, HOST + PAGE_SIZE));
	assert_int_equal(vtd_map(&nic, BUS, hpa(HOST + 0x100000), PAGE_SIZE), VMK_OK);
	assert_true(reaches(NIC, BUS, HOST + 0x100000));
}

static void test_domains(void **state)
{
	struct vtd_domain other;

	start_nic();
	assert_int_equal(vtd_domain_create(&unit, 0, &other), VMK_BAD_PARAM);
	assert_int_equal(vtd_domain_create(&unit, 2, &other), VMK_OK);
	assert_int_equal(vtd_attach(&other, OTHER), VMK_OK);
	assert_int_equal(vtd_attach(&other, NIC), VMK_EXISTS);
	assert_int_equal(vtd_map(&nic, BUS, hpa(HOST), PAGE_SIZE), VMK_OK);
	assert_int_equal(vtd_map(&other, BUS, hpa(HOST + PAGE_SIZE), PAGE_SIZE), VMK_OK);
	assert_true(reaches(NIC, BUS, HOST));
	assert_true(reaches(OTHER, BUS, HOST + PAGE_SIZE));
	assert_int_equal(vtd_detach(&nic, NIC), VMK_OK);
	assert_true(blocked(NIC, BUS));
	assert_true(reaches(OTHER, BUS, HOST + PAGE_SIZE));
	assert_int_equal(vtd_detach(&nic, NIC), VMK_NOT_FOUND);
}

/* In caching mode what is not there is cached too; with a write buffer it is not seen at once. */
static void test_caching_mode(void **state)
{
	unsigned before;

	sim_put(sim, VTD_CAP, sim_get(sim, VTD_CAP, 8) | CAP_CM, 8);
	start_nic();
	before = sim->iotlb_invalidations;
	assert_int_equal(vtd_map(&nic, BUS, hpa(HOST), PAGE_SIZE), VMK_OK);
	assert_int_equal(sim->iotlb_invalidations, before + 1);
}

static void test_write_buffer(void **state)
{
	unsigned before;

	sim_put(sim, VTD_CAP, sim_get(sim, VTD_CAP, 8) | CAP_RWBF, 8);
	start_nic();
	before = sim->flushes;
	assert_int_equal(vtd_map(&nic, BUS, hpa(HOST), PAGE_SIZE), VMK_OK);
	assert_int_equal(sim->flushes, before + 1);
}

/* More requests than the queue has entries. */
static void test_queue_wraps(void **state)
{
	start_nic();
	for (unsigned i = 0; i < 2 * VTD_QUEUE; i++) {
		assert_int_equal(vtd_map(&nic, BUS, hpa(HOST + i * PAGE_SIZE), PAGE_SIZE), VMK_OK);
		assert_int_equal(vtd_unmap(&nic, BUS, PAGE_SIZE), VMK_OK);
	}
	assert_true(sim->iotlb_invalidations >= 2 * VTD_QUEUE);
}

/* The number that tells an invalidation's end comes round; none is left out for that. */
static void test_sequence_wraps(void **state)
{
	start_nic();
	unit.sequence = UINT32_MAX - 2;
	for (unsigned i = 0; i < 6; i++) {
		unsigned before;

		assert_int_equal(vtd_map(&nic, BUS, hpa(HOST), PAGE_SIZE), VMK_OK);
		assert_true(reaches(NIC, BUS, HOST)); /* and is cached */
		before = sim->iotlb_invalidations;
		assert_int_equal(vtd_unmap(&nic, BUS, PAGE_SIZE), VMK_OK);
		assert_int_equal(sim->iotlb_invalidations, before + 1);
		assert_true(blocked(NIC, BUS));
	}
}

static void expect_broken(const char *why)
{
	assert_true(unit.broken);
	assert_string_equal(unit.why, why);
	assert_true(sim->now < 10000); /* it was waited for, and not for ever */
	assert_int_equal(vtd_map(&nic, BUS + 0x100000, hpa(HOST), PAGE_SIZE), VMK_IO_ERROR);
	assert_int_equal(vtd_attach(&nic, OTHER), VMK_IO_ERROR);
}

static void test_invalidation_never_ends(void **state)
{
	start_nic();
	assert_int_equal(vtd_map(&nic, BUS, hpa(HOST), PAGE_SIZE), VMK_OK);
	sim->queue_stalls = true;
	/* The memory may still be reached: the caller must keep it. */
	assert_int_equal(vtd_unmap(&nic, BUS, PAGE_SIZE), VMK_IO_ERROR);
	expect_broken("an invalidation does not end");
	sim->queue_stalls = false;
	assert_int_equal(vtd_unmap(&nic, BUS, PAGE_SIZE), VMK_IO_ERROR);
}

static void test_queue_reports_an_error(void **state)
{
	start_nic();
	sim->queue_errors = true;
	assert_int_equal(vtd_unmap(&nic, BUS, PAGE_SIZE), VMK_IO_ERROR);
	expect_broken("it reports an error of its invalidation queue");
}

static void test_stuck(void **state)
{
	static const struct {
		uint32_t bit;
		const char *why;
	} cases[] = {
		{GCMD_SRTP, "it does not take a root table"},
		{GCMD_QIE, "its invalidation queue cannot be enabled"},
		{GCMD_TE, "its translation cannot be enabled"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		setup(NULL);
		sim->stuck = cases[i].bit;
		assert_int_equal(vtd_probe(&unit, &sim_ops, sim), VMK_OK);
		assert_int_equal(vtd_prepare(&unit), VMK_OK);
		assert_int_equal(vtd_enable(&unit), VMK_IO_ERROR);
		assert_string_equal(unit.why, cases[i].why);
		assert_true(sim->now < 10000);
		assert_null(strstr(sim->order, "PMR"));
	}
}

static void test_regions_stuck(void **state)
{
	start();
	sim->regions_stuck = true;
	assert_int_equal(vtd_drop_regions(&unit), VMK_IO_ERROR);
	assert_string_equal(unit.why, "its protected memory regions stay on");
}

static void test_no_memory(void **state)
{
	start_nic();
	sim->pages_max = sim->pages_used + 1; /* two more levels are needed */
	assert_int_equal(vtd_map(&nic, BUS, hpa(HOST), PAGE_SIZE), VMK_NO_MEMORY);
	sim->pages_max = SIM_PAGES;
	assert_int_equal(vtd_map(&nic, BUS, hpa(HOST), PAGE_SIZE), VMK_OK);
	assert_true(reaches(NIC, BUS, HOST));
}

static void record(unsigned index, uint64_t low, uint64_t high)
{
	sim_put(sim, 0x400 + index * FRCD_BYTES, low, 8);
	sim_put(sim, 0x408 + index * FRCD_BYTES, high, 8);
}

static void test_faults(void **state)
{
	struct vtd_fault fault;

	start();
	assert_false(vtd_next_fault(&unit, &fault));
	record(3, 0xf0123, FRCD_F | FRCD_IS_READ | 6ull << 32 | NIC);
	record(0, 0x7ull << 48, FRCD_F | 0x22ull << 32 | OTHER);
	sim_put(sim, VTD_FSTS, FSTS_PPF | FSTS_PFO | 3u << 8, 4);
	assert_true(vtd_next_fault(&unit, &fault));
	assert_int_equal(fault.source, NIC);
	assert_int_equal(fault.reason, 6);
	assert_true(fault.is_read);
	assert_int_equal(fault.address, 0xf0000);
	assert_true(vtd_next_fault(&unit, &fault));
	assert_int_equal(fault.source, OTHER);
	assert_int_equal(fault.address, 7);
	assert_string_equal(
		vtd_fault_reason(fault.reason), "the interrupt is not one that is allowed");
	assert_false(vtd_next_fault(&unit, &fault));
	assert_int_equal(sim_get(sim, VTD_FSTS, 4) & FSTS_PFO, 0);
	/* An index beyond the records is none. */
	sim_put(sim, VTD_FSTS, FSTS_PPF | 0xffu << 8, 4);
	assert_false(vtd_next_fault(&unit, &fault));
	sim_put(sim, VTD_FSTS, UINT32_MAX, 4);
	assert_false(vtd_next_fault(&unit, &fault));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup(name, setup)
		T(test_probe),
		T(test_unusable),
		T(test_order),
		T(test_what_firmware_left),
		T(test_nothing_by_default),
		T(test_map),
		T(test_bad_ranges),
		T(test_unmap),
		T(test_domains),
		T(test_caching_mode),
		T(test_write_buffer),
		T(test_queue_wraps),
		T(test_sequence_wraps),
		T(test_invalidation_never_ends),
		T(test_queue_reports_an_error),
		T(test_stuck),
		T(test_regions_stuck),
		T(test_no_memory),
		T(test_faults),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
