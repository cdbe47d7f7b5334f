/*
 * The TXT platform as a pure model: chipset registers, heap, GETSEC leaves and SINIT's work, over
 * explicit state and a small table of operations. An edge (an emulator) supplies the operations,
 * maps the two register windows, the device memory and the TPM, and carries out what a GETSEC
 * leaf asks of the processor. Proves protocol and measurement, not hardware security.
 */
#ifndef TXTSIM_PLATFORM_H
#define TXTSIM_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tboot-integration/txtsim/model/errorcode.h"
#include "tboot-integration/txtsim/model/faults.h"
#include "tboot-integration/txtsim/model/registers.h"

#define TXT_DMAR_MAX 4096u

struct txt_ops {
	/* Copies guest RAM; false where there is none. Never called for the device memory. */
	bool (*read_ram)(void *ctx, uint64_t pa, void *to, size_t size);
	/* One TPM command at a locality; returns the response's size, or -1. */
	int (*tpm_command)(void *ctx, unsigned locality, const uint8_t *command, size_t size,
		uint8_t *response, size_t response_max);
	/* The hash sequence at locality 4: resets PCR 17-22 and extends 17. */
	bool (*tpm_hash)(void *ctx, const void *data, size_t size);
	/* The firmware's answer to a reset with secrets in memory: clears all guest RAM. */
	void (*scrub_ram)(void *ctx);
	/* Asks for a platform reset; the edge then calls txt_platform_reset(). */
	void (*request_reset)(void *ctx);
	/* One line, without newline. */
	void (*log)(void *ctx, const char *line);
};

struct txt_config {
	unsigned cpus;
	uint64_t ram_below_4g;  /* end of RAM below 4 GiB */
	uint64_t ram_above_4g;  /* bytes of RAM above 4 GiB */
	uint8_t public_key[32]; /* SHA-256 of the key that signs SINIT: TXT.PUBLIC.KEY */
	bool trace;             /* log each GETSEC leaf and register write */
	uint64_t faults;        /* what is wrong with this platform: txt_faults_parse() */
};

struct txt {
	const struct txt_ops *ops;
	void *ctx;
	struct txt_config config;
	uint8_t *mem; /* TXT_MEM_SIZE bytes of device memory at TXT_MEM_BASE; the edge owns it */
	uint64_t reg[TXT_REGISTER_COUNT];
	uint8_t dmar[TXT_DMAR_MAX]; /* the ACPI DMAR that SINIT copies into SinitMleData */
	uint32_t dmar_size;
	bool established; /* a dynamic launch happened since power-on or reset */
};

/* Power-on. config.ram_* may be filled in later, before the first SENTER. */
void txt_power_on(struct txt *t, const struct txt_ops *ops, void *ctx,
	const struct txt_config *config, uint8_t *mem);
/* Platform reset: sticky registers stay; secrets left in memory are scrubbed. */
void txt_platform_reset(struct txt *t);
/*
 * The reset that ends sleep (S3): memory is kept, and in it the heap and SINIT. With secrets left
 * in memory it is a reset like any other.
 */
void txt_platform_wake(struct txt *t);

/* Register access; address within the two windows, size 1 to 8 bytes. */
uint64_t txt_read(struct txt *t, uint32_t address, unsigned size);
void txt_write(struct txt *t, uint32_t address, uint64_t value, unsigned size);

/* Whether this platform was given a fault. */
bool txt_fault(const struct txt *t, enum txt_fault fault);

/* Whether the measured environment runs now: between SENTER and SEXIT. */
bool txt_launched(const struct txt *t);

/* What the edge must show of the processor: CPUID.1:ECX.SMX, and FEATURE_CONTROL, which without TXT
 * is as `firmware` left it. */
bool txt_has_smx(const struct txt *t);
uint32_t txt_feature_control(const struct txt *t, uint32_t firmware);

/* Whether software may use this TPM locality now. */
bool txt_locality_open(const struct txt *t, unsigned locality);

/* Copies RAM or device memory; false where there is neither. */
bool txt_read_memory(struct txt *t, uint64_t pa, void *to, size_t size);

/* Records why, in TXT.ERRORCODE, TXT.ESTS and the log. */
void txt_fail(struct txt *t, enum txt_error error, uint64_t detail);

__attribute__((format(printf, 2, 3))) void txt_log(struct txt *t, const char *format, ...);

#endif
