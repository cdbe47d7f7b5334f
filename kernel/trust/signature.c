#include "trust/signature.h"

#include "lib/types.h"
#include "mem/heap.h"
#include "trust/hash.h"

#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include <mbedtls/oid.h>
#include <mbedtls/pkcs7.h>
#include <mbedtls/x509_crt.h>
#include <string.h>

#define RSA_BITS_MIN 3072u
#define CHAINS_KNOWN 4u

/* What a chain may be made of. No SHA-1, no RSA below 3072 bits, no curve but P-256 and P-384. */
static const mbedtls_x509_crt_profile profile = {
	.allowed_mds = MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
	.allowed_pks = MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_RSA) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA),
	.allowed_curves = MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) |
			  MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1),
	.rsa_min_bitlen = RSA_BITS_MIN,
};

/* On the heap: together these are several kilobytes. */
struct verification {
	mbedtls_x509_crt chain; /* the signer, then the intermediate */
	mbedtls_x509_crt roots;
	mbedtls_pkcs7 cms;
	struct signature_path *path;
	const char *why;
};

static enum vmk_status refuse(struct verification *v, enum vmk_status status, const char *why)
{
	v->why = why;
	return status;
}

/* One certificate, appended to `list`. Returns its size, 0 for what is none. */
static size_t parse_cert(mbedtls_x509_crt *list, const uint8_t *der, size_t bytes)
{
	mbedtls_x509_crt *cert = list;

	if (bytes == 0 || mbedtls_x509_crt_parse_der(list, der, bytes) != 0)
		return 0;
	while (cert->next)
		cert = cert->next;
	return cert->raw.len;
}

static bool parse_roots(struct verification *v, const uint8_t *roots, size_t bytes)
{
	unsigned count = 0;

	while (bytes > 0 && count < SIGNATURE_ROOTS_MAX) {
		size_t size = parse_cert(&v->roots, roots, bytes);

		if (size == 0)
			return false;
		roots += size;
		bytes -= size;
		count++;
	}
	return bytes == 0 && count > 0;
}

static enum vmk_status parse_certs(struct verification *v, const struct signature_cert *certs,
	unsigned count, const uint8_t *roots, size_t roots_n)
{
	if (!parse_roots(v, roots, roots_n))
		return refuse(v, VMK_BAD_FORMAT, "the root certificates do not parse");
	if (certs[0].bytes == 0 ||
		parse_cert(&v->chain, certs[0].der, certs[0].bytes) != certs[0].bytes)
		return refuse(v, VMK_BAD_FORMAT, "the signer's certificate does not parse");
	if (count > 1 && (certs[1].bytes == 0 || parse_cert(&v->chain, certs[1].der,
							 certs[1].bytes) != certs[1].bytes))
		return refuse(v, VMK_BAD_FORMAT, "the intermediate certificate does not parse");
	return VMK_OK;
}

/* mbedTLS takes anyExtendedKeyUsage and a missing extension for consent; we do not. */
static bool may_sign_code(const mbedtls_x509_crt *cert)
{
	const mbedtls_x509_sequence *usage = &cert->ext_key_usage;

	if (!mbedtls_x509_crt_has_ext_type(cert, MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE))
		return false;
	for (; usage; usage = usage->next) {
		if (MBEDTLS_OID_CMP(MBEDTLS_OID_CODE_SIGNING, &usage->buf) == 0)
			return true;
	}
	return false;
}

static enum vmk_status check_usage(struct verification *v)
{
	const mbedtls_x509_crt *cert = &v->chain;

	if (cert->ca_istrue)
		return refuse(v, VMK_UNKNOWN_SIGNER, "the signer's certificate is a CA's");
	if (!mbedtls_x509_crt_has_ext_type(cert, MBEDTLS_X509_EXT_KEY_USAGE) ||
		mbedtls_x509_crt_check_key_usage(cert, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0)
		return refuse(v, VMK_UNKNOWN_SIGNER,
			"the signer's certificate lacks key usage digitalSignature");
	if (!may_sign_code(cert))
		return refuse(v, VMK_UNKNOWN_SIGNER,
			"the signer's certificate lacks extended key usage codeSigning");
	return VMK_OK;
}

/* The level that a certificate names; LEVEL_COUNT unless it names exactly one. */
static enum acceptance_level named_level(const mbedtls_x509_crt *cert)
{
	static const uint8_t arc[] = LEVEL_POLICY_DER;
	const mbedtls_x509_sequence *policy = &cert->certificate_policies;
	enum acceptance_level level = LEVEL_COUNT;

