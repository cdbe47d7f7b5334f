/*
 * vmksign keys and vmksign certificate: root, intermediate and provider. A certificate below the
 * root names the highest level that its holder may give (vmkapi/levels.h).
 */
#include <errno.h>
#include <getopt.h>
#include <openssl/conf.h>
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
#include <vmkapi/levels.h>

/* No signature of a boot component may depend on a battery-backed clock, so the dates are wide. */
#define NOT_BEFORE      "20250101000000Z"
#define NOT_AFTER       "20741231235959Z"

#define COMMON_NAME_MAX 64 /* a common name's upper bound, RFC 5280 appendix A.1 */
#define PROVIDER_MAX    63 /* a manifest's provider */

enum role { ROLE_ROOT, ROLE_INTERMEDIATE, ROLE_PROVIDER, ROLE_COUNT };
static const struct role_rules {
	const char *name, *constraints, *usage;
} roles[ROLE_COUNT] = {
	[ROLE_ROOT] = {"root", "critical,CA:TRUE", "critical,keyCertSign,cRLSign"},
	[ROLE_INTERMEDIATE] = {"intermediate", "critical,CA:TRUE,pathlen:0",
		"critical,keyCertSign,cRLSign"},
	[ROLE_PROVIDER] = {"provider", "critical,CA:FALSE", "critical,digitalSignature"},
};

struct subject_name {
	const char *common, *provider; /* provider: NULL but of a provider */
};

struct identity {
	EVP_PKEY *key;
	X509 *certificate;
	bool made; /* the key is new, and to be written */
};

static const char *const policies[] = {
#define X(symbol, name, arc) [symbol] = LEVEL_POLICY_ARC "." #arc,
	ACCEPTANCE_LEVELS(X)
#undef X
};

static EVP_PKEY *generate(const char *type)
{
	EVP_PKEY *key = NULL;

	if (strcmp(type, "rsa3072") == 0)
		key = EVP_RSA_gen(3072);
	else if (strcmp(type, "rsa4096") == 0)
		key = EVP_RSA_gen(4096);
	else if (strcmp(type, "p256") == 0)
		key = EVP_EC_gen("P-256");
	else if (strcmp(type, "p384") == 0)
		key = EVP_EC_gen("P-384");
	if (!key)
		fprintf(stderr,
			"vmksign: no key of type '%s': expected rsa3072, rsa4096, p256 or p384\n",
			type);
	return key;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	CONF *sections =
		NCONF_new(NULL); /* that a value could name; certificate policies ask for one */
	X509V3_CTX context;
	X509_EXTENSION *extension = NULL;
	int added;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509V3_set_nconf(&context, sections);
	if (sections)
		extension = X509V3_EXT_nconf_nid(sections, &context, nid, value);
	added = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	NCONF_free(sections);
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

static bool set_part(X509 *certificate, const char *part, const char *text)
{
	return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), part, MBSTRING_UTF8,
		(const unsigned char *)text, -1, -1, 0);
}

/* The common name is for people; the organization, of a provider, is whose packages it may sign. */
static bool set_name(X509 *certificate, const struct subject_name *name)
{
	return (!name->provider || set_part(certificate, "O", name->provider)) &&
	       set_part(certificate, "CN", name->common);
}

static bool add_extensions(X509 *x, X509 *issuer, enum role role, enum acceptance_level level)
{
	if (!add_extension(x, issuer, NID_basic_constraints, roles[role].constraints) ||
		!add_extension(x, issuer, NID_key_usage, roles[role].usage) ||
		!add_extension(x, issuer, NID_subject_key_identifier, "hash"))
		return false;
	if (role == ROLE_PROVIDER && !add_extension(x, issuer, NID_ext_key_usage, "codeSigning"))
		return false;
	return role == ROLE_ROOT ||
	       (add_extension(x, issuer, NID_authority_key_identifier, "keyid:always") &&
		       add_extension(x, issuer, NID_certificate_policies, policies[level]));
}

