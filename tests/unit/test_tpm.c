/* sources: kernel/trust/tis.c kernel/trust/tcti.c kernel/trust/tpm.c kernel/trust/tpm_key.c */
/* sources: kernel/trust/quote.c kernel/trust/hash.c kernel/lib/hex.c tests/unit/shim/panic.c */
/* needs: build/host-lib/libmbedtls.a */
/* libs: build/host-lib/libmbedtls.a -ltss2-sys -ltss2-mu -lcrypto */
/* The TPM wrapper against swtpm: banks, PCRs, keys, NV, activation, quotes, causes of failure. */
#include "tests/unit/test_tpm_swtpm.h"
#include "trust/hash.h"
#include "trust/quote.h"
#include "trust/tcti.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <tss2/tss2_mu.h>
#include <cmocka.h>

static struct swtpm swtpm;
static struct tis_device device;
static struct tis tis;
static struct tcti tcti;
static struct tpm tpm;

static void pause_briefly(void)
{
	device.now += 5;
}

static enum vmk_status open_tpm(void)
{
	device_reset(&device, FAULT_NONE);
	device.open = 7;
	device.run = swtpm_run;
	device.user = &swtpm;
	assert_int_equal(tis_probe(&tis, &device_ops, &device), VMK_OK);
	return tpm_open(&tpm, tcti_init(&tcti, tis_transport(&tis)), pause_briefly);
}

static int start(void **state)
{
	return swtpm_start(&swtpm, true) && open_tpm() == VMK_OK ? 0 : -1;
}

static int stop(void **state)
{
	tpm_close(&tpm);
	swtpm_stop(&swtpm);
	return 0;
}

static void check(enum vmk_status status)
{
	if (status != VMK_OK)
		fail_msg("%s: %s (0x%x)", vmk_status_name(status), tpm.why, tpm.rc);
}

static bool all(const uint8_t *value, uint8_t byte)
{
	for (int i = 0; i < 32; i++) {
		if (value[i] != byte)
			return false;
	}
	return true;
}

static void test_identity(void **state)
{
	assert_true(tpm.sha256);
	assert_string_equal(tpm.manufacturer, "IBM");
	assert_true(tpm.firmware != 0);
}

static void test_pcrs(void **state)
{
	uint8_t values[TPM_PCRS][32], one[32], joined[64], sha1[20] = {1}, sha256[32] = {2};

	check(tpm_pcr_read_all(&tpm, values));
	assert_true(all(values[0], 0));
	assert_true(all(values[17], 0xff));
	/* Locality 0 may not extend PCR 19: PTP table 6. */
	assert_int_equal(tpm_pcr_extend(&tpm, 19, sha1, sha256), VMK_DENIED);
	assert_true(swtpm_launch(&swtpm));
	check(tpm_pcr_read_all(&tpm, values));
	assert_false(all(values[17], 0xff));
	assert_true(all(values[19], 0));
	check(tpm_locality(&tpm, 2));
	check(tpm_pcr_extend(&tpm, 19, sha1, sha256));
	check(tpm_locality(&tpm, 0));
	memset(joined, 0, 32);
	memcpy(joined + 32, sha256, 32);
	hash_sha256(joined, 64, one);
	check(tpm_pcr_read(&tpm, 19, values[0]));
	assert_memory_equal(values[0], one, 32);
	assert_int_equal(tpm_pcr_read(&tpm, 24, one), VMK_BAD_PARAM);
	assert_int_equal(tpm_pcr_extend(&tpm, 17, sha1, sha256), VMK_DENIED);
}

static void test_closed_locality(void **state)
{
	device.open = 3;
	assert_int_equal(tpm_locality(&tpm, 2), VMK_DENIED);
	check(tpm_locality(&tpm, 0));
	device.open = 7;
}

static void test_random(void **state)
{
	uint8_t a[100] = {0}, b[100] = {0};

	check(tpm_random(&tpm, a, sizeof(a)));
	check(tpm_random(&tpm, b, sizeof(b)));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a + 64, (uint8_t[32]){0}, 32);
}