	_Static_assert(sizeof(arc) == LEVEL_POLICY_DER_BYTES + 1, "length of the arc");
	for (; policy; policy = policy->next) {
		const mbedtls_x509_buf *oid = &policy->buf;

		if (oid->len != LEVEL_POLICY_DER_BYTES + 1 ||
			memcmp(oid->p, arc, LEVEL_POLICY_DER_BYTES) != 0)
			continue;
		if (level != LEVEL_COUNT)
			return LEVEL_COUNT;
		switch (oid->p[LEVEL_POLICY_DER_BYTES]) {
#define X(symbol, name, number) \
	case number:            \
		level = symbol; \
		break;
			ACCEPTANCE_LEVELS(X)
#undef X
		default:
			return LEVEL_COUNT;
		}
	}
	return level;
}

/* mbedTLS shows each certificate of the path that it found, the root first. */
static int note_certificate(void *context, mbedtls_x509_crt *cert, int depth, uint32_t *flags)
{
	struct verification *v = context;
	struct signature_path *path = v->path;
	enum acceptance_level level;

	if (depth < 0 || (unsigned)depth >= ARRAY_SIZE(path->keys))
		return MBEDTLS_ERR_X509_FATAL_ERROR;
	hash_sha256(cert->pk_raw.p, cert->pk_raw.len, path->keys[depth]);
	if (path->count == 0) {
		path->count = (unsigned)depth + 1;
		path->limit = LEVEL_COUNT;
		return 0;
	}
	level = named_level(cert);
	if (level == LEVEL_COUNT && !v->why)
		v->why = "a certificate of the signer's chain does not name one acceptance level";
	path->limit = MIN(path->limit, level);
	(void)flags;
	return 0;
}

static enum vmk_status check_chain(struct verification *v)
{
	uint32_t flags = 0;
	int result = mbedtls_x509_crt_verify_with_profile(
		&v->chain, &v->roots, NULL, &profile, NULL, &flags, note_certificate, v);

	if (result == 0 && flags == 0)
		return v->why ? VMK_UNKNOWN_SIGNER : check_usage(v);
	if (result != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
		return refuse(v, VMK_NO_MEMORY, "no memory to verify the signer's chain");
	if (flags & (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK |
			    MBEDTLS_X509_BADCERT_BAD_KEY))
		return refuse(v, VMK_UNSUPPORTED,
			"the signer's chain uses a key or hash that is not accepted");
	return refuse(v, VMK_UNKNOWN_SIGNER, "the signer's chain does not end at a root");
}

/*
 * Chains that were verified. What follows from the bytes of certificates and roots never changes,
 * as no date is looked at; who was revoked since is asked for each package. Whoever finds the
 * memory in use verifies.
 */
static struct {
	uint32_t in_use; /* atomic */
	unsigned next;
	struct {
		uint8_t key[SHA256_BYTES];
		struct signature_path path; /* count 0: empty */
	} known[CHAINS_KNOWN];
} chains;

static bool take_chains(void)
{
	return !__atomic_exchange_n(&chains.in_use, 1, __ATOMIC_ACQUIRE);
}

static void leave_chains(void)
{
	__atomic_store_n(&chains.in_use, 0, __ATOMIC_RELEASE);
}

static bool recall_chain(const uint8_t key[SHA256_BYTES], struct signature_path *path)
{
	bool found = false;

	if (!take_chains())
		return false;
	for (unsigned i = 0; i < CHAINS_KNOWN && !found; i++) {
		found = chains.known[i].path.count &&
			memcmp(chains.known[i].key, key, SHA256_BYTES) == 0;
		if (found)
			*path = chains.known[i].path;
	}
	leave_chains();
	return found;
}

static void remember_chain(const uint8_t key[SHA256_BYTES], const struct signature_path *path)
{
	if (!take_chains())
		return;
	memcpy(chains.known[chains.next].key, key, SHA256_BYTES);
	chains.known[chains.next].path = *path;
	chains.next = (chains.next + 1) % CHAINS_KNOWN;
	leave_chains();
}

static enum vmk_status check_chain_once(struct verification *v, const struct signature_cert *certs,
	unsigned count, const uint8_t *roots, size_t roots_n)
{
	uint8_t digests[1 + SIGNATURE_CERTS_MAX][SHA256_BYTES] = {0}, key[SHA256_BYTES];
	enum vmk_status status;

	hash_sha256(roots, roots_n, digests[0]);
	for (unsigned i = 0; i < count; i++)
		hash_sha256(certs[i].der, certs[i].bytes, digests[1 + i]);
	hash_sha256(digests, sizeof(digests), key);
	if (recall_chain(key, v->path))
		return VMK_OK;
	status = check_chain(v);
	if (status == VMK_OK)
		remember_chain(key, v->path);
	return status;
}

static enum vmk_status parse_cms(struct verification *v, const uint8_t *cms, size_t bytes)
{
	int result = mbedtls_pkcs7_parse_der(&v->cms, cms, bytes);

