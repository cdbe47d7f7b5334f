#include "verifier/ek.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#define CA_FILE_MAX (1u << 20)
/* TCG EK Credential Profile 2.4, "Extended Key Usage": that of EK certificates. */
#define OID_EK_CERTIFICATE "2.23.133.8.1"

static size_t add_certificates(struct ek_anchors *anchors, const struct bytes *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->size);
	size_t count = 0;
	X509 *certificate;

	while (bio && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		count += X509_STORE_add_cert(anchors->store, certificate) == 1;
		X509_free(certificate);
	}
	BIO_free(bio);
	ERR_clear_error();
	return count;
}

bool ek_anchors_load(
	struct ek_anchors *anchors, const char *const *paths, size_t count, struct fault *fault)
{
	*anchors = (struct ek_anchors){.store = X509_STORE_new()};
	if (!anchors->store)
		return fault_set(fault, REASON_EK_UNTRUSTED, "OpenSSL: no certificate store");
	for (size_t i = 0; i < count; i++) {
		struct bytes pem;
		size_t added;

		if (!file_read(&pem, paths[i], CA_FILE_MAX)) {
			fault_local(fault, REASON_EK_UNTRUSTED, paths[i], strerror(errno));
			ek_anchors_free(anchors);
			return false;
		}
		added = add_certificates(anchors, &pem);
		bytes_free(&pem);
		if (added == 0) {
			fault_local(
				fault, REASON_EK_UNTRUSTED, paths[i], "no PEM certificate in it");
			ek_anchors_free(anchors);
			return false;
		}
		anchors->count += added;
	}
	return true;
}

void ek_anchors_free(struct ek_anchors *anchors)
{
	X509_STORE_free(anchors->store);
	*anchors = (struct ek_anchors){0};
}

/* TCG PC Client Implementation 1.2, section 7.3.2: TCG_PCCLIENT_STORED_CERT, TCG_FULL_CERT. */
static struct bytes strip_header(const struct bytes *stored)
{
	static const uint8_t head[] = {0x10, 0x01, 0x00};
	struct bytes inner = *stored;

	if (stored->size > 7 && memcmp(stored->data, head, sizeof(head)) == 0) {
		inner.data += 7;
		inner.size -= 7;
	}
	return inner;
}

/* NV indexes are as large as the maker liked: behind the certificate there may be padding. */
static bool is_padding(const uint8_t *p, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (p[i] != 0 && p[i] != 0xff)
			return false;
	}
	return true;
}

/*
 * Some makers label RSA EKs id-RSAES-OAEP, which OpenSSL has no key type for: it then verifies no
 * chain at all. The same bits as a plain RSA key; what the signature is over stays as it came.
 */
static void read_oaep_key(X509 *certificate)
{
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(certificate);
	ASN1_OBJECT *algorithm = NULL;
	const unsigned char *p = bits->data;
	EVP_PKEY *pkey;

	X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, X509_get_X509_PUBKEY(certificate));
	if (OBJ_obj2nid(algorithm) != NID_rsaesOaep)
		return;
	pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, bits->length);
	if (pkey)
		X509_set_pubkey(certificate, pkey);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
}

static X509 *decode(const struct bytes *stored, struct fault *fault)
{
	struct bytes der = strip_header(stored);
	const unsigned char *p = der.data;
	X509 *certificate = d2i_X509(NULL, &p, (long)der.size);

	ERR_clear_error();
	if (certificate && is_padding(p, der.size - (size_t)(p - der.data))) {
		read_oaep_key(certificate);
		return certificate;
	}
	fault_set(fault, certificate ? REASON_TRAILING_BYTES : REASON_MALFORMED,
		"EK certificate: %zu bytes", stored->size);
	X509_free(certificate);
	return NULL;
}

/*
 * EK certificates may carry critical extensions that only TPM people know; the chain's signatures,
 * dates and basic constraints are what we demand.
 */
static int verified(int ok, X509_STORE_CTX *ctx)
{
	if (!ok && X509_STORE_CTX_get_error_depth(ctx) == 0 &&
		X509_STORE_CTX_get_error(ctx) == X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION)
		return 1;
	return ok;
}

static bool check_chain(const struct ek_anchors *anchors, X509 *certificate, struct fault *fault)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	const char *error = "out of memory";
	char subject[256];
	bool ok = false;

	if (ctx && X509_STORE_CTX_init(ctx, anchors->store, certificate, NULL) == 1) {
		X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
		X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY);
		X509_STORE_CTX_set_verify_cb(ctx, verified);
		ok = X509_verify_cert(ctx) == 1;
		error = X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx));
	}
	if (!ok) {
		X509_NAME_oneline(X509_get_issuer_name(certificate), subject, (int)sizeof(subject));
		fault_set(fault, REASON_EK_UNTRUSTED, "EK certificate: %s", error);
		fault_expected(
			fault, "a chain to one of %zu trusted CA certificates", anchors->count);
		fault_found(fault, "issuer %s", subject);
	}
	X509_STORE_CTX_free(ctx);
	return ok;
}

/* tcg-kp-EKCertificate is among them, if purposes are named at all. */
static bool names_ek(X509 *certificate)
{
	int critical = 0;
	EXTENDED_KEY_USAGE *usage =
		X509_get_ext_d2i(certificate, NID_ext_key_usage, &critical, NULL);
	bool found = critical == -1; /* no such extension; -2: more than one */
	char oid[32];

	for (int i = 0; usage && i < sk_ASN1_OBJECT_num(usage); i++) {
		OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(usage, i), 1);
		found |= strcmp(oid, OID_EK_CERTIFICATE) == 0;
	}
	sk_ASN1_OBJECT_pop_free(usage, ASN1_OBJECT_free);
	ERR_clear_error();
	return found;
}

/*
 * What its public area says of an EK is only the host's word until the certificate says that the
 * key is a TPM's: the same CA may have certified a key that lies in a file.
 */
static bool check_purpose(X509 *certificate, struct fault *fault)
{
	if (X509_check_ca(certificate) != 0)
		return fault_set(fault, REASON_EK_UNTRUSTED, "EK certificate: it is a CA's");
	if (names_ek(certificate))
		return true;
	fault_set(fault, REASON_EK_UNTRUSTED, "EK certificate: extended key usage");
	return fault_expected(fault, "none, or tcg-kp-EKCertificate (" OID_EK_CERTIFICATE ")");
}

bool ek_check(const struct ek_anchors *anchors, const struct bytes *stored, const struct key *ek,
	char *issuer, size_t issuer_size, struct fault *fault)
{
	X509 *certificate = decode(stored, fault);
	bool ok;

	if (!certificate)
		return false;
	if (issuer)
		X509_NAME_oneline(X509_get_issuer_name(certificate), issuer, (int)issuer_size);
	ok = check_chain(anchors, certificate, fault) && check_purpose(certificate, fault);
	if (ok && EVP_PKEY_eq(X509_get0_pubkey(certificate), ek->pkey) != 1)
		ok = fault_set(
			fault, REASON_EK_MISMATCH, "the EK's public part against its certificate");
	X509_free(certificate);
	return ok && key_check_endorsement(ek, fault);
}
