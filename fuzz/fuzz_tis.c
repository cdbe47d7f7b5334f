/* sources: kernel/trust/tis.c */
/* coverage: edges, lean */
/*
 * A device whose every register read is the fuzzer's: the driver ends, within its own bounds. The
 * last two bytes choose which locality is asked for, what is sent, and whether the interface's id
 * is the input's, too.
 */
#include "trust/tis.h"

#include <stdlib.h>

struct device {
	const uint8_t *data;
	size_t size, at;
	uint64_t now, reads;
	bool other_id;
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
	if ((offset & 0xfff) == 0xf00 && !d->other_id)
		return 0x11014;
	if (a == 0xff || d->other_id)
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

static void use(struct tis *tis, struct device *device, uint8_t locality, uint8_t how)
{
	static const uint8_t command[TPM_COMMAND_MAX + 1] = {
		0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 16};
	static const size_t sizes[] = {12, TPM_HEADER - 1, TPM_COMMAND_MAX, TPM_COMMAND_MAX + 1};
	size_t room = how & 0x80 ? TPM_HEADER - 1 : 10u + (device->size ? device->data[0] : 0);
	size_t got = 0;
	uint8_t *response = malloc(room);

	if (locality)
		tis_request(tis, locality - 1u);
	if (how & 0x40)
		tis_release(tis);
	if (tis_send(tis, command, sizes[how >> 3 & 3]) == VMK_OK || how & 0x10) {
		if (tis_receive(tis, response, room, &got, 1000) == VMK_OK &&
			(got < TPM_HEADER || got > room))
			abort();
	}
	tis_release(tis);
	free(response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t which = size > 2 ? data[size - 2] : 0, how = size > 2 ? data[size - 1] : 0;
	struct device device = {.data = data, .size = size, .other_id = how & 1};
	struct tis tis;

	if (tis_probe(&tis, &ops, &device) == VMK_OK)
		use(&tis, &device, which % 7, how);
	if (!tis.why || device.now > 60000 || device.reads > 100000)
		abort();
	return 0;
}
