/* runs: 4000 */
/* sources: attest/verifier/ek.c attest/verifier/key.c attest/verifier/credential.c */
/* sources: attest/verifier/bytes.c attest/verifier/fault.c attest/verifier/reason.c */
/* sources: kernel/lib/hex.c */
/* quiet: fuzz/models/tpm_keys.c */
/* plain: fuzz/models/crypto_memory.c fuzz/models/library_memory.c */
/* plain: fuzz/models/ec_memo.c fuzz/models/decoder_memo.c */
/* libs: -ltss2-mu -l:libcrypto.a -Wl,--wrap=OSSL_DECODER_from_data */
/* libs: -Wl,--wrap=OSSL_DECODER_CTX_new_for_pkey -Wl,--wrap=OSSL_DECODER_CTX_free */
/* libs: -Wl,--wrap=EC_GROUP_new_by_curve_name_ex */
/* coverage: edges, comparisons, lean */
/*
 * What a host says at enrollment: an EK certificate and a TPM2B_PUBLIC. Below 0x80 the first two
 * bytes are the length of the one, the rest the other: no anchor is trusted, so no certificate may
 * be. Else a maker's CA certifies what the options say, {le16 offset, u8 change} bend it, and it is
 * trusted just when all is as it should be. A key that loads can be given a credential.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* RAND_METHOD */
#include <limits.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/models/ec_memo.h"
#include "fuzz/models/tpm_keys.h"
#include "fuzz/models/x509_extensions.h"
#include "lib/reader.h"
#include "verifier/credential.h"
#include "verifier/ek.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EK_ATTRIBUTES                                                                       \
	(TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | \
		TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)

#define CERTIFICATE_MAX 1200u

struct options {
	uint8_t made;  /* 0x80: by the options; bits 0, 1: kind of key; 3: a hash that nobody knows
			*/
	uint8_t usage; /* bits 0 to 2: extended key usage; then each a flaw or a quirk: */
	uint8_t wrap; /* bit 0: TCG's header; bits 1, 2: padding; bit 3: no anchors, 4: a strange CA
		       */
	uint8_t public; /* how the public area is unusual */
	uint8_t random; /* from 1: how many random numbers there are for a credential, and one */
};
/* Flags of `usage` */
#define IS_CA        0x08u
#define CRITICAL     0x10u
#define OTHER_SIGNER 0x20u
#define EXPIRED      0x40u
#define RSA_OAEP     0x80u

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	for (unsigned kind = 0; kind < TPM_KEY_COUNT; kind++)
		tpm_key_pair(kind, 0);
	tpm_key_pair(TPM_KEY_P256, 1);
	ec_memo_begin();
	return 0;
}

/* Some makers say of an RSA key what it is for; OpenSSL has no such type of key. */
static void label_oaep(X509 *certificate, EVP_PKEY *pkey)
{
	uint8_t *bits = NULL;
	int size = i2d_PublicKey(pkey, &bits);

	if (size <= 0 || X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(certificate),
				 OBJ_nid2obj(NID_rsaesOaep), V_ASN1_NULL, NULL, bits, size) != 1)
		abort();
}

static X509 *new_certificate(long days)
{
	X509 *certificate = X509_new();
	X509_NAME *name = X509_NAME_new();

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -86400 * 10);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400 * days);
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const unsigned char *)"Maker CA", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_NAME_free(name);
	return certificate;
}

static struct bytes sign(X509 *certificate, EVP_PKEY *signer)
{
	struct bytes bytes;
	uint8_t *der = NULL;
	int size;

	if (X509_sign(certificate, signer, EVP_sha256()) <= 0)
		abort();
	size = i2d_X509(certificate, &der);
	bytes = bytes_copy(der, (size_t)size);
	OPENSSL_free(der);
	return bytes;
}

static EVP_PKEY *ca_key(bool other)
{
	return tpm_key_pair(TPM_KEY_P256, other);
}

static struct bytes new_ek_certificate(const struct options *o, EVP_PKEY *pkey)
{
	static const char *const usages[8] = {
		NULL, "2.23.133.8.1", "serverAuth", "serverAuth,2.23.133.8.1", "", "", NULL, NULL};
	const char *usage = usages[o->usage & 7];
	X509 *certificate = new_certificate(o->usage & EXPIRED ? -1 : 100);
	struct bytes der;

	if (usage && *usage)
		x509_add_extension(certificate, NID_ext_key_usage, usage);
	if (usage && !*usage) {
		x509_add_extension(certificate, NID_ext_key_usage, "serverAuth");
		x509_add_extension(certificate, NID_ext_key_usage, "2.23.133.8.1");
	}
	if (o->usage & IS_CA)
		x509_add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
	if (o->usage & CRITICAL)
		x509_add_unknown_critical(certificate);
	X509_set_pubkey(certificate, pkey);
	if (o->usage & RSA_OAEP && EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA)
		label_oaep(certificate, pkey);
	der = sign(certificate, ca_key(o->usage & OTHER_SIGNER));
	X509_free(certificate);
	return der;
}

