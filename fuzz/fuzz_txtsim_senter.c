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
 * SENTER over hostile memory. The input is a list of patches {u8 region, le16 offset, u8 size,
 * bytes} to a valid launch: heap, page tables and MLE, SINIT, JOIN data. A launch that succeeds
 * must leave PCR 17 changed, and whatever is refused must leave an error code.
 */
#include "tests/unit/txtsim_machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *region(struct machine *m, uint8_t which, uint16_t offset, size_t size)
{
	switch (which % 5) {
	case 0:
		return m->mem + offset;
	case 1:
		return m->ram + MLE_TABLE + offset % (0x3000 - size);
	case 2:
		return m->mem + (TXT_SINIT_BASE - TXT_MEM_BASE) + offset % (ACM_BYTES - size);
	case 3:
		return m->ram + MLE_PAGES + offset % (0x6000 - size);
	default:
		return m->ram + JOIN_AT + offset % (64 - size % 64);
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

/* Clearing 6 MiB for each input would be most of the work: only what patches can reach. */
static struct machine *fresh_machine(void)
{
	static struct machine *m;
	const uint8_t *acm = machine_sinit(2048);

	if (!m)
		m = machine_new(2048);
	for (unsigned i = 0; i < TXT_REGISTER_COUNT; i++) {
		if (i < TXT_REG_PUBLIC_KEY0 || i > TXT_REG_PUBLIC_KEY3)
			m->txt.reg[i] = 0;
	}
	memset(m->mem, 0, 0x11000);
	memset(m->ram, 0, 0x40000);
	put_le64(m->mem, 52);
	put_le32(m->mem + 8, 6);
	machine_mle(m);
	machine_heap(m);
	memcpy(m->mem + (TXT_SINIT_BASE - TXT_MEM_BASE), acm, ACM_BYTES);
	memset(m->pcr[17], 0xff, 32);
	return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine *m = fresh_machine();
	static const uint8_t untouched[4] = {0xff, 0xff, 0xff, 0xff};
	struct getsec_state s;

	patch(m, data, size);
	switch (machine_launch(m)) {
	case GETSEC_LAUNCH:
		if (!memcmp(m->pcr[17], untouched, 4) || m->txt.reg[TXT_REG_ERRORCODE])
			abort();
		txt_write(&m->txt, TXT_PRIVATE_BASE + 0x290, JOIN_AT, 8);
		if (machine_getsec(m, GETSEC_WAKEUP, 0, 0, &s) == GETSEC_RESET &&
			!m->txt.reg[TXT_REG_ERRORCODE])
			abort();
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
