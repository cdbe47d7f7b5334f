/* sources: kernel/trust/crb.c */
/* coverage: edges */
/*
 * A device whose registers and buffers are the fuzzer's: the driver ends, within its own bounds,
 * and answers what it is asked for wrongly. The last two bytes choose: how firmware says that
 * commands are started and which locality is asked for; what is sent, and whether the interface's
 * id is the input's, too.
 */
#include "lib/types.h"
#include "trust/crb.h"

#include <stdlib.h>

struct device {
	const uint8_t *data;
	size_t size, at;
	uint64_t now, reads;
	bool other_id;
	uint8_t *buffer; /* of exactly the size that was asked for last */
};

static uint8_t next(struct device *d)
{
	return d->at < d->size ? d->data[d->at++] : 0;
}

/* The interface is CRB with all localities; everything else is the input's. */
static uint32_t read32(void *device, uint32_t offset)
{
	struct device *d = device;
	uint8_t a = next(d), b = next(d);

	d->reads++;
	if ((offset & 0xfff) == TPM_INTERFACE_ID && !d->other_id)
		return 1 | 1u << 8;
	if (a == 0xff)
		return (uint32_t)b * 0x01010101u;
	return (uint32_t)b << 8 | a;
}

static void write32(void *device, uint32_t offset, uint32_t value)
{
	if (offset >= TPM_BYTES)
		abort();
}

/* AddressSanitizer sees each byte that is touched outside. */
static volatile uint8_t *map(void *device, uint64_t address, size_t bytes)
{
	struct device *d = device;

	if (bytes < TPM_HEADER || bytes > TPM_COMMAND_MAX || address + bytes < address)
		abort();
	if (address < 0x10000 && (address & 1))
		return NULL;
	free(d->buffer);
	d->buffer = calloc(1, bytes);
	for (size_t i = 0; i < 6; i++)
		d->buffer[i] = next(d);
	return d->buffer;
}

static uint64_t now_ms(void *device)
{
	return ((struct device *)device)->now;
}

static void delay(void *device)
{
	((struct device *)device)->now += 25;
}

static const struct crb_ops ops = {read32, write32, map, now_ms, delay};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a caller may get wrong, too: a size that no command has, no room, no locality. */
static void use(struct crb *crb, struct device *device, uint8_t locality, uint8_t how)
{
	static const uint8_t command[TPM_COMMAND_MAX + 1] = {
		0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 16};
	static const size_t sizes[] = {12, TPM_HEADER - 1, TPM_COMMAND_MAX, TPM_COMMAND_MAX + 1};
	size_t room = how & 0x80 ? TPM_HEADER - 1 : 10u + (device->size ? device->data[0] : 0);
	size_t got = 0;
	uint8_t *response = malloc(room);

	/* Both buffers are one here: the driver must not keep a pointer to the first. */
	crb->command = crb->response;
	if (locality && crb_request(crb, locality - 1u) == VMK_OK)
		crb->command = crb->response;
	if (how & 0x40)
		crb_release(crb);
	if (how & 0x20)
		crb->response.size = crb->command.size = MIN(crb->response.size, 40u);
	if (crb_send(crb, command, sizes[how >> 3 & 3]) == VMK_OK || how & 0x10) {
		if (crb_receive(crb, response, room, &got, 1000) == VMK_OK &&
			(got < TPM_HEADER || got > room))
			abort();
	}
	crb_release(crb);
	free(response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t methods[] = {CRB_START_CRB, CRB_START_UNKNOWN, CRB_START_FIFO,
		CRB_START_ACPI, CRB_START_CRB_ACPI, 99};
	const uint8_t which = size > 2 ? data[size - 2] : 0, how = size > 2 ? data[size - 1] : 0;
	struct device device = {.data = data, .size = size, .other_id = how & 1};
	struct crb crb;

	if (crb_probe(&crb, &ops, &device, methods[which % 8 % ARRAY_SIZE(methods)]) == VMK_OK)
		use(&crb, &device, (uint8_t)((which >> 3) % 7), how);
	if (!crb.why || device.now > 60000 || device.reads > 100000)
		abort();
	free(device.buffer);
	return 0;
}