/* Each once: to build one takes as long as all else. Kept where no leak is sought. */
static struct bytes make_certificate(const struct options *o, EVP_PKEY *pkey)
{
	static struct {
		size_t size;
		uint8_t der[CERTIFICATE_MAX];
	} made[8][256], *m;
	struct bytes der;

	m = &made[o->made & 7][o->usage];
	if (!m->size) {
		der = new_ek_certificate(o, pkey);
		if (der.size > sizeof(m->der))
			abort();
		memcpy(m->der, der.data, der.size);
		m->size = der.size;
		bytes_free(&der);
	}
	return bytes_copy(m->der, m->size);
}

enum file { EMPTY, MAKER, STRANGE };

/* A file with the maker's CA, with one of which not all is understood, or none; to be closed. */
static int make_file(char path[64], enum file what)
{
	int fd = memfd_create("ca", 0);
	FILE *file = fdopen(dup(fd), "w");
	X509 *ca = new_certificate(100);

	X509_set_subject_name(ca, X509_get_issuer_name(ca));
	x509_add_extension(ca, NID_basic_constraints, "critical,CA:TRUE");
	if (what == STRANGE)
		x509_add_unknown_critical(ca);
	X509_set_pubkey(ca, ca_key(false));
	X509_sign(ca, ca_key(false), EVP_sha256());
	fputs("the CAs that we trust\n", file);
	if (what != EMPTY)
		PEM_write_X509(file, ca);
	fclose(file);
	X509_free(ca);
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

/* The maker's CA is trusted; a file without one, or no file, is not taken for one. */
static void load_anchors(struct ek_anchors *anchors)
{
	char good[64], empty[64];
	const char *paths[] = {good, empty, "/nonexistent"};
	struct fault fault = {0};
	int fds[] = {make_file(good, MAKER), make_file(empty, EMPTY)};

	if (ek_anchors_load(anchors, paths, 2, &fault) || fault.reason != REASON_EK_UNTRUSTED ||
		ek_anchors_load(anchors, paths + 2, 1, &fault) ||
		!ek_anchors_load(anchors, paths, 1, &fault) || anchors->count != 1)
		abort();
	close(fds[0]);
	close(fds[1]);
}

static void load_strange(struct ek_anchors *anchors)
{
	char path[64];
	const char *paths[] = {path};
	struct fault fault = {0};
	int fd = make_file(path, STRANGE);

	if (!ek_anchors_load(anchors, paths, 1, &fault) || anchors->count != 1)
		abort();
	close(fd);
}

static const struct ek_anchors *maker(bool strange)
{
	static struct ek_anchors anchors[2];

	if (!anchors[0].count) {
		load_anchors(&anchors[0]);
		load_strange(&anchors[1]);
	}
	return &anchors[strange];
}

/* What a key of a TPM may also be; true if the key is still the one that is certified. */
static bool vary(TPMT_PUBLIC *area, uint8_t how)
{
	TPMT_SYM_DEF_OBJECT *symmetric = &area->parameters.asymDetail.symmetric;

	switch (how & 15) {
	case 1:
		area->objectAttributes ^= 1u << (how >> 4) * 2;
		return !((EK_ATTRIBUTES | TPMA_OBJECT_SIGN_ENCRYPT) >> (how >> 4) * 2 & 1);
	case 2:
		symmetric->keyBits.aes = how & 0x10 ? 256 : 192;
		return true;
	case 3:
		symmetric->mode.aes = TPM2_ALG_CBC;
		return true;
	case 4:
		symmetric->algorithm = TPM2_ALG_NULL;
		return true;
	case 5:
		area->nameAlg = how & 0x10 ? TPM2_ALG_SHA384 : TPM2_ALG_SHA1;
		return how & 0x10;
	case 6:
		if (area->type == TPM2_ALG_ECC)
			area->parameters.eccDetail.curveID = TPM2_ECC_NIST_P521;
		else
			area->unique.rsa.size = 128;
		return false;
	case 7:
		area->unique.ecc.x.size = area->unique.ecc.y.size = how & 0x10 ? 49 : 1;
		area->unique.ecc.x.size -= how & 0x10 && how & 0x20;
		return false;
	case 8:
		if (area->type == TPM2_ALG_RSA)
			area->parameters.rsaDetail.exponent = how & 0x10 ? 65537 : 3;
		return area->type != TPM2_ALG_RSA || how & 0x10;
	default:
		return true;
	}
}

static struct bytes wrap(const struct options *o, struct bytes der)
{
	static const uint8_t header[7] = {0x10, 0x01, 0x00};
	uint8_t padding = o->wrap & 4 ? 0xff : 0;
	size_t head = o->wrap & 1 ? sizeof(header) : 0, tail = o->wrap & 6 ? 9 : 0;
	struct bytes whole = {calloc(head + der.size + tail, 1), head + der.size + tail};

	memcpy(whole.data, header, head);
	memcpy(whole.data + head, der.data, der.size);
	memset(whole.data + head + der.size, (o->wrap & 6) == 6 ? 1 : padding, tail);
	bytes_free(&der);
	return whole;
}

/* True when it is another than it was. */
static bool bend(struct bytes *der, struct reader in)
{
	struct bytes before = bytes_copy(der->data, der->size);
	bool other;

	while (reader_left(&in) >= 3) {
		uint16_t at = reader_le16(&in);

		der->data[at % der->size] ^= reader_u8(&in);
	}
	other = !bytes_equal(&before, der);
	bytes_free(&before);
	return other;
}

/* Random numbers that OpenSSL gets: until none are left. */
static unsigned random_left;

static int scarce_bytes(unsigned char *to, int size)
{
	if (!random_left)
		return 0;
	random_left--;
	for (int i = 0; i < size; i++)
		to[i] = (unsigned char)(random_left + 7 * (unsigned)i + 1);
	return 1;
}

static int scarce_status(void)
{
	return 1;
}

static const RAND_METHOD scarce = {
	.bytes = scarce_bytes, .pseudorand = scarce_bytes, .status = scarce_status};

static void give_credential(const struct key *key)
{
	struct credential credential;
	struct fault fault = {0};

	if (credential_make(&credential, key, key->name, key->name_size, &fault)) {
		if (!key_hash(key->public.nameAlg))
			abort();
		credential_free(&credential);
	} else if (fault.reason != REASON_ALGORITHM) {
		abort();
	}
}

/* Points of P-384 are multiplied in milliseconds: one input in 16 is worth that. */
static bool affords_credential(const struct key *key, const struct reader *input)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < input->size; i++)
		sum = (uint8_t)(sum + input->data[i]);
	return key->public.type != TPM2_ALG_ECC || sum % 16 == 0 ||
	       key->public.parameters.eccDetail.curveID != TPM2_ECC_NIST_P384;
}