static void define_nv(uint32_t index, const uint8_t *data, uint16_t bytes)
{
	TSS2L_SYS_AUTH_COMMAND auth = {.count = 1, .auths = {{.sessionHandle = TPM2_RS_PW}}};
	TSS2L_SYS_AUTH_RESPONSE response;
	TPM2B_AUTH empty = {0};
	TPM2B_NV_PUBLIC public = {
		.nvPublic = {.nvIndex = index,
			.nameAlg = TPM2_ALG_SHA256,
			.dataSize = bytes,
			.attributes = TPMA_NV_OWNERWRITE | TPMA_NV_AUTHREAD | TPMA_NV_OWNERREAD}};

	assert_int_equal(
		Tss2_Sys_NV_DefineSpace(tpm.sys, TPM2_RH_OWNER, &auth, &empty, &public, &response),
		0);
	for (uint16_t at = 0; at < bytes;) {
		TPM2B_MAX_NV_BUFFER part = {.size = bytes - at < 512 ? bytes - at : 512};

		memcpy(part.buffer, data + at, part.size);
		assert_int_equal(Tss2_Sys_NV_Write(tpm.sys, TPM2_RH_OWNER, index, &auth, &part, at,
					 &response),
			0);
		at = (uint16_t)(at + part.size);
	}
}

static void test_nv(void **state)
{
	uint8_t nv[1200], read[2048];
	size_t got;

	for (size_t i = 0; i < sizeof(nv); i++)
		nv[i] = (uint8_t)(i * 31);
	assert_int_equal(tpm_ek_certificate(&tpm, read, sizeof(read), &got), VMK_NOT_FOUND);
	/* A maker's wrapper in front, padding behind. */
	memcpy(nv, "\x10\x01\x00\x04\x9f\x10\x02\x30\x82\x04\x00", 11);
	define_nv(TPM_EK_CERT_INDEX, nv, sizeof(nv));
	check(tpm_ek_certificate(&tpm, read, sizeof(read), &got));
	assert_int_equal(got, 4 + 1024);
	assert_memory_equal(read, nv + 7, got);
	assert_int_equal(tpm_nv_read(&tpm, TPM_EK_CERT_INDEX, read, 1199, &got), VMK_TOO_LARGE);
	check(tpm_nv_read(&tpm, TPM_EK_CERT_INDEX, read, 1200, &got));
	assert_memory_equal(read, nv, sizeof(nv));
}

