/* Makes a SINIT stand-in: an authenticated code module without code. */
#ifndef TXTSIM_ACMWRITE_H
#define TXTSIM_ACMWRITE_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#define ACM_BYTES 0x10000u

/*
 * Fills acm[ACM_BYTES] with header, info table and signature. `key` is a private RSA-2048 or
 * RSA-3072 key with exponent 65537, else false. `date_bcd` is 0xYYYYMMDD. Deterministic.
 */
bool acm_write(uint8_t *acm, EVP_PKEY *key, uint32_t date_bcd);

#endif