static void try_made(struct reader in)
{
	const struct reader input = in;
	struct options o;
	struct fault fault = {0};
	struct bytes certificate, public;
	struct ek_anchors none;
	struct key key;
	EVP_PKEY *pkey;
	TPMT_PUBLIC area;
	char issuer[256];
	bool good, ok;

	if (!reader_copy(&in, &o, sizeof(o)))
		return;
	pkey = tpm_key_pair((o.made & 3) % TPM_KEY_COUNT, 0);
	area = tpm_key_public(pkey, EK_ATTRIBUTES);
	good = vary(&area, o.public) && !(o.usage & (IS_CA | OTHER_SIGNER | EXPIRED)) &&
	       (o.usage & 7) != 2 && (o.usage & 6) != 4 && (o.wrap & 6) != 6 && !(o.wrap & 0x18);
	certificate = make_certificate(&o, o.made & 4 ? ca_key(true) : pkey);
	good = good && !(o.made & 4);
	good = !bend(&certificate, in) && good;
	certificate = wrap(&o, certificate);
	public = tpm_key_encode(&area);
	if (!ek_anchors_load(&none, NULL, 0, &fault))
		abort();
	ok = key_load(&key, &public, "key", &fault);
	if (ok) {
		ok = ek_check(o.wrap & 8 ? &none : maker(o.wrap & 0x10), &certificate, &key, issuer,
			sizeof(issuer), &fault);
		if (o.made & 8)
			key.public.nameAlg = TPM2_ALG_SHA512;
		random_left = o.random ? o.random - 1u : UINT_MAX;
		RAND_set_rand_method(o.random ? &scarce : NULL);
		if (affords_credential(&key, &input))
			give_credential(&key);
		RAND_set_rand_method(NULL);
		key_free(&key);
	}
	if (ok != good || ok != (fault.reason == REASON_NONE))
		abort();
	ek_anchors_free(&none);
	bytes_free(&certificate);
	bytes_free(&public);
}

static void try_raw(const uint8_t *data, size_t size)
{
	struct bytes certificate, public;
	struct ek_anchors anchors;
	struct fault fault = {0};
	struct key key;
	size_t split = (size_t)data[0] << 8 | data[1];

	if (split > size - 2)
		return;
	certificate = bytes_copy(data + 2, split);
	public = bytes_copy(data + 2 + split, size - 2 - split);
	if (!ek_anchors_load(&anchors, NULL, 0, &fault))
		abort();
	if (key_load(&key, &public, "key", &fault)) {
		if (ek_check(&anchors, &certificate, &key, NULL, 0, &fault))
			abort();
		give_credential(&key);
		key_free(&key);
	}
	ek_anchors_free(&anchors);
	bytes_free(&certificate);
	bytes_free(&public);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (data[0] & 0x80)
		try_made(reader_of(data, size));
	else
		try_raw(data, size);
	return 0;
}
