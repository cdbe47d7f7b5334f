/* sources: kernel/vmkdev/vtd.c kernel/vmkdev/vtd_queue.c kernel/vmkdev/vtd_table.c */
/* sources: kernel/vmkdev/vtd_fault.c */
/* cflags: -Itests/unit */
/*
 * A remapping unit that answers each read with the next bytes of the input: nothing waits for ever,
 * and nothing is read or written outside registers and tables.
 */
#include "vtd_unit.h"

#define FAULTS_MAX 300

static const uint8_t *input;
static size_t left;
static struct sim sim;

/* The sim's own answer, if the input says so or is at its end. */
static uint64_t answer(uint64_t honest)
{
	uint64_t v = honest;
	size_t bytes;

	if (!left)
		return honest;
	left--;
	if (*input++ & 1)
		return honest;
	bytes = MIN(left, sizeof(v));
	memcpy(&v, input, bytes);
	input += bytes;
	left -= bytes;
	return v;
}

static uint32_t read32(void *context, uint32_t offset)
{
	if (offset % 4 || offset > VTD_REGISTERS - 4)
		abort();
	return (uint32_t)answer(sim_read32(context, offset));
}

static uint64_t read64(void *context, uint32_t offset)
{
	if (offset % 8 || offset > VTD_REGISTERS - 8)
		abort();
	return answer(sim_read64(context, offset));
}

static void use(struct vtd_unit *unit)
{
	struct vtd_domain domain;
	struct vtd_fault fault;
	struct hpa table;

	if (vtd_domain_create(unit, 1, &domain) != VMK_OK)
		return;
	vtd_attach(&domain, 0x10);
	if (vtd_map(&domain, 0x200000, hpa(0x40000000), 2 * PAGE_SIZE) == VMK_OK)
		vtd_unmap(&domain, 0x200000, 2 * PAGE_SIZE);
	if (sim_page_alloc(&sim, &table))
		vtd_enable_interrupts(unit, table, true);
	vtd_drop_regions(unit);
	for (unsigned i = 0; i < FAULTS_MAX && vtd_next_fault(unit, &fault); i++)
		vtd_fault_reason(fault.reason);
	vtd_detach(&domain, 0x10);
	vtd_hand_back(unit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vtd_unit unit;
	struct vtd_ops ops = sim_ops;

	ops.read32 = read32;
	ops.read64 = read64;
	input = data;
	left = size;
	sim_init(&sim);
	if (vtd_probe(&unit, &ops, &sim) == VMK_OK && vtd_prepare(&unit) == VMK_OK) {
		vtd_enable(&unit);
		use(&unit);
	}
	return 0;
}
