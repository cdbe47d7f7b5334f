/* mksinit: writes the SINIT stand-in. The same key and date give the same bytes. */
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "tboot-integration/txtsim/sinit/acmwrite.h"

static void fail(const char *what, const char *name)
{
	fprintf(stderr, "mksinit: %s: %s\n", what, name);
	exit(1);
}

static EVP_PKEY *read_key(const char *path)
{
	FILE *f = fopen(path, "r");
	EVP_PKEY *key;

	if (!f)
		fail("cannot open", path);
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	if (!key)
		fail("not a private key in PEM", path);
	return key;
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(data, 1, size, f) != size || fclose(f))
		fail("cannot write", path);
}

int main(int argc, char **argv)
{
	static uint8_t acm[ACM_BYTES];
	EVP_PKEY *key;

	if (argc != 4) {
		fprintf(stderr, "usage: mksinit KEY.pem DATE OUT\n"
				"Writes a SINIT stand-in signed by KEY; DATE is YYYYMMDD.\n");
		return 2;
	}
	key = read_key(argv[1]);
	if (!acm_write(acm, key, (uint32_t)strtoul(argv[2], NULL, 16)))
		fail("not a private RSA-2048 or RSA-3072 key with exponent 65537", argv[1]);
	write_file(argv[3], acm, sizeof(acm));
	EVP_PKEY_free(key);
	return 0;
}
