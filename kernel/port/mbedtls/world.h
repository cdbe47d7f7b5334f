/* mbedTLS for the console's world: what makes a key of a password. */
#ifndef PORT_MBEDTLS_WORLD_H
#define PORT_MBEDTLS_WORLD_H

#define MBEDTLS_PLATFORM_C
#define MBEDTLS_DEPRECATED_REMOVED
#define MBEDTLS_SHA256_C
#define MBEDTLS_MD_C
#define MBEDTLS_PKCS5_C

#endif
