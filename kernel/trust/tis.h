/*
 * TPM over the FIFO interface: TCG PC Client Platform TPM Profile 1.05, section 6.5 (TIS 1.3 before
 * it). Pure over struct tis_ops; every wait is bounded, and the device is taken for hostile: it may
 * never become ready, name absurd lengths or never stop talking.
 */
#ifndef TRUST_TIS_H
#define TRUST_TIS_H

#include "trust/transport.h"

#include <stdbool.h>

/* Offsets are in bytes from TPM_BASE. */
struct tis_ops {
	uint8_t (*read8)(void *device, uint32_t offset);
	uint32_t (*read32)(void *device, uint32_t offset);
	void (*write8)(void *device, uint32_t offset, uint8_t value);
	uint64_t (*now_ms)(void *device);
	void (*delay)(void *device); /* some tens of microseconds; may let others run */
};

struct tis {
	const struct tis_ops *ops;
	void *device;
	unsigned locality; /* held; TPM_LOCALITIES: none */
	uint16_t vendor, device_id;
	uint8_t revision;
	const char *why; /* static text: what went wrong last, never NULL */
};

/*
 * Is a TPM 2.0 with this interface there? VMK_NOT_PRESENT, VMK_UNSUPPORTED (TPM 1.2, or another
 * interface), VMK_TIMEOUT; tis->why says which. `ops` and `device` must outlive the tis.
 */
enum vmk_status tis_probe(struct tis *tis, const struct tis_ops *ops, void *device);

/*
 * Hold `locality` (releasing another that was held). VMK_DENIED when the chipset keeps it closed,
 * VMK_TIMEOUT when it is not granted in time.
 */
enum vmk_status tis_request(struct tis *tis, unsigned locality);
void tis_release(struct tis *tis);

/* Sends one whole command in the held locality and starts it. */
enum vmk_status tis_send(struct tis *tis, const uint8_t *command, size_t bytes);

/*
 * Waits up to duration_ms for the command to end and reads its response, whose length is between
 * TPM_HEADER and `room`. After VMK_TIMEOUT the command was cancelled, after VMK_IO_ERROR the
 * response was asked for again before it was given up; in each case the TPM is idle again.
 */
enum vmk_status tis_receive(
	struct tis *tis, uint8_t *response, size_t room, size_t *got, uint32_t duration_ms);

/* tis must outlive it. */
struct tpm_transport tis_transport(struct tis *tis);

#endif
