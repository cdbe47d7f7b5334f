/* sources: tboot-integration/txtsim/model/platform.c tboot-integration/txtsim/model/heap.c */
/* sources: tboot-integration/txtsim/model/digest.c tboot-integration/txtsim/model/acm.c */
/* sources: tboot-integration/txtsim/model/events.c tboot-integration/txtsim/model/evlog.c */
/* sources: tboot-integration/txtsim/model/tpmcmd.c tboot-integration/txtsim/model/mle.c */
/* sources: tboot-integration/txtsim/model/getsec.c tboot-integration/txtsim/model/sinit.c */
/* sources: tboot-integration/txtsim/model/tis.c tboot-integration/txtsim/model/acpi.c */
/* sources: tboot-integration/txtsim/model/lcp.c tboot-integration/txtsim/model/lcplist.c */
/* sources: tboot-integration/txtsim/model/ownerpolicy.c */
/* sources: kernel/lib/hex.c */
/* quiet: tboot-integration/txtsim/sinit/acmwrite.c */
/* plain: fuzz/models/digest_memo.c */
/* libs: -lcrypto -Wl,--wrap=digest_begin -Wl,--wrap=digest_update -Wl,--wrap=digest_end */
/* libs: -Wl,--wrap=rsa_verify */
/* coverage: edges, lean */
/*
 * SENTER over hostile memory. The input is the number of a fault of the platform (0: none; from
 * 0x80: one that the firmware had, too), the size of the owner's policy in the TPM (0: none), and a
 * list of patches {u8 region, le16 offset, u8 size, bytes} to a valid launch: heap, page tables and
 * MLE, SINIT, JOIN data, policy; or {0x80 + what, le16 value, 0}: how else the machine differs. A
 * launch that succeeds must leave PCR 17 changed, and whatever is refused must leave an error code.
 */
#include "tboot-integration/txtsim/model/acpi.h"
#include "tboot-integration/txtsim/model/events.h"
#include "tboot-integration/txtsim/model/evlog.h"
#include "fuzz/models/digest_memo.h"
#include "tests/unit/txtsim_machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define POLICY_BYTES 160u
#define RESETS_MAX   2u
static uint8_t policy[POLICY_BYTES];
static unsigned policy_size;
static bool all_changed; /* by a reset: heap, SINIT and RAM */

/* What the input chose of the processor's state and the TPM's answers. */
enum what {
	TPM_ERROR,
	HASH_FAILS,
	TRACE,
	CPL,
	CPU,
	CR0,
	SIZE,
	PLACE,
	RESET,
	ANSWER,
	RSDT,
	FAULT,
	TABLES,
	NV_DATA
};
static struct {
	struct getsec_state state;
	uint32_t after; /* answers that are good before the TPM fails */
	uint16_t error;
	int16_t longer; /* than they should be: the TPM's answers */
	uint16_t nv;    /* how the owner's policy is not read as it should be */
	uint8_t resets;
} chosen;

/* The owner's index 0x1c10106, as NV_ReadPublic describes it and NV_Read has it; the rest as ever.
 */
static int tpm_policy(void *context, unsigned locality, const uint8_t *command, size_t size,
	uint8_t *response, size_t max)
{
	const uint32_t code = be32(command + 6);

	if (!policy_size || (code != 0x169 && code != 0x14e) ||
		((struct machine *)context)->tpm_error)
		return machine_tpm(context, locality, command, size, response, max);
	memset(response, 0, 64);
	if (code == 0x169) {
		put_be32(response + 2, 62);
		response[11] = 14;
		put_be32(response + 12, 0x01c10106);
		response[17] = 0x0b;
		put_be32(response + 18, 0x62040408);
		response[25] = (uint8_t)policy_size;
		response[27] = 34;
		return 62;
	}
	if (chosen.nv > 0xff)
		return chosen.nv == 0xffff ? -1 : tpm_plain_response(response, chosen.nv);
	put_be32(response + 2, 16 + policy_size);
	put_be32(response + 10, 2 + policy_size);
	response[15] = (uint8_t)(policy_size ^ chosen.nv);
	memcpy(response + 16, policy, policy_size);
	return (int)(16 + policy_size);
}

