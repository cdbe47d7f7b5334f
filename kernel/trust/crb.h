/*
 * TPM over the command response buffer interface: PTP 1.05, section 6.5.3. Pure over struct
 * crb_ops; every wait is bounded. Device and firmware are taken for hostile: where the buffers lie
 * and how large they are is their word, checked before a byte is written there.
 */
#ifndef TRUST_CRB_H
#define TRUST_CRB_H

#include "trust/transport.h"

#include <stdbool.h>

/* Offsets are in bytes from TPM_BASE. */
struct crb_ops {
	uint32_t (*read32)(void *device, uint32_t offset);
	void (*write32)(void *device, uint32_t offset, uint32_t value);
	/*
	 * Makes `bytes` at a physical address readable and writable, or NULL where no TPM's buffer
	 * may be (RAM in use, others' registers). Asked again for the same place, it answers the
	 * same; mappings live as long as the device.
	 */
	volatile uint8_t *(*map)(void *device, uint64_t address, size_t bytes);
	uint64_t (*now_ms)(void *device);
	void (*delay)(void *device); /* some tens of microseconds; may let others run */
};

struct crb_buffer {
	volatile uint8_t *bytes;
	size_t size;
};

struct crb {
	const struct crb_ops *ops;
	void *device;
	unsigned locality;                   /* held; TPM_LOCALITIES: none */
	bool localities;                     /* more than locality 0 */
	struct crb_buffer command, response; /* of the held locality */
	uint16_t vendor, device_id;
	uint8_t revision;
	const char *why; /* static text: what went wrong last, never NULL */
};

/* Start methods of ACPI's table TPM2: TCG ACPI Specification 1.3, table 8. */
enum {
	CRB_START_UNKNOWN = 0, /* there is no such table */
	CRB_START_ACPI = 2,
	CRB_START_FIFO = 6, /* what the interface's register says counts for more */
	CRB_START_CRB = 7,
	CRB_START_CRB_ACPI = 8,
};
/*
 * `start_method` as firmware says. VMK_NOT_PRESENT; VMK_UNSUPPORTED (not the CRB interface, or
 * commands are started by an ACPI method, which the kernel does not run); VMK_BAD_FORMAT (absurd
 * buffers).
 */
enum vmk_status crb_probe(
	struct crb *crb, const struct crb_ops *ops, void *device, uint32_t start_method);
enum vmk_status crb_request(struct crb *crb, unsigned locality);
void crb_release(struct crb *crb);
enum vmk_status crb_send(struct crb *crb, const uint8_t *command, size_t bytes);
enum vmk_status crb_receive(
	struct crb *crb, uint8_t *response, size_t room, size_t *got, uint32_t duration_ms);

/* crb must outlive it. */
struct tpm_transport crb_transport(struct crb *crb);

#endif
