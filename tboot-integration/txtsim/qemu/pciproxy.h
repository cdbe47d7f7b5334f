/*
 * The far end of QEMU's x-pci-proxy-dev (its multi-process device protocol): a PCI device whose two
 * memory regions are the TXT registers and the TPM. The machine sees the memory, never the device:
 * once QEMU has made it, its configuration space reads as if the slot were empty, so that nobody
 * moves what stands at fixed addresses.
 */
#ifndef TXTSIM_PCIPROXY_H
#define TXTSIM_PCIPROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCIPROXY_MESSAGE_MAX 4096u
#define PCIPROXY_BARS        6u

struct pciproxy_ops {
	uint64_t (*read)(void *ctx, uint64_t address, unsigned size);
	void (*write)(void *ctx, uint64_t address, uint64_t value, unsigned size);
	/* The machine is being reset; no processor runs. */
	void (*reset)(void *ctx);
};

struct pciproxy {
	const struct pciproxy_ops *ops;
	void *ctx;
	uint32_t bar_size[PCIPROXY_BARS]; /* powers of two; 0: none */
	uint32_t bar[PCIPROXY_BARS];
	bool hidden;
	uint8_t message[PCIPROXY_MESSAGE_MAX];
	size_t size;
};

void pciproxy_init(struct pciproxy *p, const struct pciproxy_ops *ops, void *ctx);

/* How many bytes the message that begins with these needs; 0: not known yet, SIZE_MAX: none is so.
 */
size_t pciproxy_message_size(const uint8_t *bytes, size_t size);
/*
 * Carries out one whole message. Returns the answer's size in bytes (`answer` holds
 * PCIPROXY_ANSWER bytes), or 0 if QEMU waits for none.
 */
#define PCIPROXY_ANSWER 24u
size_t pciproxy_message(struct pciproxy *p, const uint8_t *message, size_t size, uint8_t *answer);

/* Takes what has come on the socket; false once it is closed or speaks something else. */
bool pciproxy_serve(struct pciproxy *p, int fd);

#endif
