#include "trust/tis.h"

#include "lib/types.h"

/* Registers of one locality, PTP 1.05 table 18. */
#define ACCESS   0x00u
#define STATUS   0x18u
#define STATUS_3 0x1bu
#define FIFO     0x24u
#define DID_VID  0xf00u
#define RID      0xf04u

/* ACCESS, section 6.5.2.5 */
#define ACCESS_VALID   0x80u
#define ACCESS_ACTIVE  0x20u
#define ACCESS_REQUEST 0x02u

/* STS, section 6.5.2.6 */
#define STS_VALID         0x80u
#define STS_COMMAND_READY 0x40u
#define STS_GO            0x20u
#define STS_DATA          0x10u
#define STS_EXPECT        0x08u
#define STS_RETRY         0x02u
#define STS_BURST(sts)    ((sts) >> 8 & 0xffffu)
#define STS_FAMILY(sts)   ((sts) >> 26 & 3u)
#define STS3_CANCEL       0x01u
#define FAMILY_TPM2       1u

/* Section 6.5.1.4: timeouts A to D in milliseconds. */
#define TIMEOUT_A 750u
#define TIMEOUT_B 2000u
#define TIMEOUT_C 200u
/* For a whole transfer: a device that dribbles a byte now and then is broken. */
#define TIMEOUT_TRANSFER 5000u
#define RETRIES          3u

static uint32_t at(const struct tis *tis, uint32_t reg)
{
	return tis->locality * 0x1000u + reg;
}

static uint8_t get8(struct tis *tis, uint32_t offset)
{
	return tis->ops->read8(tis->device, offset);
}

static void put8(struct tis *tis, uint32_t offset, uint8_t value)
{
	tis->ops->write8(tis->device, offset, value);
}

static uint32_t status(struct tis *tis)
{
	return tis->ops->read32(tis->device, at(tis, STATUS));
}

static enum vmk_status fail(struct tis *tis, enum vmk_status result, const char *why)
{
	tis->why = why;
	return result;
}

/* Waits a little, unless the deadline has passed; after it a poller looks once more. */
static bool late(struct tis *tis, uint64_t deadline)
{
	if (tis->ops->now_ms(tis->device) >= deadline)
		return true;
	tis->ops->delay(tis->device);
	return false;
}

static uint64_t deadline_in(struct tis *tis, uint32_t ms)
{
	return tis->ops->now_ms(tis->device) + ms;
}

/* Timeout C, but never past the end of the whole transfer. */
static uint64_t soon(struct tis *tis, uint64_t deadline)
{
	uint64_t c = deadline_in(tis, TIMEOUT_C);

	return MIN(c, deadline);
}

static bool wait_access(struct tis *tis, unsigned locality, uint8_t bits, uint32_t ms)
{
	uint64_t deadline = deadline_in(tis, ms);
	bool expired = false;

	for (;;) {
		uint8_t access = get8(tis, locality * 0x1000u + ACCESS);

		if (access != 0xff && (access & bits) == bits)
			return true;
		if (expired)
			return false;
		expired = late(tis, deadline);
	}
}

/* stsValid makes the other bits of the same read meaningful. */
static bool wait_status(struct tis *tis, uint32_t mask, uint32_t value, uint64_t deadline)
{
	bool expired = false;

	for (;;) {
		uint32_t sts = status(tis);

		if ((sts & STS_VALID) && (sts & mask) == value)
			return true;
		if (expired)
			return false;
		expired = late(tis, deadline);
	}
}

/* How many bytes the FIFO takes or gives now; 0 when that does not come in time. */
static size_t wait_burst(struct tis *tis, uint64_t deadline)
{
	bool expired = false;

	for (;;) {
		uint32_t sts = status(tis);

		if (sts != UINT32_MAX && STS_BURST(sts) > 0)
			return STS_BURST(sts);
		if (expired)
			return 0;
		expired = late(tis, deadline);
	}
}

