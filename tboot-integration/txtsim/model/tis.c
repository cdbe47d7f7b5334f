#include "tboot-integration/txtsim/model/tis.h"

#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/platform.h"

enum tis_register {
	TIS_ACCESS = 0x00,
	TIS_INTF_CAPABILITY = 0x14,
	TIS_STS = 0x18,
	TIS_DATA_FIFO = 0x24,
	TIS_INTERFACE_ID = 0x30,
	TIS_XDATA_FIFO = 0x80,
	TIS_DID_VID = 0xf00,
	TIS_RID = 0xf04,
};

enum tis_access {
	ACCESS_ESTABLISHMENT = 1 << 0, /* set: no dynamic launch yet */
	ACCESS_REQUEST_USE = 1 << 1,
	ACCESS_PENDING_REQUEST = 1 << 2,
	ACCESS_SEIZE = 1 << 3,
	ACCESS_ACTIVE_LOCALITY = 1 << 5,
	ACCESS_VALID = 1 << 7,
};

enum tis_sts {
	STS_RESPONSE_RETRY = 1 << 1,
	STS_EXPECT = 1 << 3,
	STS_DATA_AVAILABLE = 1 << 4,
	STS_GO = 1 << 5,
	STS_COMMAND_READY = 1 << 6,
	STS_VALID = 1 << 7,
};

/* FIFO interface 1.3, all localities, dynamic burst count, 64-byte transfers. */
#define INTF_CAPABILITY 0x30000697u
#define INTERFACE_ID    0x2000u
#define DID_VID         0x00011014u
#define STS_FAMILY_20   4u /* bits 27:26 of STS */
#define BURST_MAX       2048u

/* Status reads until a slow TPM answers. */
#define SLOW_READS   4000000u
#define SHORT_ANSWER 4u

/* How the TPM behaves now, faults included. */
static enum tis_mode mode_now(const struct tis *tis)
{
	const struct txt *t = tis->platform;

	if (txt_fault(t, TXT_FAULT_TPM_ABSENT))
		return TIS_ABSENT;
	if (txt_fault(t, TXT_FAULT_TPM_FAILED))
		return TIS_FAILED;
	if (txt_fault(t, TXT_FAULT_TPM_HANGS))
		return TIS_HANG;
	if (txt_launched(t) && txt_fault(t, TXT_FAULT_TPM_LAUNCHED_FAILED))
		return TIS_FAILED;
	if (txt_launched(t) && txt_fault(t, TXT_FAULT_TPM_LAUNCHED_HANGS))
		return TIS_HANG;
	return tis->mode;
}

bool tis_present(const struct tis *tis)
{
	return mode_now(tis) != TIS_ABSENT;
}

void tis_reset(struct tis *tis, struct txt *platform, enum tis_mode mode)
{
	memset(tis, 0, sizeof(*tis));
	tis->platform = platform;
	tis->mode = mode;
	tis->active = TIS_NOBODY;
}

/* How many bytes the command announces; a header's worth until that is known. */
static uint32_t command_size(const struct tis *tis)
{
	return tis->received < TPM_HEADER_SIZE ? TPM_HEADER_SIZE : be32(tis->command + 2);
}

static uint32_t burst_count(const struct tis *tis)
{
	uint32_t n = 0;

	if (tis->phase == TIS_COMPLETION)
		n = tis->ready - tis->taken;
	else if (tis->phase == TIS_READY || tis->phase == TIS_RECEPTION)
		n = TPM_BUFFER_MAX - tis->received;
	return n < BURST_MAX ? n : BURST_MAX;
}

static uint32_t read_sts(const struct tis *tis)
{
	uint32_t v = STS_VALID | burst_count(tis) << 8 | STS_FAMILY_20 << 24;

	if (tis->phase == TIS_EXECUTION)
		return STS_FAMILY_20 << 24;
	if (tis->phase == TIS_READY)
		v |= STS_COMMAND_READY;
	if (tis->phase == TIS_RECEPTION && tis->received < command_size(tis))
		v |= STS_EXPECT;
	if (tis->phase == TIS_COMPLETION && tis->taken < tis->ready)
		v |= STS_DATA_AVAILABLE;
	return v;
}

static uint8_t read_access(const struct tis *tis, int locality)
{
	uint8_t v = ACCESS_VALID;

	if (!tis->platform->established)
		v |= ACCESS_ESTABLISHMENT;
	if (tis->active == locality)
		v |= ACCESS_ACTIVE_LOCALITY;
	if (tis->requests & ~(1u << locality))
		v |= ACCESS_PENDING_REQUEST;
	return v;
}

static uint8_t read_fifo(struct tis *tis)
{
	if (tis->phase != TIS_COMPLETION || tis->taken >= tis->ready)
		return 0xff;
	return tis->response[tis->taken++];
}

static bool is_fifo(uint32_t offset)
{
	return (offset >= TIS_DATA_FIFO && offset < TIS_DATA_FIFO + 4) ||
	       (offset >= TIS_XDATA_FIFO && offset < TIS_XDATA_FIFO + 4);
}

static uint8_t byte_of(uint32_t value, uint32_t byte)
{
	return (uint8_t)(value >> 8 * byte);
}

static uint8_t read_byte(struct tis *tis, int locality, uint32_t offset)
{
	bool active = tis->active == locality;

	if (is_fifo(offset))
		return active ? read_fifo(tis) : 0xff;
	switch (offset & ~3u) {
	case TIS_ACCESS:
		return offset == TIS_ACCESS ? read_access(tis, locality) : 0;
	case TIS_INTF_CAPABILITY:
		return byte_of(INTF_CAPABILITY, offset & 3);
	case TIS_STS:
		return active ? byte_of(read_sts(tis), offset & 3) : 0xff;
	case TIS_INTERFACE_ID:
		return byte_of(INTERFACE_ID, offset & 3);
	case TIS_DID_VID:
		return byte_of(DID_VID, offset & 3);
	case TIS_RID:
		return offset == TIS_RID ? 1 : 0;
	default:
		return 0;
	}
}