static void test_certificate_find(void **state)
{
	static const uint8_t good[] = {0x30, 0x82, 0, 2, 1, 2, 0xff, 0xff};
	size_t offset, length;

	assert_int_equal(tpm_ek_certificate_find(good, 8, &offset, &length), VMK_OK);
	assert_int_equal(length, 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(
			tpm_ek_certificate_find(good, i, &offset, &length), VMK_BAD_FORMAT);
	assert_int_equal(tpm_ek_certificate_find(
				 (const uint8_t[4]){0xff, 0xff, 0xff, 0xff}, 4, &offset, &length),
		VMK_BAD_FORMAT);
}

static void test_keys_persist(void **state)
{
	struct tpm_key first, again;

	check(tpm_ak_open(&tpm, &first));
	assert_int_equal(first.handle, TPM_AK_HANDLE);
	assert_non_null(strstr(first.origin, "made"));
	check(tpm_ak_open(&tpm, &again));
	assert_non_null(strstr(again.origin, "found"));
	assert_int_equal(again.public_bytes, first.public_bytes);
	assert_memory_equal(again.public, first.public, first.public_bytes);
	assert_memory_equal(again.name, first.name, TPM_NAME_BYTES);
	check(tpm_ek_open(&tpm, &first));
	assert_int_equal(first.handle, TPM_EK_HANDLE);
	/* TPM2B_PUBLIC of RSA-2048 with a policy. */
	assert_int_equal(first.public_bytes, 316);
}

/* Puts a primary of `hierarchy` with our AK's template, or the EK's, at a persistent handle. */
static void plant(uint32_t hierarchy, const struct tpm_key *like, uint32_t at)
{
	TSS2L_SYS_AUTH_COMMAND auth = {.count = 1, .auths = {{.sessionHandle = TPM2_RS_PW}}};
	TSS2L_SYS_AUTH_RESPONSE response;
	TPM2B_SENSITIVE_CREATE sensitive = {0};
	TPM2B_PUBLIC template = {0}, public = {0};
	TPM2B_DATA outside = {0};
	TPML_PCR_SELECTION pcrs = {0};
	TPM2B_CREATION_DATA creation = {0};
	TPM2B_DIGEST hash = {.size = sizeof(hash) - 2};
	TPMT_TK_CREATION ticket;
	TPM2B_NAME name = {.size = sizeof(name) - 2};
	TPM2_HANDLE handle;
	size_t offset = 0;

	assert_int_equal(Tss2_MU_TPM2B_PUBLIC_Unmarshal(
				 like->public, like->public_bytes, &offset, &template),
		0);
	memset(&template.publicArea.unique, 0, sizeof(template.publicArea.unique));
	assert_int_equal(
		Tss2_Sys_CreatePrimary(tpm.sys, hierarchy, &auth, &sensitive, &template, &outside,
			&pcrs, &handle, &public, &creation, &hash, &ticket, &name, &response),
		0);
	assert_int_equal(
		Tss2_Sys_EvictControl(tpm.sys, TPM2_RH_OWNER, handle, &auth, at, &response), 0);
	assert_int_equal(Tss2_Sys_FlushContext(tpm.sys, handle), 0);
}

static void evict(uint32_t handle)
{
	TSS2L_SYS_AUTH_COMMAND auth = {.count = 1, .auths = {{.sessionHandle = TPM2_RS_PW}}};
	TSS2L_SYS_AUTH_RESPONSE response;

	assert_int_equal(
		Tss2_Sys_EvictControl(tpm.sys, TPM2_RH_OWNER, handle, &auth, handle, &response), 0);
}

static void test_foreign_keys(void **state)
{
	struct tpm_key ak, ek, again;

	check(tpm_ak_open(&tpm, &ak));
	check(tpm_ek_open(&tpm, &ek));
	/* The same template in the owner's hierarchy: quotes would obfuscate resetCount. */
	evict(TPM_AK_HANDLE);
	plant(TPM2_RH_OWNER, &ak, TPM_AK_HANDLE);
	check(tpm_ak_open(&tpm, &again));
	assert_non_null(strstr(again.origin, "another hierarchy"));
	assert_memory_equal(again.public, ak.public, ak.public_bytes);
	/* Another kind of key altogether, in both places. */
	evict(TPM_AK_HANDLE);
	evict(TPM_EK_HANDLE);
	plant(TPM2_RH_ENDORSEMENT, &ek, TPM_AK_HANDLE);
	plant(TPM2_RH_ENDORSEMENT, &ak, TPM_EK_HANDLE);
	check(tpm_ak_open(&tpm, &again));
	assert_memory_equal(again.public, ak.public, ak.public_bytes);
	check(tpm_ek_open(&tpm, &again));
	assert_true(again.transient);
	assert_memory_equal(again.public, ek.public, ek.public_bytes);
	tpm_key_close(&tpm, &again);
	evict(TPM_EK_HANDLE);
}

static void test_owner_password(void **state)
{
	TSS2L_SYS_AUTH_COMMAND auth = {.count = 1, .auths = {{.sessionHandle = TPM2_RS_PW}}};
	TSS2L_SYS_AUTH_RESPONSE response;
	TPM2B_AUTH password = {.size = 3, .buffer = "abc"}, none = {0};
	struct tpm_key first, second;

	check(tpm_ak_open(&tpm, &first));
	evict(TPM_AK_HANDLE);
	assert_int_equal(
		Tss2_Sys_HierarchyChangeAuth(tpm.sys, TPM2_RH_OWNER, &auth, &password, &response),
		0);
	check(tpm_ak_open(&tpm, &second));
	assert_true(second.transient);
	assert_non_null(strstr(second.origin, "would not keep it"));
	assert_memory_equal(second.public, first.public, first.public_bytes);
	tpm_key_close(&tpm, &second);
	auth.auths[0].hmac = password;
	assert_int_equal(
		Tss2_Sys_HierarchyChangeAuth(tpm.sys, TPM2_RH_OWNER, &auth, &none, &response), 0);
}

/* OpenSSL's word on the signature over the quote. */
static bool signature_good(const struct tpm_key *ak, const struct vmk_quote_reply *reply)
{
	uint8_t point[65] = {4}, der[80];
	TPM2B_PUBLIC public = {0};
	TPMT_SIGNATURE sig;
	size_t at = 0, n;
	char group[] = "P-256";
	OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 5),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_END};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY *key = NULL;
	ECDSA_SIG *ecdsa = ECDSA_SIG_new();
	uint8_t *p = der;
	bool good;

	assert_int_equal(
		Tss2_MU_TPM2B_PUBLIC_Unmarshal(ak->public, ak->public_bytes, &at, &public), 0);
	at = 0;
	assert_int_equal(Tss2_MU_TPMT_SIGNATURE_Unmarshal(
				 reply->signature, reply->signature_size, &at, &sig),
		0);
	assert_int_equal(at, reply->signature_size);
	memcpy(point + 1, public.publicArea.unique.ecc.x.buffer, 32);
	memcpy(point + 33, public.publicArea.unique.ecc.y.buffer, 32);
	ECDSA_SIG_set0(ecdsa,
		BN_bin2bn(sig.signature.ecdsa.signatureR.buffer,
			sig.signature.ecdsa.signatureR.size, NULL),
		BN_bin2bn(sig.signature.ecdsa.signatureS.buffer,
			sig.signature.ecdsa.signatureS.size, NULL));
	n = (size_t)i2d_ECDSA_SIG(ecdsa, &p);
	good = EVP_PKEY_fromdata_init(ctx) == 1 &&
	       EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) == 1 &&
	       EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
	       EVP_DigestVerify(md, der, n, reply->attest, reply->attest_size) == 1;
	ECDSA_SIG_free(ecdsa);
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(ctx);
	EVP_MD_CTX_free(md);
	return good;
}

