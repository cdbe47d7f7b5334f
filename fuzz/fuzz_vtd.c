/* sources: kernel/vmkdev/vtd.c kernel/vmkdev/vtd_queue.c kernel/vmkdev/vtd_table.c */
/* sources: kernel/vmkdev/vtd_fault.c */
/* quiet: tests/unit/shim/panic.c */
/* cflags: -Itests/unit */
/* coverage: edges, lean */
/*
 * A remapping unit that obeys or answers reads with the end of the input: nothing waits for ever,
 * nothing is read or written outside registers and tables; and where it obeys, devices reach what
 * is mapped for them and nothing else, whatever it has cached.
 * Input: {u8 what does not work, u8 capabilities that differ, u8 pages of memory, u8 operations},
 * operations of four bytes {what, domain, source or place, pages}, answers.
 */
#include "lib/panic.h"
#include "vtd_unit.h"

#define FAULTS_MAX  300u
#define DOMAINS     3u
#define SOURCES     4u
#define PLACES      16u
#define REQUIRE(it) ((it) ? (void)0 : panic("vtd: not so: %s", #it))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum broken { LIES = 1, STALLS = 2, QUEUE_FAILS = 4, REGIONS_STAY = 8, COMMANDS_FAIL = 16 };

static const uint64_t places[PLACES] = {0, 0x1000, 0x2000, 0x1fe000, 0x1ff000, 0x200000, 0x201000,
	0x3ffff000, 0x40000000, 0x40001000, 0x7ffffff000, 0x8000000000, 0xfffffffff000,
	0x1000000000000, UINT64_MAX - 0xfff, 0x800};
static const uint16_t sources[SOURCES] = {0x0010, 0x0011, 0x0100, 0xffff};
static const uint8_t *input;
static size_t left;
static struct sim sim;
static struct vtd_unit unit;
static struct vtd_domain domains[DOMAINS];
/* What devices should see. */
static struct {
	bool lies, on, has_domain[DOMAINS];
	int domain_of[SOURCES];         /* -1: none */
	uint64_t maps[DOMAINS][PLACES]; /* of the page at each place: memory, 0 for none */
} seen;

/* The sim's own answer, if the input says so or is at its end. */
static uint64_t answer(uint64_t honest)
{
	uint64_t v = honest;
	size_t bytes;

	if (!left || !seen.lies)
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
	REQUIRE(offset % 4 == 0 && offset <= VTD_REGISTERS - 4);
	return (uint32_t)answer(sim_read32(context, offset));
}

static uint64_t read64(void *context, uint32_t offset)
{
	REQUIRE(offset % 8 == 0 && offset <= VTD_REGISTERS - 8);
	return answer(sim_read64(context, offset));
}

/* --- */

static void map(unsigned d, unsigned place, uint8_t how)
{
	const uint64_t bytes = how == 0xff ? VTD_MAP_MAX + PAGE_SIZE : (how & 3) * PAGE_SIZE;
	const struct hpa memory = hpa(0x40000000u + (how >> 2) * PAGE_SIZE + (how == 0x81));
	const enum vmk_status status =
		vtd_map(&domains[d], places[place], memory, how == 0x82 ? bytes + 8 : bytes);

	if (status != VMK_OK)
		return;
	for (unsigned p = 0; p < PLACES; p++) {
		if (places[p] - places[place] < bytes) {
			REQUIRE(seen.lies || !seen.maps[d][p]);
			seen.maps[d][p] = memory.v + places[p] - places[place];
		}
	}
}

static void unmap(unsigned d, unsigned place, uint8_t how)
{
	const uint64_t bytes = (how & 3) * PAGE_SIZE;

	if (vtd_unmap(&domains[d], places[place], bytes) != VMK_OK)
		return;
	for (unsigned p = 0; p < PLACES; p++) {
		if (places[p] - places[place] < bytes)
			seen.maps[d][p] = 0;
	}
}

static void attach(unsigned d, unsigned s)
{
	const enum vmk_status status = vtd_attach(&domains[d], sources[s]);

	if (status == VMK_OK)
		seen.domain_of[s] = (int)d;
	REQUIRE(status != VMK_EXISTS || seen.domain_of[s] >= 0 || seen.lies);
}

static void detach(unsigned d, unsigned s)
{
	enum vmk_status status;

	if (seen.domain_of[s] >= 0 && seen.domain_of[s] != (int)d)
		return;
	status = vtd_detach(&domains[d], sources[s]);
	REQUIRE(unit.broken || (status == VMK_NOT_FOUND) == (seen.domain_of[s] < 0));
	seen.domain_of[s] = -1;
}

/* Of ids that cannot be, and once for each that can. */
static void create(unsigned d)
{
	struct vtd_domain none;

	REQUIRE(vtd_domain_create(&unit, 0, &none) == VMK_BAD_PARAM);
	if (vtd_domain_count(&unit) <= UINT16_MAX)
		REQUIRE(vtd_domain_create(&unit, UINT16_MAX, &none) == VMK_BAD_PARAM);
	if (!seen.has_domain[d])
		seen.has_domain[d] =
			vtd_domain_create(&unit, (uint16_t)(d + 1), &domains[d]) == VMK_OK;
}

