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
/* libs: -lcrypto */
/* coverage: edges */
/*
 * The TIS and the TXT registers under any sequence of accesses: {u8 kind, u8 locality, le16
 * register, u8 value}; bits 6 and 7 of kind choose what happens to the platform instead. The state
 * machine's counters must stay within its buffers, and software must never own or use a locality
 * that is closed.
 */
#include "tboot-integration/txtsim/model/tpmcmd.h"
#include "tests/unit/txtsim_machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEP = 5 };

static bool tpm_dies;

static int tpm(void *context, unsigned locality, const uint8_t *command, size_t size,
	uint8_t *response, size_t max)
{
	int n = machine_tpm(context, locality, command, size, response, max);

	return tpm_dies ? -1 : n;
}

/* Commands that firmware gives say how long they are. */
static void firmware_commands(uint8_t value)
{
	uint8_t command[TPM_COMMAND_MAX];
	size_t n = tpm_startup(command, value & 1 ? TPM_SU_STATE : TPM_SU_CLEAR);

	if (be32(command + 2) != n)
		abort();
	n = tpm_disable_hierarchy(command, 0x4000000bu);
	if (be32(command + 2) != n || tpm_random_wanted(command, n))
		abort();
}

static void fill(void *context, uint8_t *to, size_t size)
{
	memset(to, 0x5a, size);
}

/* A guest's command, answered from the host's random numbers where that is what it wants. */
static void answer_random(const uint8_t *command, size_t size, uint8_t room)
{
	uint8_t response[256];
	unsigned wanted = tpm_random_wanted(command, size);
	int n = tpm_random_answer(response, room, wanted + (room == 255), fill, NULL);

	if (n > (int)room || (n >= 0 && be32(response + 2) != (uint32_t)n))
		abort();
}

static void happen(struct machine *m, struct tis *tis, const uint8_t *p, size_t size)
{
	switch (p[1] % 12) {
	case 0:
		m->txt.config.faults = p[4] ? 1ull << (p[4] - 1) % TXT_FAULT_COUNT : 0;
		break;
	case 1:
		m->txt.config.trace = p[4] & 1;
		break;
	case 2:
		m->txt.reg[TXT_REG_STS] ^= TXT_STS_SENTER_DONE;
		break;
	case 3:
		m->txt.reg[TXT_REG_STS] ^= TXT_STS_PRIVATE_OPEN;
		break;
	case 4:
		tpm_dies = p[4] & 1;
		break;
	case 5:
		tis->busy = tis->busy ? 1 : 0; /* the slow one is nearly done */
		break;
	case 6:
		firmware_commands(p[4]);
		break;
	case 7:
		answer_random(p + 5, size < 12 ? size : 12, p[4]);
		break;
	case 8:
		m->txt.established = p[4] & 1;
		break;
	case 10:
		txt_write(&m->txt, TXT_PUBLIC_BASE + le16(p + 2) % 0xff8, p[4], 8);
		break;
	case 11:
		m->txt.reg[TXT_REG_STS] &= ~(uint64_t)TXT_STS_PRIVATE_OPEN;
		if (txt_read(&m->txt, TXT_PRIVATE_BASE + le16(p + 2) % 0xff8, 8) != UINT64_MAX ||
			txt_read(&m->txt, TXT_PRIVATE_BASE, 2) != UINT16_MAX)
			abort();
		break;
	default:
		if (txt_has_smx(&m->txt) == !!(m->txt.config.faults >> TXT_FAULT_NO_SMX & 1) ||
			(txt_feature_control(&m->txt, 0) != 0) ==
				!!(m->txt.config.faults >> TXT_FAULT_TXT_DISABLED & 1))
			abort();
	}
}

static void step(struct machine *m, struct tis *tis, const uint8_t *p)
{
	static const unsigned sizes[4] = {1, 2, 4, 8};
	uint32_t tpm = TIS_BASE + 0x1000u * (p[1] % 5) + le16(p + 2) % 0xff8;
	uint32_t reg = le16(p + 2) % 0xff8;
	unsigned size = sizes[p[0] >> 4 & 3];

	switch (p[0] % 6) {
	case 0:
		tis_read(tis, tpm, size);
		break;
	case 1:
	case 2:
		tis_write(tis, tpm, p[4] * 0x0101010101010101ull, size);
		break;
	case 3:
		txt_write(&m->txt, TXT_PRIVATE_BASE + reg, p[4], size);
		break;
	case 4:
		txt_read(&m->txt, TXT_PUBLIC_BASE + reg, size);
		break;
	case 5:
		/* as a launch leaves it */
		m->txt.reg[TXT_REG_STS] |= TXT_STS_PRIVATE_OPEN | TXT_STS_LOCALITY2_OPEN;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct machine *m;
	static struct tis tis;
	static struct txt_ops ops;

	if (!m) {
		m = machine_new(2048);
		ops = machine_ops;
		ops.tpm_command = tpm;
		m->txt.ops = &ops;
	}
	m->txt.reg[TXT_REG_STS] = 0;
	m->txt.config.faults = m->txt.config.trace = 0;
	m->txt.established = tpm_dies = false;
	tis_reset(&tis, &m->txt, size ? (enum tis_mode)(data[0] % 4) : TIS_ON);
	for (; size >= STEP; data += STEP, size -= STEP) {
		m->localities = 0;
		if (data[0] >> 6)
			happen(m, &tis, data, size - STEP);
		else
			step(m, &tis, data);
		if (tis.received > TPM_BUFFER_MAX || tis.taken > tis.ready ||
			tis.ready > TPM_BUFFER_MAX || tis.active > 2 || m->localities >> 3)
			abort();
	}
	return 0;
}
