/* sources: attest/verifier/ek.c attest/verifier/key.c attest/verifier/credential.c */
/* sources: attest/verifier/bytes.c attest/verifier/fault.c attest/verifier/reason.c */
/* sources: kernel/lib/hex.c fuzz/models/tpm_keys.c */
/* libs: -ltss2-mu -lcrypto */
/* Endorsement keys: chains to a TPM maker's CA, and credentials that only their TPM can open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <tss2/tss2_mu.h>
#include <unistd.h>

#include "fuzz/models/tpm_keys.h"
#include "fuzz/models/x509_extensions.h"
#include "verifier/credential.h"
#include "verifier/ek.h"

#define EK_ATTRIBUTES                                                                       \
	(TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | \
		TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)

static EVP_PKEY *ca_key, *ek_key;
static X509 *ca;
static char ca_path[64];
static struct fault fault;

/* TPM2B_PUBLIC of a P-256 storage key: the default ECC EK template but for its policy. */
static struct bytes public_of(EVP_PKEY *pkey, uint32_t attributes)
{
	TPM2B_PUBLIC tpm = {
		.publicArea = {.type = TPM2_ALG_ECC,
			.nameAlg = TPM2_ALG_SHA256,
			.objectAttributes = attributes,
			.parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_AES,
							 .keyBits.aes = 128,
							 .mode.aes = TPM2_ALG_CFB},
				.scheme.scheme = TPM2_ALG_NULL,
				.curveID = TPM2_ECC_NIST_P256,
				.kdf.scheme = TPM2_ALG_NULL}}};
	TPMS_ECC_POINT *unique = &tpm.publicArea.unique.ecc;
	uint8_t point[65], encoded[512];
	size_t size, offset = 0;

	assert_int_equal(EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
				 point, sizeof(point), &size),
		1);
	unique->x.size = unique->y.size = 32;
	memcpy(unique->x.buffer, point + 1, 32);
	memcpy(unique->y.buffer, point + 33, 32);
	assert_int_equal(Tss2_MU_TPM2B_PUBLIC_Marshal(&tpm, encoded, sizeof(encoded), &offset), 0);
	return bytes_copy(encoded, offset);
}

static X509 *certificate_with(
	EVP_PKEY *pkey, EVP_PKEY *signer, bool is_ca, long days, int nid, const char *value)
{
	X509 *certificate = X509_new();
	X509_NAME *name = X509_NAME_new();

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), is_ca ? 1 : 2);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -86400 * 10);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400 * days);
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const unsigned char *)"Maker CA", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	if (is_ca) {
		X509_set_subject_name(certificate, name);
		x509_add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
	} else {
		x509_add_unknown_critical(certificate);
	}
	if (value)
		x509_add_extension(certificate, nid, value);
	X509_set_pubkey(certificate, pkey);
	assert_true(X509_sign(certificate, signer, EVP_sha256()) > 0);
	X509_NAME_free(name);
	return certificate;
}

static X509 *certificate_for(EVP_PKEY *pkey, EVP_PKEY *signer, bool is_ca, long days)
{
	return certificate_with(pkey, signer, is_ca, days, 0, NULL);
}

static struct bytes der_of(X509 *certificate)
{
	uint8_t *der = NULL;
	int size = i2d_X509(certificate, &der);
	struct bytes bytes;

	assert_true(size > 0);
	bytes = bytes_copy(der, (size_t)size);
	OPENSSL_free(der);
	X509_free(certificate);
	return bytes;
}

static int make_ca(void **state)
{
	FILE *file;
	int fd;

	ca_key = EVP_EC_gen("P-256");
	ek_key = EVP_EC_gen("P-256");
	ca = certificate_for(ca_key, ca_key, true, 100);
	strcpy(ca_path, "/tmp/merlon-ca.XXXXXX");
	fd = mkstemp(ca_path);
	file = fdopen(fd, "w");
	PEM_write_X509(file, ca);
	fclose(file);
	return 0;
}

static int drop_ca(void **state)
{
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(ek_key);
	X509_free(ca);
	return unlink(ca_path);
}

static enum reason check_public(const struct bytes *certificate, const struct bytes *public)
{
	const char *paths[] = {ca_path};
	struct ek_anchors anchors;
	struct key ek;

	fault = (struct fault){0};
	assert_true(ek_anchors_load(&anchors, paths, 1, &fault));
	assert_true(key_load(&ek, public, "EK", &fault));
	assert_int_equal(
		ek_check(&anchors, certificate, &ek, NULL, 0, &fault), fault.reason == REASON_NONE);
	key_free(&ek);
	ek_anchors_free(&anchors);
	return fault.reason;
}