static int tpm_with_policy(void *context, unsigned locality, const uint8_t *command, size_t size,
	uint8_t *response, size_t max)
{
	struct machine *m = context;
	int n;

	if (chosen.error && !chosen.after--) {
		m->tpm_error = chosen.error;
		chosen.after = 0;
	}
	n = tpm_policy(context, locality, command, size, response, max);
	return n + chosen.longer > (int)max ? (int)max : n + chosen.longer;
}

/* Above 4 GiB there is the same once more. */
static bool read_ram(void *context, uint64_t pa, void *to, size_t size)
{
	return machine_read_ram(context, pa >> 32 == 1 ? pa & UINT32_MAX : pa, to, size);
}

/* An RSDT of `size` bytes, with or without its name. */
static void extend_acpi(struct machine *m, uint16_t size)
{
	static uint8_t rsdt[ACPI_RSDT_MAX + 1];
	uint32_t bytes = size % (ACPI_RSDT_MAX + 2), at;

	memcpy(rsdt, size & 0x8000 ? "XSDT" : "RSDT", 4);
	at = acpi_extend(&m->txt, rsdt, bytes);
	if ((at != 0) != (bytes >= 36 && bytes <= ACPI_RSDT_MAX && !(size & 0x8000)))
		abort();
	if (at && le32(m->mem + (at - TXT_MEM_BASE) + 4) > bytes + 8)
		abort();
}

/* Software goes on only where the heap does. */
static bool begins_with_size(const struct machine *m)
{
	return le64(m->mem) <= TXT_HEAP_SIZE;
}

/*
 * A reset without power cycle: what firmware and software had in memory may be lost. More than a
 * few say nothing new, and each clears 4 MiB.
 */
static void reset(struct machine *m, uint16_t how)
{
	if (chosen.resets == RESETS_MAX)
		return;
	chosen.resets++;
	all_changed = true;
	if (how & 1)
		m->txt.reg[TXT_REG_E2STS] |= 2;
	if (how & 2)
		txt_platform_wake(&m->txt);
	else
		txt_platform_reset(&m->txt);
	if (how & 4 && begins_with_size(m)) {
		machine_mle(m);
		machine_heap(m);
		memcpy(m->mem + (TXT_SINIT_BASE - TXT_MEM_BASE), machine_sinit(2048), ACM_BYTES);
	}
}

static const uint8_t zeros[512];

/* What has no name or data is said to have none, and zeros are no key. */
static void check_constants(void)
{
	uint32_t size;

	for (uint32_t type = TXT_EV_HASH_START - 4; type < TXT_EV_HASH_START + 0x120; type++)
		if (!*sinit_event_name((enum txt_event_type)type) ||
			!sinit_platform_data((enum txt_event_type)type, &size) != !size)
			abort();
	for (uint32_t bytes = 256; bytes <= 512; bytes += 64)
		if (rsa_verify(zeros, zeros, bytes, 65537, zeros, RSA_PADDING_PKCS1))
			abort();
}

/* Whatever is logged, the log stays in its bounds. */
static void check_tables(uint16_t value)
{
	static struct evlog log;
	static bool checked;
	struct digests digests = {0};

	if (!checked)
		check_constants();
	checked = true;
	evlog_init(&log);
	for (unsigned i = 0; i < 64; i++)
		evlog_add(&log, 17, i, &digests, zeros, value % (EVLOG_DATA_MAX + 2));
	if (!log.overflow || log.size > EVLOG_MAX)
		abort();
	if (!acm_layout_of_key(value) != (value != 256 && value != 384) ||
		acm_check(machine_sinit(2048), ACM_BYTES - 1))
		abort();
	if (!strcmp(txt_error_text(TXT_ERR_NONE), txt_error_text((enum txt_error)value)) != !value)
		abort();
}

static void choose(struct machine *m, enum what what, uint16_t value)
{
	switch (what) {
	case TPM_ERROR:
		chosen.error = value & 0xff;
		chosen.after = value >> 8;
		break;
	case HASH_FAILS:
		m->hash_fails = value;
		break;
	case TRACE:
		m->txt.config.trace = value & 1;
		m->txt.config.ram_above_4g = (uint64_t)(value & 2) << 20;
		break;
	case CPL:
		chosen.state.cpl = value & 3;
		break;
	case CPU:
		chosen.state.cpu = value & 1;
		break;
	case CR0:
		chosen.state.cr0 ^= 1u << value % 32;
		break;
	case SIZE:
		chosen.state.ecx = (uint32_t)value << 2;
		break;
	case PLACE:
		chosen.state.ebx += value;
		break;
	case RESET:
		reset(m, value);
		break;
	case ANSWER:
		chosen.longer = (int16_t)value % 64;
		break;
	case RSDT:
		extend_acpi(m, value);
		break;
	case TABLES:
		check_tables(value);
		break;
	case NV_DATA:
		chosen.nv = value;
		break;
	case FAULT:
		m->txt.config.faults |= 1ull << value % TXT_FAULT_COUNT;
		break;
	}
}

