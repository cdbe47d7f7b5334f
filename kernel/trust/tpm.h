/*
 * The TPM commands that the kernel uses, over tss2-sys and any TCTI: TPM 2.0 library part 3. Pure:
 * no hardware but the TCTI. Not thread-safe: the caller serializes.
 */
#ifndef TRUST_TPM_H
#define TRUST_TPM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tss2/tss2_sys.h>
#include <vmkapi/status.h>

#define TPM_PCRS 24u

struct tpm_scratch; /* TSS structures are too large for a kernel stack */

struct tpm {
	TSS2_TCTI_CONTEXT *tcti; /* the caller's */
	void (*pause)(void);     /* some milliseconds, between retries */
	TSS2_SYS_CONTEXT *sys;
	struct tpm_scratch *scratch;
	TSS2_RC rc;           /* of the last command, 0: success */
	const char *why;      /* static text for the last failure, never NULL */
	bool sha1, sha256;    /* banks that cover PCR 17 to 22 */
	bool endorsement;     /* that hierarchy is enabled */
	char manufacturer[5]; /* without trailing blanks */
	uint64_t firmware;    /* TPM_PT_FIRMWARE_VERSION_1 and _2 */
};

/*
 * Opens the TPM behind `tcti` and asks what it is. VMK_DISABLED: the firmware did not start it, or
 * the endorsement hierarchy is off. VMK_UNSUPPORTED: no SHA-256 bank. tpm->why says which. On
 * success, and only then, tpm_close() frees what was allocated.
 */
enum vmk_status tpm_open(struct tpm *tpm, TSS2_TCTI_CONTEXT *tcti, void (*pause)(void));
void tpm_close(struct tpm *tpm);
/* Clears every buffer that commands and responses went through; only tpm_close() may follow. */
void tpm_wipe(struct tpm *tpm);

/* Commands go out in this locality from now on; VMK_DENIED when it is closed. */
enum vmk_status tpm_locality(struct tpm *tpm, unsigned locality);

/* The SHA-256 bank's PCR values. */
enum vmk_status tpm_pcr_read(struct tpm *tpm, unsigned pcr, uint8_t value[32]);
enum vmk_status tpm_pcr_read_all(struct tpm *tpm, uint8_t values[TPM_PCRS][32]);
/* Extends every active bank of the two; a bank that is not active is left out. */
enum vmk_status tpm_pcr_extend(
	struct tpm *tpm, unsigned pcr, const uint8_t sha1[20], const uint8_t sha256[32]);

/* Reads a whole NV index; VMK_NOT_FOUND, VMK_TOO_LARGE for more than `room` bytes. */
enum vmk_status tpm_nv_read(struct tpm *tpm, uint32_t index, uint8_t *to, size_t room, size_t *got);

/* Exactly `bytes` random bytes; the TPM may take several commands for them. */
enum vmk_status tpm_random(struct tpm *tpm, uint8_t *to, size_t bytes);
/* TPM2_Shutdown(CLEAR): without it the next start counts as a power failure. */
enum vmk_status tpm_shutdown(struct tpm *tpm);

#endif