/* A certificate for subject->key, signed by `issuer`, which is the subject itself for a root. */
static bool certify(struct identity *subject, struct identity *issuer,
	const struct subject_name *name, enum role role, enum acceptance_level level)
{
	X509 *x = X509_new();

	subject->certificate = x;
	if (!x || !X509_set_version(x, X509_VERSION_3) || !set_serial(x) || !set_name(x, name) ||
		!X509_set_issuer_name(x, X509_get_subject_name(issuer->certificate)) ||
		!ASN1_TIME_set_string_X509(X509_getm_notBefore(x), NOT_BEFORE) ||
		!ASN1_TIME_set_string_X509(X509_getm_notAfter(x), NOT_AFTER) ||
		!X509_set_pubkey(x, subject->key))
		return crypto_report("certificate");
	if (!add_extensions(x, issuer->certificate, role, level))
		return crypto_report("certificate extensions");
	if (!X509_sign(x, issuer->key, crypto_digest(issuer->key)))
		return crypto_report("signing the certificate");
	return true;
}

static bool save(const char *prefix, const char *suffix, BIO *bio, unsigned mode)
{
	char path[4096];
	char *data;
	long size = BIO_get_mem_data(bio, &data);

	if ((size_t)snprintf(path, sizeof(path), "%s.%s", prefix, suffix) >= sizeof(path)) {
		fprintf(stderr, "vmksign: %s: name too long\n", prefix);
		return false;
	}
	return size > 0 && file_write(path, data, (size_t)size, mode);
}

static bool save_identity(const char *prefix, const struct identity *id)
{
	BIO *key = BIO_new(BIO_s_secmem()), *der = BIO_new(BIO_s_mem()),
	    *pem = BIO_new(BIO_s_mem());
	bool ok = key && der && pem && i2d_X509_bio(der, id->certificate) &&
		  PEM_write_bio_X509(pem, id->certificate) &&
		  (!id->made ||
			  PEM_write_bio_PKCS8PrivateKey(key, id->key, NULL, NULL, 0, NULL, NULL));

	if (!ok)
		crypto_report(prefix);
	/* The certificate in DER last: it is what `make` looks for. */
	ok = ok && (!id->made || save(prefix, "key", key, 0600)) &&
	     save(prefix, "pem", pem, 0644) && save(prefix, "der", der, 0644);
	BIO_free(key);
	BIO_free(der);
	BIO_free(pem);
	return ok;
}

static void identity_free(struct identity *id)
{
	EVP_PKEY_free(id->key);
	X509_free(id->certificate);
}

/* Keys that are in use are never replaced by accident. */
static bool is_new(const char *prefix)
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof(path), "%s.key", prefix) < sizeof(path) &&
		access(path, F_OK) != 0)
		return true;
	fprintf(stderr, "vmksign: %s: there is a key already\n", path);
	return false;
}

static bool make_keys(const char *directory, const char *type, const struct subject_name *owner,
	enum acceptance_level level)
{
	struct identity ids[ROLE_COUNT] = {0};
	bool ok = mkdir(directory, 0755) == 0 || errno == EEXIST;

	if (!ok)
		fprintf(stderr, "vmksign: %s: %s\n", directory, strerror(errno));
	for (unsigned i = 0; ok && i < ROLE_COUNT; i++) {
		char prefix[4096], name[COMMON_NAME_MAX + 1];

		snprintf(prefix, sizeof(prefix), "%s/%s", directory, roles[i].name);
		snprintf(name, sizeof(name), "%s %s", owner->common, roles[i].name);
		ids[i] = (struct identity){
			.key = is_new(prefix) ? generate(type) : NULL, .made = true};
		ok = ids[i].key &&
		     certify(&ids[i], &ids[i ? i - 1 : 0],
			     &(struct subject_name){
				     name, i == ROLE_PROVIDER ? owner->provider : NULL},
			     (enum role)i, i == ROLE_PROVIDER ? level : LEVEL_CERTIFIED) &&
		     save_identity(prefix, &ids[i]);
	}
	for (unsigned i = 0; i < ROLE_COUNT; i++)
		identity_free(&ids[i]);
	return ok;
}