static enum reason check_as(const struct bytes *certificate, EVP_PKEY *pkey, uint32_t attributes)
{
	struct bytes public = public_of(pkey, attributes);
	enum reason reason = check_public(certificate, &public);

	bytes_free(&public);
	return reason;
}

static enum reason check(const struct bytes *certificate)
{
	return check_as(certificate, ek_key, EK_ATTRIBUTES);
}

static void accepts_the_makers_certificate(void **state)
{
	struct bytes der = der_of(certificate_for(ek_key, ca_key, false, 1));

	assert_int_equal(check(&der), REASON_NONE);
	bytes_free(&der);
}

static void reads_it_as_nv_holds_it(void **state)
{
	static const uint8_t header[7] = {0x10, 0x01, 0x00, 0x01, 0x00, 0x10, 0x02};
	struct bytes der = der_of(certificate_for(ek_key, ca_key, false, 1));
	struct bytes stored = {.data = calloc(1, der.size + 100), .size = der.size + 100};

	memcpy(stored.data, header, 7);
	memcpy(stored.data + 7, der.data, der.size);
	assert_int_equal(check(&stored), REASON_NONE);
	memset(stored.data + 7 + der.size, 0xff, 93);
	assert_int_equal(check(&stored), REASON_NONE);
	stored.data[7 + der.size + 50] = 0x42;
	assert_int_equal(check(&stored), REASON_TRAILING_BYTES);
	bytes_free(&der);
	bytes_free(&stored);
}

/* OpenSSL verifies no chain of a key that it has no type for. */
static void accepts_rsa_keys_labelled_oaep(void **state)
{
	EVP_PKEY *rsa = tpm_key_pair(TPM_KEY_RSA, 0);
	TPMT_PUBLIC area = tpm_key_public(rsa, EK_ATTRIBUTES),
		    other = tpm_key_public(tpm_key_pair(TPM_KEY_RSA, 1), EK_ATTRIBUTES);
	struct bytes public = tpm_key_encode(&area), public_other = tpm_key_encode(&other), der;
	X509 *certificate = certificate_for(rsa, ca_key, false, 1);
	uint8_t *bits = NULL;
	int size = i2d_PublicKey(rsa, &bits);

	assert_int_equal(X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(certificate),
				 OBJ_nid2obj(NID_rsaesOaep), V_ASN1_NULL, NULL, bits, size),
		1);
	X509_sign(certificate, ca_key, EVP_sha256());
	der = der_of(certificate);
	assert_int_equal(check_public(&der, &public), REASON_NONE);
	assert_int_equal(check_public(&der, &public_other), REASON_EK_MISMATCH);
	der.data[der.size - 1] ^= 1;
	assert_int_equal(check_public(&der, &public), REASON_EK_UNTRUSTED);
	bytes_free(&der);
	bytes_free(&public);
	bytes_free(&public_other);
}

/* What a certificate says beyond a key that can be read is the CA's word, but no key of anybody. */
static void refuses_bits_labelled_oaep_that_are_no_key(void **state)
{
	const TPMT_PUBLIC area = tpm_key_public(tpm_key_pair(TPM_KEY_RSA, 0), EK_ATTRIBUTES);
	struct bytes public = tpm_key_encode(&area);

	for (int size = 0; size <= 8; size += 4) {
		X509 *certificate = certificate_for(tpm_key_pair(TPM_KEY_RSA, 0), ca_key, false, 1);
		uint8_t *bits = OPENSSL_zalloc((size_t)size + 1);
		struct bytes der;

		assert_int_equal(X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(certificate),
					 OBJ_nid2obj(NID_rsaesOaep), V_ASN1_NULL, NULL, bits, size),
			1);
		X509_sign(certificate, ca_key, EVP_sha256());
		der = der_of(certificate);
		assert_int_not_equal(check_public(&der, &public), REASON_NONE);
		bytes_free(&der);
	}
	bytes_free(&public);
}

static void trust(X509 *certificate)
{
	FILE *file = fopen(ca_path, "w");

	PEM_write_X509(file, certificate);
	fclose(file);
}

/* Only the EK's own certificate may say critical things that nobody here knows. */
static void refuses_what_a_ca_cannot_vouch_for(void **state)
{
	X509 *expired = certificate_for(ca_key, ca_key, true, -1);
	X509 *strange = certificate_for(ca_key, ca_key, true, 100);
	struct bytes der = der_of(certificate_for(ek_key, ca_key, false, 1));

	trust(expired);
	assert_int_equal(check(&der), REASON_EK_UNTRUSTED);
	assert_non_null(strstr(fault.what, "expired"));
	x509_add_unknown_critical(strange);
	X509_sign(strange, ca_key, EVP_sha256());
	trust(strange);
	assert_int_equal(check(&der), REASON_EK_UNTRUSTED);
	assert_non_null(strstr(fault.what, "critical extension"));
	trust(ca);
	assert_int_equal(check(&der), REASON_NONE);
	X509_free(expired);
	X509_free(strange);
	bytes_free(&der);
}

