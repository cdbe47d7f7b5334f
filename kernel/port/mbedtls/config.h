/*
 * mbedTLS for ring 0: verify only. Whatever is not named here is not in the kernel.
 * Included by every mbedTLS source through MBEDTLS_CONFIG_FILE.
 */
#ifndef PORT_MBEDTLS_CONFIG_H
#define PORT_MBEDTLS_CONFIG_H

#include "mem/heap.h"

/* Platform: our heap, no 128-bit division (libgcc's uses the red zone), our own wiping. */
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_NO_UDBL_DIVISION
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_CALLOC_MACRO   heap_calloc
#define MBEDTLS_PLATFORM_FREE_MACRO     heap_free
#define MBEDTLS_PLATFORM_SNPRINTF_MACRO snprintf
#define MBEDTLS_PLATFORM_ZEROIZE_ALT
#define MBEDTLS_DEPRECATED_REMOVED

/* SHA-1 is for the SHA-1 bank of event logs alone; no signature over it is accepted. */
#define MBEDTLS_SHA1_C
#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_PROCESS_ALT /* sha256_block.c */
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
#define MBEDTLS_MD_C

#define MBEDTLS_BIGNUM_C
#define MBEDTLS_MPI_MAX_SIZE 512 /* RSA-4096 */
#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_ECP_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECP_WINDOW_SIZE 4
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C

#define MBEDTLS_BASE64_C
/* For tests of the console's world, which has it by world.h: nothing of ring 0 calls it. */
#define MBEDTLS_PKCS5_C

#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_CRL_PARSE_C /* PKCS #7 cannot be built without it */
#define MBEDTLS_X509_REMOVE_INFO
#define MBEDTLS_PKCS7_C

#endif