int command_keys(int argc, char **argv)
{
	static const struct option options[] = {{"out", required_argument, NULL, 'o'},
		{"type", required_argument, NULL, 't'}, {"name", required_argument, NULL, 'n'},
		{"level", required_argument, NULL, 'l'}, {"provider", required_argument, NULL, 'p'},
		{0}};
	struct subject_name owner = {"Merlon development", "Merlon"};
	const char *directory = NULL, *type = "rsa3072";
	enum acceptance_level level = LEVEL_DEFAULT;
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
			owner.common = optarg;
			break;
		case 'p':
			owner.provider = optarg;
			break;
		case 'l':
			if (!level_read(optarg, &level))
				return 2;
			break;
		default:
			return 2;
		}
	}
	if (!directory || strlen(owner.provider) > PROVIDER_MAX || optind != argc)
		return 2;
	return make_keys(directory, type, &owner, level) ? 0 : 1;
}

struct wanted {
	const char *role, *out, *name, *type, *key, *issuer, *issuer_key, *level, *provider;
};

static bool make_certificate(const struct wanted *w, enum role role, enum acceptance_level level)
{
	struct identity subject = {.made = !w->key}, issuer = {0};
	bool ok = !subject.made || is_new(w->out);

	if (ok)
		subject.key = w->key ? crypto_read_key(w->key) : generate(w->type);
	if (ok && w->issuer) {
		issuer.certificate = crypto_read_certificate(w->issuer);
		issuer.key = issuer.certificate ? crypto_read_key(w->issuer_key) : NULL;
		ok = issuer.key != NULL;
		if (ok && X509_check_private_key(issuer.certificate, issuer.key) != 1)
			ok = crypto_report(w->issuer);
	}
	ok = ok && subject.key &&
	     certify(&subject, w->issuer ? &issuer : &subject,
		     &(struct subject_name){w->name, w->provider}, role, level) &&
	     save_identity(w->out, &subject);
	identity_free(&subject);
	identity_free(&issuer);
	return ok;
}

/* A root is its own issuer and names no level; the others need both. A provider has a name. */
static int check_and_make(const struct wanted *w)
{
	enum acceptance_level level = LEVEL_COUNT;
	enum role role = ROLE_ROOT;

	while (role < ROLE_COUNT && strcmp(w->role, roles[role].name) != 0)
		role++;
	if (role == ROLE_COUNT || (w->key && w->type) || (!w->key && !w->type) ||
		!w->issuer != !w->issuer_key)
		return 2;
	if (role == ROLE_ROOT ? w->issuer || w->level : !w->issuer || !w->level)
		return 2;
	if (!w->provider != (role != ROLE_PROVIDER) ||
		(w->provider && strlen(w->provider) > PROVIDER_MAX))
		return 2;
	if (w->level && !level_read(w->level, &level))
		return 2;
	return make_certificate(w, role, level) ? 0 : 1;
}

int command_certificate(int argc, char **argv)
{
	static const struct option options[] = {{"role", required_argument, NULL, 'r'},
		{"out", required_argument, NULL, 'o'}, {"name", required_argument, NULL, 'n'},
		{"type", required_argument, NULL, 't'}, {"key", required_argument, NULL, 'k'},
		{"issuer", required_argument, NULL, 'i'},
		{"issuer-key", required_argument, NULL, 'I'},
		{"level", required_argument, NULL, 'l'}, {"provider", required_argument, NULL, 'p'},
		{0}};
	struct wanted w = {0};
	const char **const values[] = {['r'] = &w.role,
		['o'] = &w.out,
		['n'] = &w.name,
		['t'] = &w.type,
		['k'] = &w.key,
		['i'] = &w.issuer,
		['I'] = &w.issuer_key,
		['l'] = &w.level,
		['p'] = &w.provider};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return 2;
		*values[option] = optarg;
	}
	if (!w.role || !w.out || !w.name || strlen(w.name) > COMMON_NAME_MAX || optind != argc)
		return 2;
	return check_and_make(&w);
}
