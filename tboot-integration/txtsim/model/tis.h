/*
 * TPM Interface Specification front end (TCG PC Client Platform TPM Profile, 6.5: FIFO interface)
 * as a state machine over the platform's TPM operation. Localities 0 to 4, each a page of
 * registers; 3 and 4 belong to SINIT and the processor and never answer software.
 */
#ifndef TXTSIM_TIS_H
#define TXTSIM_TIS_H

#include <stdbool.h>
#include <stdint.h>

#include "tboot-integration/txtsim/model/tpmcmd.h"

struct txt;

#define TIS_BASE 0xfed40000u
#define TIS_SIZE 0x5000u

/* How the platform presents its TPM. */
enum tis_mode {
	TIS_ON,
	TIS_ABSENT, /* no device answers */
	TIS_FAILED, /* every command returns TPM_RC_FAILURE */
	TIS_HANG,   /* a command never completes */
};

enum tis_phase { TIS_IDLE, TIS_READY, TIS_RECEPTION, TIS_EXECUTION, TIS_COMPLETION };

#define TIS_NOBODY (-1)

struct tis {
	struct txt *platform;
	enum tis_mode mode;
	int active;        /* the locality in control, or TIS_NOBODY */
	unsigned requests; /* localities that wait for it, a bit each */
	enum tis_phase phase;
	uint8_t command[TPM_BUFFER_MAX];
	uint32_t received;
	uint8_t response[TPM_BUFFER_MAX];
	uint32_t busy;  /* reads of the status until a slow TPM answers */
	uint32_t ready; /* bytes in response */
	uint32_t taken; /* bytes that software has read */
};

/* Whether a TPM answers at all. */
bool tis_present(const struct tis *tis);
void tis_reset(struct tis *tis, struct txt *platform, enum tis_mode mode);
/* address within TIS_BASE and TIS_SIZE; size 1 to 8 bytes, little-endian value. */
uint64_t tis_read(struct tis *tis, uint32_t address, unsigned size);
void tis_write(struct tis *tis, uint32_t address, uint64_t value, unsigned size);

#endif