static struct vmk_quote_request request_of(uint32_t version)
{
	struct vmk_quote_request request = {
		.qd_version = version, .pcr_mask = 0x7e0000, .nonce_size = 20};

	memcpy(request.nonce, "nonce-0123456789abcd", 20);
	return request;
}

static void test_quote(void **state)
{
	struct vmk_quote_request request = request_of(0);
	struct vmk_quote_reply reply;
	struct tpm_key ak;
	uint8_t qualifying[QUOTE_QUALIFYING_MAX];
	TPMS_ATTEST attest;
	size_t bytes, at = 0;

	check(tpm_ak_open(&tpm, &ak));
	assert_int_equal(quote_check(&request), VMK_OK);
	bytes = quote_qualifying(&request, NULL, 0, qualifying);
	check(quote_make(&tpm, &ak, &request, qualifying, bytes, &reply));
	assert_true(signature_good(&ak, &reply));
	assert_int_equal(
		Tss2_MU_TPMS_ATTEST_Unmarshal(reply.attest, reply.attest_size, &at, &attest), 0);
	assert_int_equal(at, reply.attest_size);
	assert_int_equal(attest.type, TPM2_ST_ATTEST_QUOTE);
	assert_int_equal(attest.extraData.size, 20);
	assert_memory_equal(attest.extraData.buffer, request.nonce, 20);
	assert_int_equal(attest.attested.quote.pcrSelect.count, 1);
	assert_int_equal(attest.attested.quote.pcrSelect.pcrSelections[0].pcrSelect[2], 0x7e);
	/* The endorsement hierarchy's keys show counters as they are. */
	assert_int_equal(attest.firmwareVersion, tpm.firmware);
	reply.attest[8] ^= 1;
	assert_false(signature_good(&ak, &reply));
}

