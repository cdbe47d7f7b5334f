/* A TPM's FIFO interface as its registers show it, with faults to order; time is simulated. */
#ifndef TEST_TIS_DEVICE_H
#define TEST_TIS_DEVICE_H

#include "trust/tis.h"

#include <string.h>

enum tis_fault {
	FAULT_NONE,
	FAULT_ABSENT,         /* nobody decodes the address */
	FAULT_ACCESS_INVALID, /* tpmRegValidSts never set */
	FAULT_NO_GRANT,       /* a locality is never granted */
	FAULT_TPM12,
	FAULT_CRB,
	FAULT_NEVER_READY,
	FAULT_NO_BURST,     /* burstCount stays 0 */
	FAULT_EXPECT_EARLY, /* Expect drops in the middle of the command */
	FAULT_EXPECT_STAYS, /* Expect stays after the last byte */
	FAULT_NEVER_DONE,   /* no response ever */
	FAULT_BURST_JUMPS,  /* burstCount differs from one read to the next */
	FAULT_DRIBBLE,      /* a byte every 30 ms */
	FAULT_SHORT,        /* the response ends early */
	FAULT_LONG,         /* the response goes on after its length */
	FAULT_ABSURD_ONCE,  /* absurd length until responseRetry */
	FAULT_ABSURD,       /* absurd length always */
	FAULT_NOT_VALID,    /* stsValid never set */
};

struct tis_device {
	enum tis_fault fault;
	unsigned open;   /* bit n: locality n is decoded */
	unsigned active; /* TPM_LOCALITIES: none */
	enum { IDLE, READY, RECEIVING, DONE } state;
	uint8_t command[TPM_COMMAND_MAX], response[TPM_COMMAND_MAX];
	size_t command_bytes, response_bytes, read;
	uint64_t now, next_byte;
	unsigned cancels, aborts, retries, status_reads;
	/* Runs device->command; fills response and response_bytes. */
	void (*run)(struct tis_device *device);
	void *user;
};

static inline uint32_t device_length(const uint8_t *header)
{
	return (uint32_t)header[2] << 24 | (uint32_t)header[3] << 16 | (uint32_t)header[4] << 8 |
	       header[5];
}

static inline bool device_expects(const struct tis_device *d)
{
	if (d->state == READY)
		return true;
	if (d->state != RECEIVING)
		return false;
	if (d->fault == FAULT_EXPECT_EARLY && d->command_bytes > 4)
		return false;
	return d->fault == FAULT_EXPECT_STAYS || d->command_bytes < 6 ||
	       d->command_bytes < device_length(d->command);
}

static inline size_t device_left(const struct tis_device *d)
{
	if (d->state != DONE || d->fault == FAULT_NEVER_DONE)
		return 0;
	if (d->fault == FAULT_SHORT)
		return d->response_bytes - 1 - d->read;
	if (d->fault == FAULT_LONG)
		return d->response_bytes + 5 - d->read;
	return d->response_bytes - d->read;
}

static inline uint32_t device_status(struct tis_device *d)
{
	uint32_t burst = d->state == DONE ? (uint32_t)device_left(d) : 24;
	uint32_t sts = d->fault == FAULT_TPM12 ? 0 : 1u << 26;

	if (d->fault == FAULT_BURST_JUMPS)
		burst = d->status_reads++ % 2 ? 0xffff : 1;
	if (d->fault == FAULT_NO_BURST)
		burst = 0;
	if (d->fault == FAULT_DRIBBLE && d->state == DONE)
		burst = d->now >= d->next_byte && burst ? 1 : 0;
	sts |= (burst > 0xffff ? 0xffff : burst) << 8;
	sts |= d->fault == FAULT_NOT_VALID ? 0 : 0x80;
	sts |= d->state == READY && d->fault != FAULT_NEVER_READY ? 0x40 : 0;
	sts |= device_left(d) ? 0x10 : 0;
	sts |= device_expects(d) ? 0x08 : 0;
	return sts;
}

