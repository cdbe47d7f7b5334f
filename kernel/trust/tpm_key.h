/*
 * The host's two keys in the TPM. Attestation key (AK): ECC P-256, restricted, ECDSA with SHA-256,
 * a primary of the endorsement hierarchy, because for keys of other hierarchies the TPM obfuscates
 * resetCount, restartCount and firmwareVersion in quotes. Endorsement key (EK): RSA-2048, template
 * L-1 of the TCG EK Credential Profile 2.4, section B.3.3.
 */
#ifndef TRUST_TPM_KEY_H
#define TRUST_TPM_KEY_H

#include "trust/tpm.h"

#define TPM_AK_HANDLE 0x81010002u
#define TPM_EK_HANDLE 0x81010001u
/* EK certificate for that template, TCG PC Client PTP 1.05 section 5.5 / EK profile 2.2.1.4. */
#define TPM_EK_CERT_INDEX 0x01c00002u
#define TPM_PUBLIC_MAX    640u
#define TPM_NAME_BYTES    34u /* name algorithm, SHA-256 */

struct tpm_key {
	uint32_t handle; /* 0: none */
	bool transient;
	uint8_t name[TPM_NAME_BYTES];
	uint8_t public[TPM_PUBLIC_MAX]; /* TPM2B_PUBLIC as marshalled */
	size_t public_bytes;
	const char *origin; /* static text for the log: found, made, and why */
};

/*
 * Opens the key at its persistent handle if its public area is exactly our template's and it lies
 * in the endorsement hierarchy; otherwise makes it anew (primaries are reproducible: the same TPM
 * gives the same key) and keeps it there. Where it cannot be kept, it lives until tpm_key_close().
 */
enum vmk_status tpm_ak_open(struct tpm *tpm, struct tpm_key *key);
/* The same for the EK, except that a foreign key at its handle stays: the EK is then transient. */
enum vmk_status tpm_ek_open(struct tpm *tpm, struct tpm_key *key);
void tpm_key_close(struct tpm *tpm, struct tpm_key *key);

/* The EK certificate from NV: DER, without the wrapper or padding that some makers add. */
enum vmk_status tpm_ek_certificate(struct tpm *tpm, uint8_t *to, size_t room, size_t *got);
/* Pure part of it: finds the DER certificate in nv[0..bytes). VMK_BAD_FORMAT if there is none. */
enum vmk_status tpm_ek_certificate_find(
	const uint8_t *nv, size_t bytes, size_t *offset, size_t *length);

#endif