/* Gives the TPM to the highest locality that waits. */
static void grant_next(struct tis *tis)
{
	tis->active = TIS_NOBODY;
	tis->phase = TIS_IDLE;
	for (int locality = 4; locality >= 0; locality--) {
		if (tis->requests >> locality & 1) {
			tis->active = locality;
			tis->requests &= ~(1u << locality);
			return;
		}
	}
}

static void write_access(struct tis *tis, int locality, uint8_t v)
{
	if (txt_fault(tis->platform, TXT_FAULT_TPM_NO_LOCALITY))
		return;
	if (v & ACCESS_ACTIVE_LOCALITY) {
		tis->requests &= ~(1u << locality);
		if (tis->active == locality)
			grant_next(tis);
	}
	if (v & ACCESS_SEIZE && tis->active < locality) {
		tis->active = locality;
		tis->phase = TIS_IDLE;
		tis->requests &= ~(1u << locality);
	}
	if (v & ACCESS_REQUEST_USE && tis->active != locality) {
		if (tis->active == TIS_NOBODY)
			tis->active = locality;
		else
			tis->requests |= 1u << locality;
	}
}

static void execute(struct tis *tis)
{
	struct txt *t = tis->platform;
	int n;

	n = mode_now(tis) == TIS_FAILED
		    ? tpm_plain_response(tis->response, TPM_RC_FAILURE)
		    : t->ops->tpm_command(t->ctx, (unsigned)tis->active, tis->command,
			      tis->received, tis->response, sizeof(tis->response));
	if (n < 0)
		n = tpm_plain_response(tis->response, TPM_RC_FAILURE);
	if (txt_fault(t, TXT_FAULT_TPM_SHORT_ANSWER))
		n = SHORT_ANSWER;
	tis->ready = (uint32_t)n;
	tis->taken = 0;
	tis->phase = TIS_COMPLETION;
}

/* A whole command is there: it runs, or the TPM is busy with it for long or for ever. */
static void start(struct tis *tis)
{
	tis->phase = TIS_EXECUTION;
	tis->busy = txt_fault(tis->platform, TXT_FAULT_TPM_SLOW) ? SLOW_READS : 0;
	if (!tis->busy && mode_now(tis) != TIS_HANG)
		execute(tis);
}

/* A slow TPM's time is counted in reads of its status. */
static void pass_time(struct tis *tis)
{
	if (tis->phase == TIS_EXECUTION && tis->busy && --tis->busy == 0)
		execute(tis);
}

static void write_sts(struct tis *tis, uint8_t v)
{
	/* What never completes cannot be cancelled either. */
	if (tis->phase == TIS_EXECUTION)
		return;
	if (v & STS_COMMAND_READY) {
		/* From completion the first write only ends the command; drivers write again. */
		tis->phase =
			txt_fault(tis->platform, TXT_FAULT_TPM_NOT_READY) ? TIS_IDLE : TIS_READY;
		tis->received = 0;
		tis->ready = 0;
		tis->taken = 0;
	} else if (v & STS_GO) {
		if (tis->phase == TIS_RECEPTION && tis->received >= TPM_HEADER_SIZE &&
			tis->received >= command_size(tis))
			start(tis);
	} else if (v & STS_RESPONSE_RETRY && tis->phase == TIS_COMPLETION) {
		tis->taken = 0;
	}
}

static void write_fifo(struct tis *tis, uint8_t v)
{
	if (tis->phase != TIS_READY && tis->phase != TIS_RECEPTION)
		return;
	tis->phase = TIS_RECEPTION;
	if (tis->received < TPM_BUFFER_MAX && tis->received < command_size(tis))
		tis->command[tis->received++] = v;
}

static void write_byte(struct tis *tis, int locality, uint32_t offset, uint8_t v)
{
	if (offset == TIS_ACCESS) {
		write_access(tis, locality, v);
		return;
	}
	if (tis->active != locality)
		return;
	if (is_fifo(offset))
		write_fifo(tis, v);
	else if (offset == TIS_STS)
		write_sts(tis, v);
}

uint64_t tis_read(struct tis *tis, uint32_t address, unsigned size)
{
	uint32_t offset = address & 0xfff;
	int locality = (int)(address - TIS_BASE) >> 12;
	uint64_t v = 0;

	if (offset == TIS_STS && tis->active == locality)
		pass_time(tis);
	for (unsigned i = 0; i < size && i < 8; i++) {
		uint32_t at = is_fifo(offset) ? offset : offset + i;
		uint8_t byte = 0xff;

		if (tis_present(tis) && txt_locality_open(tis->platform, (unsigned)locality))
			byte = read_byte(tis, locality, at);
		v |= (uint64_t)byte << 8 * i;
	}
	return v;
}

void tis_write(struct tis *tis, uint32_t address, uint64_t value, unsigned size)
{
	uint32_t offset = address & 0xfff;
	int locality = (int)(address - TIS_BASE) >> 12;

	if (!tis_present(tis) || !txt_locality_open(tis->platform, (unsigned)locality))
		return;
	for (unsigned i = 0; i < size && i < 8; i++) {
		uint32_t at = is_fifo(offset) ? offset : offset + i;

		write_byte(tis, locality, at, (uint8_t)(value >> 8 * i));
	}
}
