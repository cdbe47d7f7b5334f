/*
 * Authenticated code modules: header, signed area and info table (MLE Developer's Guide,
 * appendix A). The signature covers the header up to the public key and the user area; public
 * key, exponent, signature and scratch area are left out (A.1).
 */
#ifndef TXTSIM_ACM_H
#define TXTSIM_ACM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tboot-integration/txtsim/model/digest.h"

/* Field offsets of the header, which all versions share up to the public key. */
enum acm_header {
	ACM_MODULE_TYPE = 0,
	ACM_MODULE_SUBTYPE = 2,
	ACM_HEADER_LEN = 4, /* in dwords, scratch area excluded */
	ACM_HEADER_VERSION = 8,
	ACM_CHIPSET_ID = 12,
	ACM_FLAGS = 14,
	ACM_VENDOR = 16,
	ACM_DATE = 20,
	ACM_SIZE = 24, /* in dwords */
	ACM_TXT_SVN = 28,
	ACM_SE_SVN = 30,
	ACM_CODE_CONTROL = 32,
	ACM_ERROR_ENTRY = 36,
	ACM_GDT_LIMIT = 40,
	ACM_GDT_BASE = 44,
	ACM_SEGMENT = 48,
	ACM_ENTRY = 52,
	ACM_KEY_SIZE = 120,     /* in dwords */
	ACM_SCRATCH_SIZE = 124, /* in dwords */
	ACM_PUBLIC_KEY = 128,
};

#define ACM_TYPE_CHIPSET        2u
#define ACM_HEADER_VERSION_2048 0u
#define ACM_HEADER_VERSION_3072 0x30000u

/* What differs between header versions. */
struct acm_layout {
	uint32_t version;
	uint32_t key_bytes;
	uint32_t exponent_at; /* 0: the exponent is 65537 and is not stored */
	uint32_t signature_at;
	uint32_t header_dwords;
	uint32_t scratch_dwords;
};

const struct acm_layout *acm_layout_of_version(uint32_t version);
const struct acm_layout *acm_layout_of_key(uint32_t key_bytes);
/* Where the user area begins: the second part of the signed area. */
uint32_t acm_user_area(const struct acm_layout *layout);

/* Checks the header against the module's size in bytes; NULL if it is not a SINIT of this kind. */
const struct acm_layout *acm_check(const uint8_t *acm, size_t size);

/*
 * Digests of the signed area: what the signature covers, and the "SINIT hash" that the processor
 * sends to the TPM before the SENTER flags. acm_check() must have accepted the module.
 */
void acm_digest(const uint8_t *acm, size_t size, const struct acm_layout *l, struct digests *out);
/* Digests of the public key's bytes: TXT.PUBLIC.KEY and the SINIT_PUBKEY event. */
void acm_key_digest(const uint8_t *acm, const struct acm_layout *layout, struct digests *out);
/* Whether the module is signed by the key that it carries. */
bool acm_verify(const uint8_t *acm, size_t size, const struct acm_layout *layout);

#endif