static uint8_t *region(struct machine *m, uint8_t which, uint16_t offset, size_t size)
{
	switch (which % 6) {
	case 0:
		return m->mem + offset;
	case 1:
		return m->ram + MLE_TABLE + offset % (0x3000 - size);
	case 2:
		return m->mem + (TXT_SINIT_BASE - TXT_MEM_BASE) + offset % (ACM_BYTES - size);
	case 3:
		return m->ram + MLE_PAGES + offset % (0x6000 - size);
	case 4:
		return m->ram + JOIN_AT + offset % (64 - size % 64);
	default:
		return policy + offset % (POLICY_BYTES - size);
	}
}

/* What of each region was written since it was last as after power-up. */
#define REGIONS 6u
static struct span {
	uint8_t *from, *to;
} patched[REGIONS];

static void patch(struct machine *m, const uint8_t *data, size_t size)
{
	while (size >= 4) {
		size_t n = data[3] % 32;

		if (n > size - 4)
			n = size - 4;
		if (data[0] & 0x80) {
			choose(m, (enum what)(data[0] & 0x7f), le16(data + 1));
		} else {
			struct span *p = &patched[data[0] % REGIONS];
			uint8_t *at = region(m, data[0], le16(data + 1), n);

			memcpy(at, data + 4, n);
			p->from = p->to && p->from < at ? p->from : at;
			p->to = p->to > at + n ? p->to : at + n;
		}
		data += 4 + n;
		size -= 4 + n;
	}
}

/*
 * As after power-up, which one fault more or less makes 4 MiB of work: kept for each, and of a
 * machine only what changed is put back. That is the heap's beginning, where a launch also writes
 * unless a patch leads it elsewhere, and what patches and resets wrote.
 */
#define MEM_CHANGES 0x11000u
#define HEAP_TABLES 0x200u
#define RAM_CHANGES 0x40000u

struct start {
	struct txt txt;
	uint8_t mem[MEM_CHANGES];
};
static struct machine *first;

static const struct start *after_power_up(struct machine *m, unsigned fault)
{
	static struct start *starts[1 + TXT_FAULT_COUNT];
	struct start **s = &starts[fault];
	struct txt_config config = first->txt.config;

	if (*s)
		return *s;
	if (!(*s = malloc(sizeof(**s))))
		abort();
	config.faults = fault ? 1ull << (fault - 1) : 0;
	txt_power_on(&m->txt, m->txt.ops, m, &config, m->mem);
	if (begins_with_size(m))
		machine_heap(m);
	all_changed = true;
	(*s)->txt = m->txt;
	memcpy((*s)->mem, m->mem, MEM_CHANGES);
	return *s;
}

static void no_log(void *context, const char *line)
{
	(void)context;
	(void)line;
}

static struct machine *make_machine(void)
{
	static struct txt_ops ops;
	struct machine *m = machine_new(2048);

	ops = machine_ops;
	ops.tpm_command = tpm_with_policy;
	ops.read_ram = read_ram;
	ops.log = no_log;
	m->txt.ops = &ops;
	first = malloc(sizeof(*first));
	if (!first || !(first->mem = malloc(TXT_MEM_SIZE)))
		abort();
	first->txt = m->txt;
	memcpy(first->mem, m->mem, TXT_MEM_SIZE);
	memcpy(first->ram, m->ram, sizeof(m->ram));
	memcpy(first->pcr, m->pcr, sizeof(m->pcr));
	if (machine_launch(m) != GETSEC_LAUNCH)
		abort();
	digest_memo_begin();
	return m;
}

/* The same place in the machine that nobody changes; NULL: elsewhere. */
static const uint8_t *in_first(const struct machine *m, const uint8_t *at)
{
	if (at >= m->mem && at < m->mem + TXT_MEM_SIZE)
		return first->mem + (at - m->mem);
	return at >= m->ram && at < m->ram + RAM_SIZE ? first->ram + (at - m->ram) : NULL;
}

