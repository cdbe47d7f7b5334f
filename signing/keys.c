/* vmksign keys: a root and a code signer's certificate, with their private keys. */
#include <errno.h>
#include <getopt.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "signing/commands.h"
#include "signing/crypto.h"

/* No signature of a boot component may depend on a battery-backed clock, so the dates are wide. */
#define NOT_BEFORE "20250101000000Z"
#define NOT_AFTER  "20741231235959Z"

struct identity {
	EVP_PKEY *key;
	X509 *certificate;
};

static EVP_PKEY *generate(const char *type)
{
	if (strcmp(type, "rsa3072") == 0)
		return EVP_RSA_gen(3072);
	if (strcmp(type, "p256") == 0)
		return EVP_EC_gen("P-256");
	if (strcmp(type, "p384") == 0)
		return EVP_EC_gen("P-384");
	fprintf(stderr, "vmksign: unknown key type '%s'\n", type);
	return NULL;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	int added;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	added = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return added;
}

static bool set_serial(X509 *certificate)
{
	unsigned char random[16];
	BIGNUM *number;
	bool ok;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return false;
	random[0] = (random[0] & 0x7f) | 0x40; /* positive, and always 16 bytes */
	number = BN_bin2bn(random, sizeof(random), NULL);
	ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
	BN_free(number);
	return ok;
}

static bool set_name(X509 *certificate, const char *owner, const char *role)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	char text[64];

	if ((size_t)snprintf(text, sizeof(text), "%s %s", owner, role) >= sizeof(text))
		return false;
	return X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0);
}

/* A certificate for subject->key, signed by `issuer`, which is the subject itself for a root. */
static bool certify(
	struct identity *subject, struct identity *issuer, const char *owner, const char *type)
{
	bool root = subject == issuer;
	X509 *x = X509_new();

	subject->certificate = x;
	if (!x || !X509_set_version(x, X509_VERSION_3) || !set_serial(x) ||
		!set_name(x, owner, root ? "root" : "signer") ||
		!X509_set_issuer_name(x, X509_get_subject_name(issuer->certificate)) ||
		!ASN1_TIME_set_string_X509(X509_getm_notBefore(x), NOT_BEFORE) ||
		!ASN1_TIME_set_string_X509(X509_getm_notAfter(x), NOT_AFTER) ||
		!X509_set_pubkey(x, subject->key))
		return crypto_report("certificate");
	if (!add_extension(x, issuer->certificate, NID_basic_constraints,
		    root ? "critical,CA:TRUE" : "critical,CA:FALSE") ||
		!add_extension(x, issuer->certificate, NID_key_usage,
			root ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") ||
		!add_extension(x, issuer->certificate, NID_subject_key_identifier, "hash"))
		return crypto_report("certificate extensions");
	if (!root && (!add_extension(x, issuer->certificate, NID_ext_key_usage, "codeSigning") ||
			     !add_extension(x, issuer->certificate, NID_authority_key_identifier,
				     "keyid:always")))
		return crypto_report("certificate extensions");
	if (!X509_sign(x, issuer->key, strcmp(type, "p384") == 0 ? EVP_sha384() : EVP_sha256()))
		return crypto_report("signing the certificate");
	return true;
}

static bool save(const char *directory, const char *name, BIO *bio, unsigned mode)
{
	char path[4096];
	char *data;
	long size = BIO_get_mem_data(bio, &data);

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", directory, name) >= sizeof(path)) {
		fprintf(stderr, "vmksign: %s: name too long\n", directory);
		return false;
	}
	return size > 0 && file_write(path, data, (size_t)size, mode);
}

static bool save_identity(const char *directory, const char *role, const struct identity *id)
{
	static const struct {
		const char *suffix;
		unsigned mode;
	} files[] = {{"key", 0600}, {"der", 0644}, {"pem", 0644}};
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof(files) / sizeof(files[0]); i++) {
		BIO *bio = BIO_new(BIO_s_secmem());
		char name[32];

		snprintf(name, sizeof(name), "%s.%s", role, files[i].suffix);
		if (i == 0)
			ok = PEM_write_bio_PKCS8PrivateKey(bio, id->key, NULL, NULL, 0, NULL, NULL);
		else if (i == 1)
			ok = i2d_X509_bio(bio, id->certificate);
		else
			ok = PEM_write_bio_X509(bio, id->certificate);
		ok = ok ? save(directory, name, bio, files[i].mode) : crypto_report(name);
		BIO_free(bio);
	}
	return ok;
}

/* Keys that are in use are never replaced by accident. */
static bool prepare_directory(const char *directory)
{
	char path[4096];

	if (mkdir(directory, 0755) != 0 && errno != EEXIST) {
		fprintf(stderr, "vmksign: %s: %s\n", directory, strerror(errno));
		return false;
	}
	if ((size_t)snprintf(path, sizeof(path), "%s/root.key", directory) >= sizeof(path) ||
		access(path, F_OK) == 0) {
		fprintf(stderr, "vmksign: %s holds keys already\n", directory);
		return false;
	}
	return true;
}

static bool make_keys(const char *directory, const char *type, const char *owner)
{
	struct identity root = {0}, signer = {0};
	bool ok;

	root.key = generate(type);
	if (!root.key)
		return false;
	signer.key = generate(type);
	ok = signer.key && prepare_directory(directory) && certify(&root, &root, owner, type) &&
	     certify(&signer, &root, owner, type) && save_identity(directory, "signer", &signer) &&
	     save_identity(directory, "root", &root);
	EVP_PKEY_free(root.key);
	EVP_PKEY_free(signer.key);
	X509_free(root.certificate);
	X509_free(signer.certificate);
	return ok;
}

int command_keys(int argc, char **argv)
{
	static const struct option options[] = {{"out", required_argument, NULL, 'o'},
		{"type", required_argument, NULL, 't'}, {"name", required_argument, NULL, 'n'},
		{0}};
	const char *directory = NULL, *type = "rsa3072", *owner = "Merlon development";
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'o':
			directory = optarg;
			break;
		case 't':
			type = optarg;
			break;
		case 'n':
			owner = optarg;
			break;
		default:
			return 2;
		}
	}
	if (!directory || optind != argc)
		return 2;
	return make_keys(directory, type, owner) ? 0 : 1;
}
