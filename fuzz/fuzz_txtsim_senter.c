/* sources: tboot-integration/txtsim/model/platform.c tboot-integration/txtsim/model/heap.c */
/* sources: tboot-integration/txtsim/model/digest.c tboot-integration/txtsim/model/acm.c */
/* sources: tboot-integration/txtsim/model/events.c tboot-integration/txtsim/model/evlog.c */
/* sources: tboot-integration/txtsim/model/tpmcmd.c tboot-integration/txtsim/model/mle.c */
/* sources: tboot-integration/txtsim/model/getsec.c tboot-integration/txtsim/model/sinit.c */
/* sources: tboot-integration/txtsim/model/tis.c tboot-integration/txtsim/model/acpi.c */
/* sources: tboot-integration/txtsim/model/lcp.c tboot-integration/txtsim/model/lcplist.c */
/* sources: tboot-integration/txtsim/model/ownerpolicy.c */
/* sources: tboot-integration/txtsim/sinit/acmwrite.c */
/* libs: -lcrypto */
/*
 * SENTER over hostile memory. The input is the number of a fault of the platform (0: none), the
 * size of the owner's policy in the TPM (0: none), and a list of patches {u8 region, le16 offset,
 * u8 size, bytes} to a valid launch: heap, page tables and MLE, SINIT, JOIN data, policy. A launch
 * that succeeds must leave PCR 17 changed, and whatever is refused must leave an error code.
 */
#include "tests/unit/txtsim_machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define POLICY_BYTES 160u
static uint8_t policy[POLICY_BYTES];
static unsigned policy_size;

/* The owner's index 0x1c10106, as NV_ReadPublic describes it and NV_Read has it; the rest as ever.
 */
static int tpm_with_policy(void *context, unsigned locality, const uint8_t *command, size_t size,
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
	put_be32(response + 2, 16 + policy_size);
	put_be32(response + 10, 2 + policy_size);
	response[15] = (uint8_t)policy_size;
	memcpy(response + 16, policy, policy_size);
	return (int)(16 + policy_size);
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

static void patch(struct machine *m, const uint8_t *data, size_t size)
{
	while (size >= 4) {
		size_t n = data[3] % 32;

		if (n > size - 4)
			n = size - 4;
		memcpy(region(m, data[0], le16(data + 1), n), data + 4, n);
		data += 4 + n;
		size -= 4 + n;
	}
}

/* As after power-up. Copying 6 MiB for each input would be most of the work: only what changes. */
#define MEM_CHANGES 0x11000u
#define RAM_CHANGES 0x40000u

static struct machine *fresh_machine(unsigned fault)
{
	static struct txt_ops ops;
	static struct machine *m, *first;

	if (!m) {
		m = machine_new(2048);
		ops = machine_ops;
		ops.tpm_command = tpm_with_policy;
		m->txt.ops = &ops;
		first = malloc(sizeof(*first));
		if (!first || !(first->mem = malloc(TXT_MEM_SIZE)))
			abort();
		memcpy(first->mem, m->mem, TXT_MEM_SIZE);
		first->txt = m->txt;
		memcpy(first->ram, m->ram, sizeof(m->ram));
		memcpy(first->pcr, m->pcr, sizeof(m->pcr));
	}
	memcpy(m->mem, first->mem, MEM_CHANGES);
	memcpy(m->mem + (TXT_SINIT_BASE - TXT_MEM_BASE),
		first->mem + (TXT_SINIT_BASE - TXT_MEM_BASE), ACM_BYTES);
	memcpy(m->ram, first->ram, RAM_CHANGES);
	memcpy(m->pcr, first->pcr, sizeof(m->pcr));
	m->txt = first->txt;
	m->txt.config.faults = fault ? 1ull << (fault - 1) % TXT_FAULT_COUNT : 0;
	memset(policy, 0, sizeof(policy));
	return m;
}

#define LEAVES 10u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine *m;
	static const uint8_t untouched[4] = {0xff, 0xff, 0xff, 0xff};
	struct getsec_state s;

	if (size < 2)
		return 0;
	m = fresh_machine(data[0]);
	policy_size = data[1] % POLICY_BYTES;
	patch(m, data + 2, size - 2);
	switch (machine_launch(m)) {
	case GETSEC_LAUNCH:
		if (!memcmp(m->pcr[17], untouched, 4) || m->txt.reg[TXT_REG_ERRORCODE])
			abort();
		txt_write(&m->txt, TXT_PRIVATE_BASE + 0x290, JOIN_AT, 8);
		if (machine_getsec(m, GETSEC_WAKEUP, 0, 0, &s) == GETSEC_RESET &&
			!m->txt.reg[TXT_REG_ERRORCODE])
			abort();
		for (uint32_t leaf = 0; leaf <= LEAVES; leaf++)
			machine_getsec(m, (leaf + data[0]) % LEAVES, data[1], data[1], &s);
		break;
	case GETSEC_RESET:
		if (!m->txt.reg[TXT_REG_ERRORCODE] || m->txt.reg[TXT_REG_STS])
			abort();
		break;
	default:
		abort();
	}
	return 0;
}