static void put_back(struct machine *m, const struct start *s)
{
	static const struct start *last;
	const bool measured = memcmp(m->pcr, first->pcr, sizeof(m->pcr)) != 0;

	if (all_changed || (measured && patched[0].to && patched[0].from < m->mem + HEAP_TABLES))
		memcpy(m->mem, first->mem, TXT_HEAP_SIZE);
	if (all_changed || measured || m->txt.config.faults || patched[0].to || s != last)
		memcpy(m->mem, s->mem, MEM_CHANGES);
	if (all_changed) {
		memcpy(m->mem + (TXT_SINIT_BASE - TXT_MEM_BASE),
			first->mem + (TXT_SINIT_BASE - TXT_MEM_BASE), ACM_BYTES);
		memcpy(m->ram, first->ram, RAM_CHANGES);
	}
	for (struct span *p = patched + 1; p < patched + REGIONS; p++) {
		const uint8_t *from = p->to ? in_first(m, p->from) : NULL;

		if (from)
			memcpy(p->from, from, (size_t)(p->to - p->from));
	}
	memset(patched, 0, sizeof(patched));
	memcpy(m->pcr, first->pcr, sizeof(m->pcr));
	memset(policy, 0, sizeof(policy));
	m->hash_fails = false;
	m->tpm_error = 0;
	all_changed = false;
	last = s;
}

static struct machine *fresh_machine(unsigned fault)
{
	const unsigned number = fault ? 1 + ((fault & 0x7f) - 1) % TXT_FAULT_COUNT : 0;
	static struct machine *m;
	const struct start *s;

	if (!m)
		m = make_machine();
	s = after_power_up(m, fault & 0x80 ? number : 0);
	put_back(m, s);
	m->txt = s->txt;
	m->txt.config.faults = number ? 1ull << (number - 1) : 0;
	return m;
}

#define LEAVES 10u

/* What the software that was launched may ask for; JOIN data are where the input says. */
static void go_on(struct machine *m, uint8_t number, uint8_t operand)
{
	struct getsec_state s;

	txt_write(&m->txt, TXT_PRIVATE_BASE + 0x290, JOIN_AT + (operand == 0xff ? RAM_SIZE : 0), 8);
	if (machine_getsec(m, GETSEC_WAKEUP, 0, 0, &s) == GETSEC_RESET &&
		!m->txt.reg[TXT_REG_ERRORCODE])
		abort();
	for (uint32_t leaf = 0; leaf <= LEAVES; leaf++) {
		machine_getsec(m, (leaf + number) % LEAVES, operand, operand, &s);
		s.cpl = 3;
		s.eax = leaf;
		txt_getsec(&m->txt, &s);
	}
	txt_read(&m->txt, TXT_PRIVATE_BASE, 4);
	all_changed |= m->txt.reg[TXT_REG_E2STS] & TXT_E2STS_SECRETS; /* the wake is a reset then */
	txt_platform_wake(&m->txt);
	if (txt_launched(&m->txt))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine *m;
	static const uint8_t untouched[4] = {0xff, 0xff, 0xff, 0xff};
	struct getsec_state *s = &chosen.state;

	if (size < 2)
		return 0;
	memset(&chosen, 0, sizeof(chosen));
	*s = (struct getsec_state){
		.cr0 = CR0_LAUNCH, .eax = GETSEC_SENTER, .ebx = TXT_SINIT_BASE, .ecx = ACM_BYTES};
	m = fresh_machine(data[0]);
	policy_size = data[1] % POLICY_BYTES;
	patch(m, data + 2, size - 2);
	switch (txt_getsec(&m->txt, s)) {
	case GETSEC_LAUNCH:
		if (!memcmp(m->pcr[17], untouched, 4) || m->txt.reg[TXT_REG_ERRORCODE])
			abort();
		go_on(m, data[0], data[1]);
		break;
	case GETSEC_RESET:
		if (!m->txt.reg[TXT_REG_ERRORCODE] || m->txt.reg[TXT_REG_STS] ||
			!strcmp(txt_error_text((enum txt_error)m->txt.reg[TXT_REG_ERRORCODE]),
				"unknown"))
			abort();
		break;
	default:
		if (memcmp(m->pcr[17], untouched, 4) != 0 || txt_launched(&m->txt))
			abort();
	}
	return 0;
}
