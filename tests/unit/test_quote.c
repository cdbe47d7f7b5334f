/* sources: kernel/trust/quote.c kernel/trust/tpm.c kernel/trust/hash.c tests/unit/shim/panic.c */
/* needs: build/host-lib/libmbedtls.a */
/* libs: build/host-lib/libmbedtls.a -ltss2-sys -ltss2-mu -lcrypto */
/* Which requests are served, and the qualifying data of each version (attest/PROTOCOL.md). */
#include "trust/quote.h"

#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct vmk_quote_request good(uint32_t version)
{
	struct vmk_quote_request r = {
		.qd_version = version, .pcr_mask = 1u << 17, .nonce_size = 32};

	memset(r.nonce, 0xa5, 32);
	memset(r.channel_key, 0xc4, 32);
	if (version == 2)
		r.credential_size = r.secret_size = 100;
	return r;
}

static void expect(struct vmk_quote_request r, enum vmk_status status)
{
	assert_int_equal(quote_check(&r), status);
}

static void test_requests(void **state)
{
	struct vmk_quote_request r;

	for (uint32_t version = 0; version <= 2; version++)
		expect(good(version), VMK_OK);
	expect(good(3), VMK_UNSUPPORTED);
	r = good(0), r.pcr_mask = 0;
	expect(r, VMK_BAD_PARAM);
	r = good(0), r.pcr_mask = 1u << 24;
	expect(r, VMK_BAD_PARAM);
	r = good(0), r.nonce_size = 7;
	expect(r, VMK_BAD_PARAM);
	r = good(0), r.nonce_size = VMK_NONCE_MAX + 1;
	expect(r, VMK_BAD_PARAM);
	r = good(0), r.nonce_size = UINT32_MAX;
	expect(r, VMK_BAD_PARAM);
	r = good(0), r.credential_size = 1;
	expect(r, VMK_BAD_PARAM);
	r = good(1), r.secret_size = 1;
	expect(r, VMK_BAD_PARAM);
	r = good(2), r.secret_size = 0;
	expect(r, VMK_BAD_PARAM);
	r = good(2), r.credential_size = VMK_CREDENTIAL_MAX + 1;
	expect(r, VMK_BAD_PARAM);
}

static void expect_hash(const uint8_t *found, size_t bytes, const char *label, const void *middle,
	size_t middle_bytes, const struct vmk_quote_request *r)
{
	uint8_t joined[256], wanted[32];
	size_t at = strlen(label);

	memcpy(joined, label, at);
	memcpy(joined + at, middle, middle_bytes);
	memcpy(joined + at + middle_bytes, r->nonce, r->nonce_size);
	SHA256(joined, at + middle_bytes + r->nonce_size, wanted);
	assert_int_equal(bytes, 32);
	assert_memory_equal(found, wanted, 32);
}

static void test_qualifying(void **state)
{
	uint8_t data[QUOTE_QUALIFYING_MAX], secret[QUOTE_SECRET_MAX];
	struct vmk_quote_request r = good(0);

	memset(secret, 0x5e, sizeof(secret));
	r.nonce_size = VMK_NONCE_MAX;
	assert_int_equal(quote_qualifying(&r, NULL, 0, data), VMK_NONCE_MAX);
	assert_memory_equal(data, r.nonce, VMK_NONCE_MAX);
	r = good(1);
	expect_hash(
		data, quote_qualifying(&r, NULL, 0, data), "merlon-qd-1", r.channel_key, 32, &r);
	r = good(2);
	r.nonce_size = VMK_NONCE_MAX;
	expect_hash(data, quote_qualifying(&r, secret, 20, data), "merlon-qd-2", secret, 20, &r);
	expect_hash(data, quote_qualifying(&r, secret, QUOTE_SECRET_MAX, data), "merlon-qd-2",
		secret, QUOTE_SECRET_MAX, &r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_qualifying),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
