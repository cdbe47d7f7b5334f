#include "trust/crb.h"

/* Registers of one locality, PTP 1.05 table 29. */
#define LOC_STATE            0x00u
#define LOC_CTRL             0x08u
#define LOC_STS              0x0cu
#define INTERFACE_VD         0x34u /* the upper half of INTERFACE_ID: vendor and device */
#define CTRL_REQ             0x40u
#define CTRL_STS             0x44u
#define CTRL_CANCEL          0x48u
#define CTRL_START           0x4cu
#define CMD_SIZE             0x58u
#define CMD_LADDR            0x5cu
#define CMD_HADDR            0x60u
#define RSP_SIZE             0x64u
#define RSP_LADDR            0x68u
#define RSP_HADDR            0x6cu
#define DATA_BUFFER          0x80u

#define STATE_VALID          0x80u
#define STATE_ASSIGNED       0x02u
#define STATE_ACTIVE(x)      ((x) >> 2 & 7u)
#define LOC_REQUEST          0x01u
#define LOC_RELINQUISH       0x02u
#define LOC_GRANTED          0x01u
#define INTERFACE_LOCALITIES (1u << 8) /* capLocality: 0 to 4, else 0 alone */
#define REQ_READY            0x01u
#define REQ_IDLE             0x02u
#define STS_ERROR            0x01u
#define STS_IDLE             0x02u

/* PTP 1.05 section 6.5.1.4: timeouts in milliseconds. */
#define TIMEOUT_A 750u
#define TIMEOUT_B 2000u
#define TIMEOUT_C 200u

static uint32_t get(struct crb *crb, uint32_t reg)
{
	unsigned locality = crb->locality < TPM_LOCALITIES ? crb->locality : 0;

	return crb->ops->read32(crb->device, locality * TPM_PAGE + reg);
}

static void put(struct crb *crb, uint32_t reg, uint32_t value)
{
	unsigned locality = crb->locality < TPM_LOCALITIES ? crb->locality : 0;

	crb->ops->write32(crb->device, locality * TPM_PAGE + reg, value);
}

static enum vmk_status fail(struct crb *crb, enum vmk_status result, const char *why)
{
	crb->why = why;
	return result;
}

/* Ones where nobody decodes the address: never a value to act on. */
static bool wait(struct crb *crb, uint32_t reg, uint32_t mask, uint32_t value, uint32_t ms)
{
	uint64_t deadline = crb->ops->now_ms(crb->device) + ms;
	bool expired = false;

	for (;;) {
		uint32_t found = get(crb, reg);

		if (found != UINT32_MAX && (found & mask) == value)
			return true;
		if (expired)
			return false;
		/* After the deadline it looks once more. */
		expired = crb->ops->now_ms(crb->device) >= deadline;
		if (!expired)
			crb->ops->delay(crb->device);
	}
}

/* In the TPM's own registers a buffer lies behind those of the held locality, and ends there. */
static bool place_is_sane(const struct crb *crb, uint64_t address, size_t bytes)
{
	uint64_t page = TPM_BASE + crb->locality * TPM_PAGE, end = address + bytes;

	if (address == 0 || end < address)
		return false;
	if (end <= TPM_BASE || address >= TPM_BASE + TPM_BYTES)
		return true;
	return address >= page + DATA_BUFFER && end <= page + TPM_PAGE;
}

static enum vmk_status find_buffer(
	struct crb *crb, uint64_t address, uint32_t size, struct crb_buffer *buffer)
{
	/* More room than any command needs is none of our business. */
	buffer->size = size < TPM_COMMAND_MAX ? size : TPM_COMMAND_MAX;
	if (size == UINT32_MAX || size < TPM_HEADER)
		return fail(crb, VMK_BAD_FORMAT, "a buffer's size is absurd");
	if (!place_is_sane(crb, address, buffer->size))
		return fail(crb, VMK_BAD_FORMAT, "a buffer's address is absurd");
	buffer->bytes = crb->ops->map(crb->device, address, buffer->size);
	if (!buffer->bytes)
		return fail(crb, VMK_BAD_FORMAT, "a buffer lies where none may be");
	return VMK_OK;
}

/* One buffer for both ways is usual; two that overlap otherwise are not. */
static enum vmk_status find_buffers(struct crb *crb)
{
	uint64_t command = get(crb, CMD_LADDR) | (uint64_t)get(crb, CMD_HADDR) << 32;
	uint64_t response = get(crb, RSP_LADDR) | (uint64_t)get(crb, RSP_HADDR) << 32;
	enum vmk_status status = find_buffer(crb, command, get(crb, CMD_SIZE), &crb->command);

	if (status == VMK_OK)
		status = find_buffer(crb, response, get(crb, RSP_SIZE), &crb->response);
	if (status != VMK_OK)
		return status;
	if (command != response && command < response + crb->response.size &&
		response < command + crb->command.size)
		return fail(crb, VMK_BAD_FORMAT, "its two buffers overlap");
	return VMK_OK;
}

void crb_release(struct crb *crb)
{
	if (crb->locality >= TPM_LOCALITIES)
		return;
	put(crb, LOC_CTRL, LOC_RELINQUISH);
	crb->locality = TPM_LOCALITIES;
}

static enum vmk_status take(struct crb *crb)
{
	/* A closed locality is not decoded: reads give ones. */
	if (get(crb, LOC_STATE) == UINT32_MAX)
		return fail(crb, VMK_DENIED, "the locality is closed");
	put(crb, LOC_CTRL, LOC_REQUEST);
	if (!wait(crb, LOC_STATE, STATE_VALID | STATE_ASSIGNED | 7u << 2,
		    STATE_VALID | STATE_ASSIGNED | crb->locality << 2, TIMEOUT_A))
		return fail(crb, VMK_TIMEOUT, "time-out: the locality was not granted");
	return find_buffers(crb);
}