static void interrupts(uint8_t how)
{
	struct hpa table;

	if (how & 2)
		vtd_route_faults(&unit, 0x1fee00000, 0x41);
	else if (how & 4)
		vtd_forget_interrupts(&unit);
	else if (sim_page_alloc(&sim, &table))
		vtd_enable_interrupts(&unit, table, how & 1);
}

static void faults(uint8_t reason)
{
	struct vtd_fault fault;
	const uint32_t at = CAP_FAULT_OFFSET(sim_get(&sim, VTD_CAP, 8));

	if (reason & 0x80) {
		sim_put(&sim, at + 12, 1u << 31 | (reason & 0x7fu), 4);
		sim_put(&sim, VTD_FSTS, 2u | (reason & 1), 4);
	}
	for (unsigned i = 0; i < FAULTS_MAX && vtd_next_fault(&unit, &fault); i++)
		REQUIRE(vtd_fault_reason(fault.reason));
}

static void enable(void)
{
	if (seen.on)
		return;
	seen.on = vtd_enable(&unit) == VMK_OK;
	/* It has seen as many invalidations as there are numbers. */
	unit.sequence = seen.on && sim.now ? UINT32_MAX - 1 : unit.sequence;
}

static void step(const uint8_t op[4])
{
	const unsigned d = op[1] % DOMAINS;

	switch (op[0] % 10) {
	case 0:
		create(d);
		break;
	case 1:
		if (seen.has_domain[d])
			attach(d, op[2] % SOURCES);
		break;
	case 2:
		if (seen.has_domain[d])
			detach(d, op[2] % SOURCES);
		break;
	case 3:
		if (seen.has_domain[d])
			map(d, op[2] % PLACES, op[3]);
		break;
	case 4:
		if (seen.has_domain[d])
			unmap(d, op[2] % PLACES, op[3]);
		break;
	case 5:
		interrupts(op[3]);
		break;
	case 6:
		vtd_drop_regions(&unit);
		break;
	case 7:
		faults(op[3]);
		break;
	case 8:
		enable();
		break;
	default:
		sim.queue_stalls = op[3] == 0xaa; /* from now on */
		sim.now++;
	}
}

/* Where the unit obeys, through whatever it has cached. */
static void check(void)
{
	if (unit.broken || seen.lies || !seen.on)
		return;
	for (unsigned s = 0; s < SOURCES; s++) {
		for (unsigned p = 0; p < PLACES; p++) {
			const int d = seen.domain_of[s];
			const uint64_t wanted = d < 0 ? 0 : seen.maps[d][p];
			uint64_t to = 0;

			if (places[p] % PAGE_SIZE == 0)
				REQUIRE(sim_translate(&sim, sources[s], places[p], true, &to) ==
					(wanted != 0));
			REQUIRE(to == wanted || places[p] % PAGE_SIZE);
		}
	}
}

static void change_capabilities(uint8_t bits)
{
	const uint64_t cap = (bits & 1 ? CAP_RWBF : 0) | (bits & 2 ? CAP_CM : 0) |
			     (bits & 4 ? CAP_SAGAW_48 : 0) | (bits & 8 ? CAP_PLMR : 0);
	const uint64_t ecap = (bits & 16 ? ECAP_C : 0) | (bits & 32 ? ECAP_SC : 0) |
			      (bits & 64 ? ECAP_IR : 0) | (bits & 128 ? ECAP_EIM : 0);

	sim_put(&sim, VTD_CAP, sim_get(&sim, VTD_CAP, 8) ^ cap, 8);
	sim_put(&sim, VTD_ECAP, sim_get(&sim, VTD_ECAP, 8) ^ ecap, 8);
}

static void begin(const uint8_t header[4])
{
	sim_init(&sim);
	memset(&seen, 0, sizeof(seen));
	memset(seen.domain_of, -1, sizeof(seen.domain_of));
	seen.lies = header[0] & LIES;
	sim.queue_stalls = header[0] & STALLS;
	sim.queue_errors = header[0] & QUEUE_FAILS;
	sim.regions_stuck = header[0] & REGIONS_STAY;
	if (header[0] & COMMANDS_FAIL)
		sim.stuck = 1u << (23 + (header[0] >> 5)); /* CFI to SRTP, one of them */
	change_capabilities(header[1]);
	sim.pages_max = MIN(header[2], SIM_PAGES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vtd_ops ops = sim_ops;
	size_t operations;

	if (size < 4)
		return 0;
	ops.read32 = read32;
	ops.read64 = read64;
	begin(data);
	operations = MIN(data[3], (size - 4) / 4);
	input = data + 4 + 4 * operations;
	left = size - 4 - 4 * operations;
	if (vtd_probe(&unit, &ops, &sim) != VMK_OK)
		REQUIRE(unit.why);
	if (vtd_prepare(&unit) == VMK_OK) {
		for (size_t i = 0; i < operations; i++) {
			step(data + 4 + 4 * i);
			/* All that devices reach takes longer than what changed it. */
			if (size % 4 == 3 || i % 16 == 15 || i + 1 == operations)
				check();
		}
	}
	vtd_hand_back(&unit);
	return 0;
}