enum vmk_status tis_probe(struct tis *tis, const struct tis_ops *ops, void *device)
{
	uint32_t id;

	*tis = (struct tis){
		.ops = ops, .device = device, .locality = TPM_LOCALITIES, .why = "no error"};
	id = ops->read32(device, DID_VID);
	if (id == 0 || id == UINT32_MAX)
		return fail(tis, VMK_NOT_PRESENT, "absent");
	tis->vendor = (uint16_t)id;
	tis->device_id = (uint16_t)(id >> 16);
	tis->revision = get8(tis, RID);
	if (TPM_INTERFACE_TYPE(ops->read32(device, TPM_INTERFACE_ID)) == TPM_INTERFACE_CRB)
		return fail(tis, VMK_UNSUPPORTED, "only the CRB interface is active");
	if (!wait_access(tis, 0, ACCESS_VALID, TIMEOUT_A))
		return fail(tis, VMK_TIMEOUT, "time-out: its access register never became valid");
	if (tis_request(tis, 0) != VMK_OK)
		return VMK_TIMEOUT;
	if (STS_FAMILY(status(tis)) != FAMILY_TPM2)
		return fail(tis, VMK_UNSUPPORTED, "it is a TPM 1.2");
	return VMK_OK;
}

void tis_release(struct tis *tis)
{
	if (tis->locality >= TPM_LOCALITIES)
		return;
	/* Writing activeLocality gives it up. */
	put8(tis, at(tis, ACCESS), ACCESS_ACTIVE);
	tis->locality = TPM_LOCALITIES;
}

enum vmk_status tis_request(struct tis *tis, unsigned locality)
{
	if (locality >= TPM_LOCALITIES)
		return fail(tis, VMK_BAD_PARAM, "no such locality");
	if (tis->locality == locality && wait_access(tis, locality, ACCESS_ACTIVE, 0))
		return VMK_OK;
	tis_release(tis);
	/* A closed locality is not decoded: reads give ones. */
	if (get8(tis, locality * 0x1000u + ACCESS) == 0xff)
		return fail(tis, VMK_DENIED, "the locality is closed");
	put8(tis, locality * 0x1000u + ACCESS, ACCESS_REQUEST);
	if (!wait_access(tis, locality, ACCESS_VALID | ACCESS_ACTIVE, TIMEOUT_A))
		return fail(tis, VMK_TIMEOUT, "time-out: the locality was not granted");
	tis->locality = locality;
	return VMK_OK;
}

/* Whatever was going on ends, and the TPM becomes idle or ready. */
static void abort_command(struct tis *tis)
{
	put8(tis, at(tis, STATUS), STS_COMMAND_READY);
}

static enum vmk_status give_up(struct tis *tis, enum vmk_status result, const char *why)
{
	abort_command(tis);
	return fail(tis, result, why);
}

static enum vmk_status become_ready(struct tis *tis)
{
	if ((status(tis) & STS_COMMAND_READY) != 0)
		return VMK_OK;
	put8(tis, at(tis, STATUS), STS_COMMAND_READY);
	if (wait_status(tis, STS_COMMAND_READY, STS_COMMAND_READY, deadline_in(tis, TIMEOUT_B)))
		return VMK_OK;
	return fail(tis, VMK_TIMEOUT, "time-out: it did not become ready for a command");
}

/* Every byte but the last is followed by Expect: the TPM parses the length in the header itself. */
static enum vmk_status write_command(struct tis *tis, const uint8_t *command, size_t bytes)
{
	uint64_t deadline = deadline_in(tis, TIMEOUT_TRANSFER);
	size_t sent = 0;