enum vmk_status crb_request(struct crb *crb, unsigned locality)
{
	enum vmk_status status;

	if (locality >= TPM_LOCALITIES)
		return fail(crb, VMK_BAD_PARAM, "no such locality");
	if (locality > 0 && !crb->localities)
		return fail(crb, VMK_DENIED, "the TPM's interface has locality 0 alone");
	if (crb->locality == locality && (get(crb, LOC_STS) & LOC_GRANTED))
		return VMK_OK;
	crb_release(crb);
	crb->locality = locality;
	status = take(crb);
	if (status != VMK_OK)
		crb->locality = TPM_LOCALITIES;
	return status;
}

/* NULL: commands are started by the register Start alone, as far as firmware says. */
static const char *wrong_start(uint32_t method)
{
	switch (method) {
	case CRB_START_UNKNOWN:
	case CRB_START_FIFO:
	case CRB_START_CRB:
		return NULL;
	case CRB_START_ACPI:
		return "start method 2 (ACPI) in the TPM2 table: 7 (CRB) and 6 (FIFO) are "
		       "supported";
	case CRB_START_CRB_ACPI:
		return "start method 8 (CRB with ACPI) in the TPM2 table: 7 and 6 are supported";
	default:
		return "the TPM2 table's start method is unknown: 7 (CRB) and 6 (FIFO) are "
		       "supported";
	}
}

enum vmk_status crb_probe(
	struct crb *crb, const struct crb_ops *ops, void *device, uint32_t start_method)
{
	const char *wrong = wrong_start(start_method);
	uint32_t id, vendor;

	*crb = (struct crb){
		.ops = ops, .device = device, .locality = TPM_LOCALITIES, .why = "no error"};
	id = get(crb, TPM_INTERFACE_ID);
	if (id == 0 || id == UINT32_MAX)
		return fail(crb, VMK_NOT_PRESENT, "absent");
	if (TPM_INTERFACE_TYPE(id) != TPM_INTERFACE_CRB)
		return fail(crb, VMK_UNSUPPORTED, "its CRB interface is not active");
	if (wrong)
		return fail(crb, VMK_UNSUPPORTED, wrong);
	vendor = get(crb, INTERFACE_VD);
	crb->revision = (uint8_t)(id >> 24);
	crb->vendor = (uint16_t)vendor;
	crb->device_id = (uint16_t)(vendor >> 16);
	crb->localities = id & INTERFACE_LOCALITIES;
	return crb_request(crb, 0);
}

/* Section 6.5.3.9: idle between commands, whatever came before. */
static void go_idle(struct crb *crb)
{
	put(crb, CTRL_REQ, REQ_IDLE);
	wait(crb, CTRL_REQ, REQ_IDLE, 0, TIMEOUT_C);
}

static enum vmk_status give_up(struct crb *crb, enum vmk_status result, const char *why)
{
	go_idle(crb);
	return fail(crb, result, why);
}

enum vmk_status crb_send(struct crb *crb, const uint8_t *command, size_t bytes)
{
	if (crb->locality >= TPM_LOCALITIES || bytes < TPM_HEADER || bytes > TPM_COMMAND_MAX)
		return fail(crb, VMK_BAD_PARAM, "not a command, or no locality held");
	if (bytes > crb->command.size)
		return fail(crb, VMK_TOO_LARGE, "its buffer is too small for a command");
	put(crb, CTRL_REQ, REQ_READY);
	if (!wait(crb, CTRL_REQ, REQ_READY, 0, TIMEOUT_C) ||
		!wait(crb, CTRL_STS, STS_IDLE, 0, TIMEOUT_C))
		return give_up(crb, VMK_TIMEOUT, "time-out: it did not become ready for a command");
	for (size_t i = 0; i < bytes; i++)
		crb->command.bytes[i] = command[i];
	put(crb, CTRL_START, 1);
	return VMK_OK;
}

/* Section 6.5.3.10: a cancelled command still ends, and clears Start. */
static enum vmk_status cancel(struct crb *crb)
{
	put(crb, CTRL_CANCEL, 1);
	wait(crb, CTRL_START, 1, 0, TIMEOUT_B);
	put(crb, CTRL_CANCEL, 0);
	return give_up(crb, VMK_TIMEOUT, "time-out: a command did not end");
}

/* Each byte is read once: what was checked is what is used. */
static enum vmk_status read_response(struct crb *crb, uint8_t *response, size_t room, size_t *got)
{
	uint32_t size;

	for (size_t i = 0; i < TPM_HEADER; i++)
		response[i] = crb->response.bytes[i];
	size = tpm_length(response);
	if (size < TPM_HEADER || size > room || size > crb->response.size)
		return fail(crb, VMK_IO_ERROR, "its response has an absurd length");
	for (size_t i = TPM_HEADER; i < size; i++)
		response[i] = crb->response.bytes[i];
	*got = size;
	return VMK_OK;
}

enum vmk_status crb_receive(
	struct crb *crb, uint8_t *response, size_t room, size_t *got, uint32_t duration_ms)
{
	enum vmk_status status;

	*got = 0;
	if (crb->locality >= TPM_LOCALITIES || room < TPM_HEADER)
		return fail(crb, VMK_BAD_PARAM, "no room, or no locality held");
	if (!wait(crb, CTRL_START, 1, 0, duration_ms))
		return cancel(crb);
	if (get(crb, CTRL_STS) & STS_ERROR)
		return give_up(crb, VMK_IO_ERROR, "it reports an error of its own");
	status = read_response(crb, response, room, got);
	go_idle(crb);
	return status;
}

TPM_TRANSPORT(crb)
