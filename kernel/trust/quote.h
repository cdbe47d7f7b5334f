/*
 * Quotes for the attestation agent: what TPMS_ATTEST.extraData says (attest/PROTOCOL.md,
 * "Qualifying data"), credential activation, and the quote itself.
 */
#ifndef TRUST_QUOTE_H
#define TRUST_QUOTE_H

#include "trust/tpm_key.h"

#include <vmkuser/syscall.h>

#define QUOTE_QUALIFYING_MAX VMK_NONCE_MAX
#define QUOTE_SECRET_MAX     64u /* TPM2B_DIGEST of a credential */

/* Every size and field in its range? VMK_BAD_PARAM; VMK_UNSUPPORTED for an unknown qd_version. */
enum vmk_status quote_check(const struct vmk_quote_request *request);

/*
 * The qualifying data of a checked request; `secret` is the activated credential, used by version
 * 2 alone. Returns its size in bytes.
 */
size_t quote_qualifying(const struct vmk_quote_request *request, const uint8_t *secret,
	size_t secret_bytes, uint8_t data[QUOTE_QUALIFYING_MAX]);

/*
 * TPM2_ActivateCredential under the EK's policy: `credential` and `secret` are a TPM2B_ID_OBJECT
 * and a TPM2B_ENCRYPTED_SECRET, whole. VMK_BAD_FORMAT if they do not parse, VMK_DENIED if they are
 * not for this EK and AK. The caller wipes `out`.
 */
enum vmk_status quote_activate(struct tpm *tpm, const struct tpm_key *ak, const struct tpm_key *ek,
	const struct vmk_quote_request *request, uint8_t out[QUOTE_SECRET_MAX], size_t *out_bytes);

/* One TPM2_Quote over request->pcr_mask of the SHA-256 bank. */
enum vmk_status quote_make(struct tpm *tpm, const struct tpm_key *ak,
	const struct vmk_quote_request *request, const uint8_t *qualifying, size_t bytes,
	struct vmk_quote_reply *reply);

#endif
