/* Key pairs as TPMs have them, for targets that sign, certify or encrypt what they then bend. */
#ifndef FUZZ_MODELS_TPM_KEYS_H
#define FUZZ_MODELS_TPM_KEYS_H

#include <openssl/evp.h>
#include <tss2/tss2_tpm2_types.h>

#include "verifier/bytes.h"

enum tpm_key { TPM_KEY_P256, TPM_KEY_P384, TPM_KEY_RSA, TPM_KEY_COUNT };

/* One for each kind and `number`, the same in each run; stays this file's. */
#define TPM_KEYS_EACH 2u
EVP_PKEY *tpm_key_pair(enum tpm_key kind, unsigned number);

/* Its public area, with the algorithms of a storage key of AES-128 in CFB mode. */
TPMT_PUBLIC tpm_key_public(EVP_PKEY *pkey, TPMA_OBJECT attributes);
/* The same as TPM2B_PUBLIC; to be freed. */
struct bytes tpm_key_encode(const TPMT_PUBLIC *area);

#endif