static void refuses_other_makers(void **state)
{
	EVP_PKEY *other = EVP_EC_gen("P-256");
	struct bytes der = der_of(certificate_for(ek_key, other, false, 1));

	assert_int_equal(check(&der), REASON_EK_UNTRUSTED);
	bytes_free(&der);
	EVP_PKEY_free(other);
}

static void refuses_expired_ones(void **state)
{
	struct bytes der = der_of(certificate_for(ek_key, ca_key, false, -1));

	assert_int_equal(check(&der), REASON_EK_UNTRUSTED);
	assert_non_null(strstr(fault.what, "expired"));
	bytes_free(&der);
}

static void refuses_another_tpms_certificate(void **state)
{
	EVP_PKEY *other = EVP_EC_gen("P-256");
	struct bytes der = der_of(certificate_for(other, ca_key, false, 1));

	assert_int_equal(check(&der), REASON_EK_MISMATCH);
	bytes_free(&der);
	EVP_PKEY_free(other);
}

static void refuses_keys_that_are_no_ek(void **state)
{
	struct bytes der = der_of(certificate_for(ek_key, ca_key, false, 1));

	assert_int_equal(check_as(&der, ek_key, EK_ATTRIBUTES & ~TPMA_OBJECT_RESTRICTED),
		REASON_KEY_ATTRIBUTES);
	assert_int_equal(check_as(&der, ek_key, EK_ATTRIBUTES | TPMA_OBJECT_SIGN_ENCRYPT),
		REASON_KEY_ATTRIBUTES);
	bytes_free(&der);
}

/* A CA may issue more than EK certificates, and to whoever has a key in a file. */
static void refuses_certificates_for_other_purposes(void **state)
{
	static const struct {
		int nid;
		const char *value;
		enum reason reason;
	} cases[] = {
		{NID_ext_key_usage, "2.23.133.8.1", REASON_NONE},
		{NID_ext_key_usage, "serverAuth,2.23.133.8.1", REASON_NONE},
		{NID_ext_key_usage, "serverAuth", REASON_EK_UNTRUSTED},
		{NID_ext_key_usage, "2.23.133.8.3", REASON_EK_UNTRUSTED}, /* an AK's */
		{NID_ext_key_usage, "anyExtendedKeyUsage", REASON_EK_UNTRUSTED},
		{NID_basic_constraints, "CA:FALSE", REASON_NONE},
		{NID_basic_constraints, "critical,CA:TRUE", REASON_EK_UNTRUSTED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes der = der_of(
			certificate_with(ek_key, ca_key, false, 1, cases[i].nid, cases[i].value));

		assert_int_equal(check(&der), cases[i].reason);
		bytes_free(&der);
	}
}

static void refuses_what_is_no_certificate(void **state)
{
	struct bytes nothing = bytes_copy("", 0), text = bytes_copy("certificate", 11);

	assert_int_equal(check(&nothing), REASON_MALFORMED);
	assert_int_equal(check(&text), REASON_MALFORMED);
	bytes_free(&nothing);
	bytes_free(&text);
}

static void names_a_ca_file_that_is_none(void **state)
{
	const char *paths[] = {"/dev/null", "/nonexistent/ca.pem"};
	struct ek_anchors anchors;

	assert_false(ek_anchors_load(&anchors, paths, 1, &fault));
	assert_false(ek_anchors_load(&anchors, paths + 1, 1, &fault));
	assert_non_null(strstr(fault.what, "/nonexistent/ca.pem"));
}

/* --- the TPM's side of a credential, written from the specification a second time */

static void hmac(
	const uint8_t *key, size_t key_size, const uint8_t *data, size_t size, uint8_t mac[32])
{
	assert_non_null(HMAC(EVP_sha256(), key, (int)key_size, data, size, mac, NULL));
}

/* Part 1, 11.4.10.2: HMAC(key, [1] || label || 00 || context || bits). */
static void kdfa(const uint8_t seed[32], const char *label, const uint8_t *context,
	size_t context_size, uint32_t bits, uint8_t out[32])
{
	uint8_t data[256] = {0, 0, 0, 1};
	size_t size = 4;

	memcpy(data + size, label, strlen(label) + 1);
	size += strlen(label) + 1;
	if (context_size)
		memcpy(data + size, context, context_size);
	size += context_size;
	data[size++] = 0;
	data[size++] = 0;
	data[size++] = (uint8_t)(bits >> 8);
	data[size++] = (uint8_t)bits;
	hmac(seed, 32, data, size, out);
}

static void seed_from_point(const struct bytes *encrypted, uint8_t seed[32])
{
	uint8_t point[65] = {4}, z[32], own[65], data[256] = {0, 0, 0, 1};
	size_t size = 4, z_size = 32, own_size;
	EVP_PKEY *peer = EVP_PKEY_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ek_key, NULL);

	assert_int_equal(encrypted->size, 2 + 4 + 64);
	memcpy(point + 1, encrypted->data + 4, 32);
	memcpy(point + 33, encrypted->data + 38, 32);
	assert_int_equal(EVP_PKEY_copy_parameters(peer, ek_key), 1);
	assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, point, 65), 1);
	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, z, &z_size), 1);
	EVP_PKEY_get_octet_string_param(
		ek_key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, own, sizeof(own), &own_size);
	memcpy(data + size, z, 32);
	memcpy(data + size + 32, "IDENTITY", 9);
	memcpy(data + size + 41, point + 1, 32);
	memcpy(data + size + 73, own + 1, 32);
	sha256(seed, data, size + 105);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
}