	if (result == MBEDTLS_PKCS7_SIGNED_DATA)
		return VMK_OK;
	if (result == MBEDTLS_ERR_PKCS7_FEATURE_UNAVAILABLE)
		return refuse(v, VMK_UNSUPPORTED, "the signature is not a detached CMS SignedData");
	if (result == MBEDTLS_ERR_PKCS7_ALLOC_FAILED)
		return refuse(v, VMK_NO_MEMORY, "no memory to parse the signature");
	return refuse(v, VMK_BAD_FORMAT, "the signature is not a CMS SignedData that we accept");
}

static bool same_bytes(const mbedtls_x509_buf *a, const mbedtls_x509_buf *b)
{
	return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

/* mbedTLS verifies by the key's type whatever the signature says that it is; here they must agree.
 */
static bool names_our_algorithm(
	const mbedtls_x509_buf *named, mbedtls_pk_type_t key, mbedtls_md_type_t md)
{
	mbedtls_pk_type_t pk;
	mbedtls_md_type_t hash;

	/* RFC 3370 section 3.2: rsaEncryption alone, or with the hash's name in it. */
	if (mbedtls_oid_get_pk_alg(named, &pk) == 0)
		return pk == MBEDTLS_PK_RSA && key == MBEDTLS_PK_RSA;
	if (mbedtls_oid_get_sig_alg(named, &hash, &pk) != 0 || hash != md)
		return false;
	return pk == key || (pk == MBEDTLS_PK_ECDSA && key == MBEDTLS_PK_ECKEY);
}

/* One signer, who is whom the certificate says, over a hash that we accept. */
static enum vmk_status check_signer_info(struct verification *v)
{
	const mbedtls_pkcs7_signed_data *signed_data = &v->cms.signed_data;
	mbedtls_md_type_t md;

	if (signed_data->no_of_signers == 0)
		return refuse(v, VMK_UNSIGNED, "the signature names no signer");
	if (signed_data->no_of_signers != 1)
		return refuse(v, VMK_UNSUPPORTED, "the signature has more than one signer");
	if (signed_data->no_of_certs != 0)
		return refuse(v, VMK_UNSUPPORTED, "the signature brings its own certificate");
	if (mbedtls_oid_get_md_alg(&signed_data->digest_alg_identifiers, &md) != 0 ||
		(md != MBEDTLS_MD_SHA256 && md != MBEDTLS_MD_SHA384 && md != MBEDTLS_MD_SHA512))
		return refuse(v, VMK_UNSUPPORTED, "the signature's hash is not accepted");
	if (!names_our_algorithm(&signed_data->signers.sig_alg_identifier,
		    mbedtls_pk_get_type(&v->chain.pk), md))
		return refuse(v, VMK_UNSUPPORTED,
			"the signature's algorithm is not accepted or not its key's");
	if (!same_bytes(&signed_data->signers.issuer_raw, &v->chain.issuer_raw) ||
		!same_bytes(&signed_data->signers.serial, &v->chain.serial))
		return refuse(v, VMK_BAD_SIGNATURE,
			"the signature is by another certificate than the one given");
	return VMK_OK;
}

/* The subject's common name; it will be logged, so only printable ASCII gets through. */
static void copy_common_name(const mbedtls_x509_crt *cert, char *signer)
{
	const mbedtls_x509_name *name = &cert->subject;
	size_t length;

	while (name && MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid) != 0)
		name = name->next;
	if (!name)
		return;
	length = MIN(name->val.len, SIGNATURE_SIGNER_MAX - 1u);
	for (size_t i = 0; i < length; i++) {
		uint8_t c = name->val.p[i];

		signer[i] = c >= ' ' && c <= '~' ? (char)c : '?';
	}
	signer[length] = '\0';
}

/* As it stands there: what would have to be changed is nobody's name. */
static void copy_organization(const mbedtls_x509_crt *cert, char *provider)
{
	const mbedtls_x509_name *found = NULL;

	for (const mbedtls_x509_name *name = &cert->subject; name; name = name->next) {
		if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_ORGANIZATION, &name->oid) != 0)
			continue;
		if (found)
			return;
		found = name;
	}
	if (!found || found->val.len >= SIGNATURE_PROVIDER_MAX)
		return;
	for (size_t i = 0; i < found->val.len; i++) {
		if (found->val.p[i] < ' ' || found->val.p[i] > '~')
			return;
	}
	memcpy(provider, found->val.p, found->val.len);
	provider[found->val.len] = '\0';
}

