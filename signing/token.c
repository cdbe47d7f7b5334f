/* Engines are the interface that OpenSSL 3.0's PKCS #11 module has; no provider is in Debian 12. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "signing/token.h"

#include <openssl/engine.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#define SCHEME "pkcs11:"

bool token_is(const char *name)
{
	return strncmp(name, SCHEME, sizeof(SCHEME) - 1) == 0;
}

/* All the attributes behind '?' may be secret (RFC 7512 section 2.4). */
static EVP_PKEY *refuse(const char *uri, const char *what)
{
	unsigned long error = ERR_peek_last_error();
	const char *reason = error ? ERR_reason_error_string(error) : NULL;

	fprintf(stderr, "vmksign: %.*s: %s%s%s\n", (int)strcspn(uri, "?"), uri, what,
		reason ? ": " : "", reason ? reason : "");
	ERR_clear_error();
	return NULL;
}

EVP_PKEY *token_read_key(const char *uri)
{
	ENGINE *engine = ENGINE_by_id("pkcs11");
	EVP_PKEY *key = NULL;

	if (!engine)
		return refuse(uri, "OpenSSL's engine pkcs11 is not there "
				   "(libengine-pkcs11-openssl)");
	/* Or it prints the URI, with the PIN. */
	if (ENGINE_ctrl_cmd_string(engine, "QUIET", NULL, 0) && ENGINE_init(engine)) {
		key = ENGINE_load_private_key(engine, uri, NULL, NULL);
		if (!key)
			refuse(uri, "no such key, or the PIN is wrong");
		/* A key that was loaded holds a reference of its own. */
		ENGINE_finish(engine);
	} else {
		refuse(uri, "the token's module does not load (PKCS11_MODULE_PATH)");
	}
	ENGINE_free(engine);
	return key;
}
