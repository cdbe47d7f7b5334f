/* sources: kernel/trust/crb.c */
/* coverage: edges */
/* A device whose registers and buffers are the fuzzer's: the driver ends, within its own bounds. */
#include "trust/crb.h"

#include <stdlib.h>

struct device {
	const uint8_t *data;
	size_t size, at;
	uint64_t now, reads;
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
	if ((offset & 0xfff) == TPM_INTERFACE_ID)
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
	d->buffer = malloc(bytes);
	for (size_t i = 0; i < bytes; i++)
		d->buffer[i] = i < 6 ? next(d) : 0;
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t command[12] = {0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 16};
	struct device device = {.data = data, .size = size};
	size_t room = size > 0 ? 10u + data[0] : 10, got = 0;
	uint8_t *response = malloc(room);
	struct crb crb;

	/* Both buffers are one here: the driver must not keep a pointer to the first. */
	if (crb_probe(&crb, &ops, &device, CRB_START_CRB) == VMK_OK) {
		crb.command = crb.response;
		if (crb_send(&crb, command, sizeof(command)) == VMK_OK &&
			crb_receive(&crb, response, room, &got, 1000) == VMK_OK &&
			(got < TPM_HEADER || got > room))
			abort();
	}
	if (!crb.why || device.now > 60000 || device.reads > 100000)
		abort();
	free(device.buffer);
	free(response);
	return 0;
}
