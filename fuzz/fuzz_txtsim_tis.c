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
 * The TIS and the TXT registers under any sequence of accesses: {u8 kind, u8 locality, le16
 * register, u8 value}. The state machine's counters must stay within its buffers, and software
 * must never own or use a locality that is closed.
 */
#include "tests/unit/txtsim_machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEP = 5 };

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

	if (!m)
		m = machine_new(2048);
	m->txt.reg[TXT_REG_STS] = 0;
	tis_reset(&tis, &m->txt, size ? (enum tis_mode)(data[0] % 4) : TIS_ON);
	for (; size >= STEP; data += STEP, size -= STEP) {
		m->localities = 0;
		step(m, &tis, data);
		if (tis.received > TPM_BUFFER_MAX || tis.taken > tis.ready ||
			tis.ready > TPM_BUFFER_MAX || tis.active > 2 || m->localities >> 3)
			abort();
	}
	return 0;
}
