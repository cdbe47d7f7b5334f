/* mbedTLS's wipe, which no compiler may leave out (MBEDTLS_PLATFORM_ZEROIZE_ALT). */
#include <mbedtls/platform_util.h>

#include <string.h>

void mbedtls_platform_zeroize(void *buffer, size_t bytes)
{
	if (bytes == 0)
		return;
	memset(buffer, 0, bytes);
	__asm__ volatile("" : : "r"(buffer) : "memory");
}