/* MakeCredential needs no private key: any TPM that has the EK's public part can make one. */
static void make_credential(
	const struct tpm_key *ek, const struct tpm_key *ak, struct vmk_quote_request *request)
{
	TPM2B_DIGEST secret = {.size = 32};
	TPM2B_NAME name = {.size = TPM_NAME_BYTES};
	TPM2B_ID_OBJECT credential = {.size = sizeof(credential) - 2};
	TPM2B_ENCRYPTED_SECRET encrypted = {.size = sizeof(encrypted) - 2};
	size_t at = 0;

	memset(secret.buffer, 0x5e, 32);
	memcpy(name.name, ak->name, TPM_NAME_BYTES);
	assert_int_equal(Tss2_Sys_MakeCredential(tpm.sys, ek->handle, NULL, &secret, &name,
				 &credential, &encrypted, NULL),
		0);
	assert_int_equal(Tss2_MU_TPM2B_ID_OBJECT_Marshal(
				 &credential, request->credential, VMK_CREDENTIAL_MAX, &at),
		0);
	request->credential_size = (uint32_t)at;
	at = 0;
	assert_int_equal(Tss2_MU_TPM2B_ENCRYPTED_SECRET_Marshal(
				 &encrypted, request->secret, VMK_CREDENTIAL_MAX, &at),
		0);
	request->secret_size = (uint32_t)at;
}

static void test_activate(void **state)
{
	struct vmk_quote_request request = request_of(2);
	struct tpm_key ak, ek, other;
	uint8_t secret[QUOTE_SECRET_MAX], wanted[32];
	size_t bytes;

	check(tpm_ak_open(&tpm, &ak));
	check(tpm_ek_open(&tpm, &ek));
	memset(wanted, 0x5e, 32);
	make_credential(&ek, &ak, &request);
	assert_int_equal(quote_check(&request), VMK_OK);
	/* Many times: no session is left behind in the TPM, whatever the outcome. */
	for (int i = 0; i < 10; i++) {
		check(quote_activate(&tpm, &ak, &ek, &request, secret, &bytes));
		assert_int_equal(bytes, 32);
		assert_memory_equal(secret, wanted, 32);
		request.credential[20] ^= 1;
		assert_int_equal(
			quote_activate(&tpm, &ak, &ek, &request, secret, &bytes), VMK_DENIED);
		assert_int_equal(bytes, 0);
		request.credential[20] ^= 1;
	}
	/* A credential for another key's name. */
	other = ak;
	other.name[5] ^= 1;
	make_credential(&ek, &other, &request);
	assert_int_equal(quote_activate(&tpm, &ak, &ek, &request, secret, &bytes), VMK_DENIED);
	/* Not even a ciphertext; and the TPM goes on afterwards. */
	memset(request.secret + 2, 0, request.secret_size - 2);
	assert_int_equal(quote_activate(&tpm, &ak, &ek, &request, secret, &bytes), VMK_DENIED);
	check(tpm_pcr_read(&tpm, 0, secret));
	request.secret_size--;
	assert_int_equal(quote_activate(&tpm, &ak, &ek, &request, secret, &bytes), VMK_BAD_FORMAT);
	request.credential_size = 1;
	assert_int_equal(quote_activate(&tpm, &ak, &ek, &request, secret, &bytes), VMK_BAD_FORMAT);
}

static void test_shutdown(void **state)
{
	check(tpm_shutdown(&tpm));
}

static void test_not_started(void **state)
{
	assert_true(swtpm_start(&swtpm, false));
	assert_int_equal(open_tpm(), VMK_DISABLED);
	assert_non_null(strstr(tpm.why, "firmware did not start it"));
	swtpm_stop(&swtpm);
}