static bool is_signed(struct verification *v, const struct signature_data *data)
{
	mbedtls_md_type_t md = MBEDTLS_MD_NONE;

	mbedtls_oid_get_md_alg(&v->cms.signed_data.digest_alg_identifiers, &md);
	if (md == MBEDTLS_MD_SHA256 && data->sha256)
		return mbedtls_pkcs7_signed_hash_verify(
			       &v->cms, &v->chain, data->sha256, SHA256_BYTES) == 0;
	return mbedtls_pkcs7_signed_data_verify(&v->cms, &v->chain, data->bytes, data->size) == 0;
}

static enum vmk_status verify(
	struct verification *v, const struct signature_data *data, const uint8_t *cms, size_t cms_n)
{
	enum vmk_status status = parse_cms(v, cms, cms_n);

	if (status == VMK_OK)
		status = check_signer_info(v);
	if (status != VMK_OK)
		return status;
	if (!is_signed(v, data))
		return refuse(v, VMK_BAD_SIGNATURE, "the signature does not match the data");
	return VMK_OK;
}

static enum vmk_status run(struct verification *v, const struct signature_data *data,
	const uint8_t *cms, size_t cms_n, const struct signature_cert *certs, unsigned count,
	const uint8_t *roots, size_t roots_n)
{
	enum vmk_status status;

	mbedtls_x509_crt_init(&v->chain);
	mbedtls_x509_crt_init(&v->roots);
	mbedtls_pkcs7_init(&v->cms);
	v->why = NULL;
	status = parse_certs(v, certs, count, roots, roots_n);
	if (status == VMK_OK)
		status = check_chain_once(v, certs, count, roots, roots_n);
	if (status == VMK_OK)
		status = verify(v, data, cms, cms_n);
	if (status != VMK_OK) {
		*v->path = (struct signature_path){0};
		return status;
	}
	copy_common_name(&v->chain, v->path->signer);
	copy_organization(&v->chain, v->path->provider);
	return VMK_OK;
}

enum vmk_status signature_verify(const struct signature_data *data, const uint8_t *cms,
	size_t cms_n, const struct signature_cert *certs, unsigned count, const uint8_t *roots,
	size_t roots_n, struct signature_path *path, const char **why)
{
	struct verification *v;
	enum vmk_status status;
	const char *unused;

	if (!why)
		why = &unused;
	*path = (struct signature_path){0};
	*why = "there is no signature";
	if (cms_n == 0 || count == 0)
		return VMK_UNSIGNED;
	*why = "more certificates than a chain may have";
	if (count > SIGNATURE_CERTS_MAX)
		return VMK_BAD_PARAM;
	*why = "no memory to verify the signature";
	v = heap_alloc(sizeof(*v));
	if (!v)
		return VMK_NO_MEMORY;
	v->path = path;
	status = run(v, data, cms, cms_n, certs, count, roots, roots_n);
	*why = v->why;
	mbedtls_pkcs7_free(&v->cms);
	mbedtls_x509_crt_free(&v->chain);
	mbedtls_x509_crt_free(&v->roots);
	heap_free(v);
	return status;
}