static inline uint8_t device_fifo(struct tis_device *d)
{
	size_t at = d->read;

	if (device_left(d) == 0)
		return 0xff;
	d->read++;
	d->next_byte = d->now + 30;
	if (at >= d->response_bytes)
		return 0xee;
	if (at == 2 && (d->fault == FAULT_ABSURD || d->fault == FAULT_ABSURD_ONCE))
		return 0x7f;
	return d->response[at];
}

static inline uint8_t device_read8(void *device, uint32_t offset)
{
	struct tis_device *d = device;
	unsigned locality = offset >> 12;

	if (d->fault == FAULT_ABSENT || !(d->open >> locality & 1))
		return 0xff;
	switch (offset & 0xfff) {
	case 0x00:
		return (d->fault == FAULT_ACCESS_INVALID ? 0 : 0x80) |
		       (d->active == locality ? 0x20 : 0);
	case 0x24:
		return d->active == locality ? device_fifo(d) : 0xff;
	case 0x30:
		return d->fault == FAULT_CRB ? 1 : 0;
	case 0xf04:
		return 7;
	default:
		return 0;
	}
}

static inline uint32_t device_read32(void *device, uint32_t offset)
{
	struct tis_device *d = device;

	if (d->fault == FAULT_ABSENT || !(d->open >> (offset >> 12) & 1))
		return UINT32_MAX;
	if ((offset & 0xfff) == 0x18)
		return d->active == offset >> 12 ? device_status(d) : UINT32_MAX;
	if ((offset & 0xfff) == 0xf00)
		return 0x00011014;
	return device_read8(device, offset);
}

static inline void device_write_status(struct tis_device *d, uint8_t value)
{
	if (value & 0x40) {
		d->aborts += d->state == DONE;
		d->state = READY;
		d->command_bytes = d->response_bytes = d->read = 0;
	}
	if (value & 0x02) {
		d->retries++;
		d->read = 0;
		if (d->fault == FAULT_ABSURD_ONCE)
			d->fault = FAULT_NONE;
	}
	if ((value & 0x20) && d->state == RECEIVING) {
		d->state = DONE;
		d->read = 0;
		if (d->run)
			d->run(d);
	}
}

static inline void device_write8(void *device, uint32_t offset, uint8_t value)
{
	struct tis_device *d = device;
	unsigned locality = offset >> 12;

	if (!(d->open >> locality & 1))
		return;
	if ((offset & 0xfff) == 0x00) {
		if ((value & 0x02) && d->active == TPM_LOCALITIES && d->fault != FAULT_NO_GRANT)
			d->active = locality;
		if ((value & 0x20) && d->active == locality)
			d->active = TPM_LOCALITIES;
	}
	if (d->active != locality)
		return;
	if ((offset & 0xfff) == 0x18)
		device_write_status(d, value);
	if ((offset & 0xfff) == 0x1b && (value & 1))
		d->cancels++;
	if ((offset & 0xfff) == 0x24 && (d->state == READY || d->state == RECEIVING) &&
		d->command_bytes < sizeof(d->command)) {
		d->state = RECEIVING;
		d->command[d->command_bytes++] = value;
	}
}

static inline uint64_t device_now(void *device)
{
	return ((struct tis_device *)device)->now;
}

static inline void device_delay(void *device)
{
	((struct tis_device *)device)->now += 5;
}

static const struct tis_ops device_ops = {
	.read8 = device_read8,
	.read32 = device_read32,
	.write8 = device_write8,
	.now_ms = device_now,
	.delay = device_delay,
};

/* Firmware's localities 0 and 1 are open; 2 opens with the measured launch. */
static inline void device_reset(struct tis_device *d, enum tis_fault fault)
{
	memset(d, 0, sizeof(*d));
	d->fault = fault;
	d->open = 1;
	d->active = TPM_LOCALITIES;
}

#endif