/* The FIFO works, the TPM behind it has died: a time-out or an error, and no hang. */
static void test_dies(void **state)
{
	uint8_t value[32];

	assert_true(swtpm_start(&swtpm, true));
	assert_int_equal(open_tpm(), VMK_OK);
	device.fault = FAULT_NEVER_DONE;
	assert_int_equal(tpm_pcr_read(&tpm, 0, value), VMK_TIMEOUT);
	assert_int_equal(tpm_pcr_read(&tpm, 0, value), VMK_TIMEOUT);
	device.fault = FAULT_NONE;
	check(tpm_pcr_read(&tpm, 0, value));
	tpm_close(&tpm);
	swtpm_stop(&swtpm);
}

/* It dies while a key is forgotten, which nobody asks about: the next command is sent anyway. */
static void test_dies_forgetting(void **state)
{
	struct tpm_key key = {.handle = 0x80000000, .transient = true};
	const char *why;
	uint8_t value[32];

	assert_true(swtpm_start(&swtpm, true));
	assert_int_equal(open_tpm(), VMK_OK);
	why = tpm.why;
	device.fault = FAULT_NEVER_DONE;
	tpm_key_close(&tpm, &key);
	assert_ptr_equal(tpm.why, why);
	device.fault = FAULT_NONE;
	check(tpm_pcr_read(&tpm, 0, value));
	tpm_close(&tpm);
	swtpm_stop(&swtpm);
}

static void bank_off(struct tis_device *d)
{
	swtpm_run(d);
	/* The answer to GetCapability(PCRS): the SHA-256 bank loses its PCRs. */
	if (d->command[9] == 0x7a && d->command[13] == TPM2_CAP_PCRS) {
		for (size_t i = 19; i + 5 < d->response_bytes; i += 6) {
			if (d->response[i + 1] == TPM2_ALG_SHA256)
				memset(d->response + i + 3, 0, 3);
		}
	}
}

static void test_no_bank(void **state)
{
	assert_true(swtpm_start(&swtpm, true));
	device_reset(&device, FAULT_NONE);
	device.run = bank_off;
	device.user = &swtpm;
	assert_int_equal(tis_probe(&tis, &device_ops, &device), VMK_OK);
	assert_int_equal(tpm_open(&tpm, tcti_init(&tcti, tis_transport(&tis)), pause_briefly),
		VMK_UNSUPPORTED);
	assert_string_equal(tpm.why, "no SHA-256 bank");
	swtpm_stop(&swtpm);
}

static unsigned retries;

static void retry_first(struct tis_device *d)
{
	static const uint8_t retry[] = {0x80, 1, 0, 0, 0, 10, 0, 0, 9, 0x22};

	if (retries == 0) {
		swtpm_run(d);
		return;
	}
	retries--;
	memcpy(d->response, retry, sizeof(retry));
	d->response_bytes = sizeof(retry);
}

static void test_retry(void **state)
{
	uint8_t value[32];

	assert_true(swtpm_start(&swtpm, true));
	assert_int_equal(open_tpm(), VMK_OK);
	device.run = retry_first;
	retries = 5;
	check(tpm_pcr_read(&tpm, 0, value));
	retries = 1000000;
	assert_int_equal(tpm_pcr_read(&tpm, 0, value), VMK_TIMEOUT);
	retries = 0;
	tpm_close(&tpm);
	swtpm_stop(&swtpm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_pcrs),
		cmocka_unit_test(test_closed_locality),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_nv),
		cmocka_unit_test(test_certificate_find),
		cmocka_unit_test(test_keys_persist),
		cmocka_unit_test(test_foreign_keys),
		cmocka_unit_test(test_owner_password),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_activate),
		cmocka_unit_test(test_shutdown),
	};
	const struct CMUnitTest causes[] = {
		cmocka_unit_test(test_not_started),
		cmocka_unit_test(test_dies),
		cmocka_unit_test(test_dies_forgetting),
		cmocka_unit_test(test_no_bank),
		cmocka_unit_test(test_retry),
	};
	int failed = cmocka_run_group_tests(tests, start, stop);

	return failed + cmocka_run_group_tests(causes, NULL, NULL);
}
