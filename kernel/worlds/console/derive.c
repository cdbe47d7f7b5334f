#include "worlds/console/derive.h"

#include <mbedtls/md.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/platform_util.h>
#include <string.h>

bool derive_key(struct vmk_login *login, const char *password)
{
	const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
	uint8_t salted[VMK_LOGIN_KEY_BYTES];
	const uint32_t salt_bytes =
		login->salt_bytes < sizeof(login->salt) ? login->salt_bytes : sizeof(login->salt);
	int error;

	error = mbedtls_pkcs5_pbkdf2_hmac_ext(MBEDTLS_MD_SHA256, (const unsigned char *)password,
		strlen(password), login->salt, salt_bytes, login->iterations, sizeof(salted),
		salted);
	if (!error)
		error = mbedtls_md_hmac(sha256, salted, sizeof(salted),
			(const unsigned char *)VMK_LOGIN_KEY_LABEL, sizeof(VMK_LOGIN_KEY_LABEL) - 1,
			login->key);
	mbedtls_platform_zeroize(salted, sizeof(salted));
	return !error;
}