static void the_tpm_opens_its_credential(void **state)
{
	static const uint8_t name[34] = {0, 0x0b, 1, 2, 3}, iv[16];
	struct bytes public = public_of(ek_key, EK_ATTRIBUTES);
	struct credential credential;
	uint8_t seed[32], storage[32], integrity[32], mac[32], signed_part[34 + 34], plain[34];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct key ek;
	int size;

	assert_true(key_load(&ek, &public, "EK", &fault));
	assert_true(credential_make(&credential, &ek, name, sizeof(name), &fault));
	/* TPM2B_ID_OBJECT: 2, TPM2B_DIGEST 2 + 32, encrypted TPM2B_DIGEST 2 + 32. */
	assert_int_equal(credential.blob.size, 2 + 34 + 34);
	seed_from_point(&credential.encrypted, seed);
	kdfa(seed, "STORAGE", name, sizeof(name), 128, storage);
	kdfa(seed, "INTEGRITY", NULL, 0, 256, integrity);
	memcpy(signed_part, credential.blob.data + 36, 34);
	memcpy(signed_part + 34, name, 34);
	hmac(integrity, 32, signed_part, sizeof(signed_part), mac);
	assert_memory_equal(mac, credential.blob.data + 4, 32);
	EVP_DecryptInit_ex(ctx, EVP_aes_128_cfb128(), NULL, storage, iv);
	EVP_DecryptUpdate(ctx, plain, &size, credential.blob.data + 36, 34);
	assert_int_equal(plain[1], 32);
	assert_memory_equal(plain + 2, credential.secret, 32);
	EVP_CIPHER_CTX_free(ctx);
	credential_free(&credential);
	key_free(&ek);
	bytes_free(&public);
}

static void makes_no_credential_with_a_hash_that_it_has_no_room_for(void **state)
{
	static const TPMI_ALG_HASH others[] = {TPM2_ALG_SHA1, TPM2_ALG_SHA512, TPM2_ALG_NULL};
	static const uint8_t name[34] = {0};
	struct bytes public = public_of(ek_key, EK_ATTRIBUTES);
	struct credential credential;
	struct key ek;

	assert_true(key_load(&ek, &public, "EK", &fault));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		ek.public.nameAlg = others[i];
		assert_false(credential_make(&credential, &ek, name, sizeof(name), &fault));
		assert_non_null(strstr(fault.what, "name algorithm"));
	}
	key_free(&ek);
	bytes_free(&public);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_the_makers_certificate),
		cmocka_unit_test(reads_it_as_nv_holds_it),
		cmocka_unit_test(accepts_rsa_keys_labelled_oaep),
		cmocka_unit_test(refuses_bits_labelled_oaep_that_are_no_key),
		cmocka_unit_test(refuses_what_a_ca_cannot_vouch_for),
		cmocka_unit_test(refuses_other_makers),
		cmocka_unit_test(refuses_expired_ones),
		cmocka_unit_test(refuses_another_tpms_certificate),
		cmocka_unit_test(refuses_keys_that_are_no_ek),
		cmocka_unit_test(refuses_certificates_for_other_purposes),
		cmocka_unit_test(refuses_what_is_no_certificate),
		cmocka_unit_test(names_a_ca_file_that_is_none),
		cmocka_unit_test(the_tpm_opens_its_credential),
		cmocka_unit_test(makes_no_credential_with_a_hash_that_it_has_no_room_for),
	};

	return cmocka_run_group_tests(tests, make_ca, drop_ca);
}