	while (sent < bytes - 1) {
		size_t burst = wait_burst(tis, deadline);

		if (burst == 0)
			return give_up(tis, VMK_TIMEOUT, "time-out: it stopped taking a command");
		burst = MIN(burst, bytes - 1 - sent);
		for (size_t i = 0; i < burst; i++)
			put8(tis, at(tis, FIFO), command[sent++]);
		if (!wait_status(tis, STS_EXPECT, STS_EXPECT, soon(tis, deadline)))
			return give_up(tis, VMK_IO_ERROR, "it took a command for shorter");
	}
	if (wait_burst(tis, deadline) == 0)
		return give_up(tis, VMK_TIMEOUT, "time-out: it stopped taking a command");
	put8(tis, at(tis, FIFO), command[sent]);
	if (!wait_status(tis, STS_EXPECT, 0, soon(tis, deadline)))
		return give_up(tis, VMK_IO_ERROR, "it took a command for longer");
	return VMK_OK;
}

enum vmk_status tis_send(struct tis *tis, const uint8_t *command, size_t bytes)
{
	enum vmk_status result;

	if (tis->locality >= TPM_LOCALITIES || bytes < TPM_HEADER || bytes > TPM_COMMAND_MAX)
		return fail(tis, VMK_BAD_PARAM, "not a command, or no locality held");
	result = become_ready(tis);
	if (result == VMK_OK)
		result = write_command(tis, command, bytes);
	if (result == VMK_OK)
		put8(tis, at(tis, STATUS), STS_GO);
	return result;
}

static enum vmk_status read_bytes(struct tis *tis, uint8_t *to, size_t bytes, uint64_t deadline)
{
	size_t got = 0;

	while (got < bytes) {
		size_t burst;

		if (!wait_status(tis, STS_DATA, STS_DATA, soon(tis, deadline)))
			return fail(tis, VMK_IO_ERROR, "its response ends before its length says");
		burst = wait_burst(tis, deadline);
		if (burst == 0)
			return fail(tis, VMK_TIMEOUT, "time-out: it stopped giving a response");
		burst = MIN(burst, bytes - got);
		for (size_t i = 0; i < burst; i++)
			to[got++] = get8(tis, at(tis, FIFO));
	}
	return VMK_OK;
}

static enum vmk_status read_response(struct tis *tis, uint8_t *response, size_t room, size_t *got)
{
	uint64_t deadline = deadline_in(tis, TIMEOUT_TRANSFER);
	enum vmk_status result = read_bytes(tis, response, TPM_HEADER, deadline);
	uint32_t size;

	if (result != VMK_OK)
		return result;
	size = tpm_length(response);
	if (size < TPM_HEADER || size > room)
		return fail(tis, VMK_IO_ERROR, "its response has an absurd length");
	result = read_bytes(tis, response + TPM_HEADER, size - TPM_HEADER, deadline);
	if (result != VMK_OK)
		return result;
	if (!wait_status(tis, STS_DATA, 0, soon(tis, deadline)))
		return fail(tis, VMK_IO_ERROR, "its response goes on after its length");
	*got = size;
	return VMK_OK;
}

/* Section 6.5.3.9: a cancelled command still ends with a response, to be drained by the abort. */
static enum vmk_status cancel(struct tis *tis)
{
	put8(tis, at(tis, STATUS_3), STS3_CANCEL);
	wait_status(tis, STS_DATA, STS_DATA, deadline_in(tis, TIMEOUT_B));
	return give_up(tis, VMK_TIMEOUT, "time-out: a command did not end");
}

enum vmk_status tis_receive(
	struct tis *tis, uint8_t *response, size_t room, size_t *got, uint32_t duration_ms)
{
	enum vmk_status result = VMK_IO_ERROR;

	*got = 0;
	if (tis->locality >= TPM_LOCALITIES || room < TPM_HEADER)
		return fail(tis, VMK_BAD_PARAM, "no room, or no locality held");
	if (!wait_status(tis, STS_DATA, STS_DATA, deadline_in(tis, duration_ms)))
		return cancel(tis);
	for (unsigned i = 0; i < RETRIES; i++) {
		result = read_response(tis, response, room, got);
		if (result != VMK_IO_ERROR)
			break;
		put8(tis, at(tis, STATUS), STS_RETRY);
	}
	abort_command(tis);
	return result;
}

TPM_TRANSPORT(tis)
