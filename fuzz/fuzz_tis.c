/* sources: kernel/trust/tis.c */
/* coverage: edges */
/* A device whose every register read is the fuzzer's: the driver ends, within its own bounds. */
#include "trust/tis.h"

#include <stdlib.h>

struct device {
	const uint8_t *data;
	size_t size, at;
	uint64_t now, reads;
};

static uint8_t next(struct device *d)
{
	return d->at < d->size ? d->data[d->at++] : 0xff;
}

static uint8_t read8(void *device, uint32_t offset)
{
	struct device *d = device;

	d->reads++;
	return next(d);
}

/* Mostly a plausible status, so that the fuzzer gets past the first wait. */
static uint32_t read32(void *device, uint32_t offset)
{
	struct device *d = device;
	uint8_t a = next(d), b = next(d);

	d->reads++;
	if ((offset & 0xfff) == 0xf00)
		return 0x11014;
	if (a == 0xff)
		return (uint32_t)b * 0x01010101u;
	return 1u << 26 | (uint32_t)b << 8 | a | 0x80;
}

static void write8(void *device, uint32_t offset, uint8_t value)
{
}

static uint64_t now_ms(void *device)
{
	return ((struct device *)device)->now;
}

static void delay(void *device)
{
	((struct device *)device)->now += 25;
}

static const struct tis_ops ops = {read8, read32, write8, now_ms, delay};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t command[12] = {0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 16};
	struct device device = {.data = data, .size = size};
	size_t room = size > 0 ? 10u + data[0] : 10, got = 0;
	uint8_t *response = malloc(room);
	struct tis tis;

	if (tis_probe(&tis, &ops, &device) == VMK_OK &&
		tis_send(&tis, command, sizeof(command)) == VMK_OK &&
		tis_receive(&tis, response, room, &got, 1000) == VMK_OK &&
		(got < TPM_HEADER || got > room))
		abort();
	if (!tis.why || device.now > 60000 || device.reads > 100000)
		abort();
	free(response);
	return 0;
}
