/* Beside EVP_DigestSign() and EVP_DigestVerify(), which signature_memo.c stands in for. */
#ifndef FUZZ_MODELS_SIGNATURE_MEMO_H
#define FUZZ_MODELS_SIGNATURE_MEMO_H

#include <openssl/evp.h>

/* What is kept with a key, now instead of when it is first used: for keys that stay. */
void signature_memo_know(EVP_PKEY *key);

#endif
