/* sources: fuzz/models/rsa_memo.c fuzz/models/signer.c signing/crypto.c signing/token.c */
/* sources: signing/file.c kernel/vmkmod/package.c kernel/vmkmod/manifest.c */
/* sources: kernel/vmkmod/verify.c */
/* sources: kernel/vmkmod/manifest_text.c kernel/vmkmod/parameters.c kernel/vmkmod/domain.c */
/* sources: kernel/lib/keyval.c kernel/lib/hex.c kernel/trust/signature.c kernel/trust/hash.c */
/* sources: tests/unit/shim/package_bytes.c tests/unit/shim/panic.c */
/* needs: build/host-lib/libmbedtls.a */
/* libs: build/host-lib/libmbedtls.a -lcrypto -Wl,--wrap=mbedtls_mpi_exp_mod_unsafe */
/* Signatures without arithmetic: good for what was signed and nothing else, to both libraries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/models/rsa_memo.h"
#include "fuzz/models/signer.h"
#include "tests/unit/shim/package_bytes.h"
#include "vmkmod/package.h"

#define CONTENTS        5000u
#define SIGNATURE_BYTES 384u
#define MARK            "no power"

static uint8_t file[8192];

/* A package of the provider's; returns its size. */
static size_t make(unsigned number)
{
	static struct package_bytes content;
	char payload[16];

	snprintf(payload, sizeof(payload), "%u", number);
	package_bytes_make(&content, MANIFEST_HEAD("config"), payload, strlen(payload));
	return signer_sign(content.data, content.size, file, sizeof(file));
}

static bool openssl_takes(const struct package *p)
{
	return signer_signed(p->data, p->signed_bytes, p->trailer, p->trailer_bytes);
}

static bool mbedtls_takes(struct package *p)
{
	return package_verify(p, signer_root()->data, signer_root()->size, NULL) == VMK_OK;
}

static void check(size_t size, bool taken)
{
	struct package package;

	assert_int_equal(package_parse(file, size, &package, NULL), VMK_OK);
	assert_int_equal(openssl_takes(&package), taken);
	assert_int_equal(mbedtls_takes(&package), taken);
}

/* Where the signature ends: behind it are zeros to a multiple of eight. */
static size_t end_of_signature(size_t size)
{
	static uint8_t other[sizeof(file)];
	size_t end = size;

	assert_int_equal(make(0), size);
	memcpy(other, file, size);
	assert_int_equal(make(1), size);
	while (end > 0 && file[end - 1] == other[end - 1])
		end--;
	return end + strlen(MARK) + 1;
}

/* Nearly all have the mark, a few are signed as ever; both are taken. */
static void signs(void **state)
{
	unsigned marked = 0;

	for (unsigned i = 0; i < CONTENTS; i++) {
		const size_t size = make(i);

		check(size, true);
		for (size_t at = size - 8 - strlen(MARK); at < size; at++) {
			if (memcmp(file + at, MARK, strlen(MARK)) == 0) {
				marked++;
				break;
			}
		}
	}
	assert_in_range(marked, CONTENTS * 99 / 100, CONTENTS - 1);
}

static void refuses_each_change(void **state)
{
	const size_t size = make(0), end = end_of_signature(size);

	make(0);
	assert_memory_equal(file + end - strlen(MARK), MARK, strlen(MARK));
	for (unsigned i = 0; i < SIGNATURE_BYTES; i++) {
		file[end - 1 - i] ^= (uint8_t)(1 + i % 255);
		check(size, false);
		file[end - 1 - i] ^= (uint8_t)(1 + i % 255);
	}
	check(size, true);
}

/* With what it says it signs in it, and all else of it another's. */
static void refuses_for_other_contents(void **state)
{
	static uint8_t other[sizeof(file)];
	const size_t size = make(2), end = end_of_signature(size);

	make(2);
	memcpy(other, file, size);
	make(3);
	memcpy(file + end - SIGNATURE_BYTES, other + end - SIGNATURE_BYTES, SIGNATURE_BYTES);
	check(size, false);
	make(3);
	memcpy(file + end - SIGNATURE_BYTES, other + end - SIGNATURE_BYTES, 32);
	check(size, false);
}

static int begin(void **state)
{
	rsa_memo_begin();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs),
		cmocka_unit_test(refuses_each_change),
		cmocka_unit_test(refuses_for_other_contents),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
