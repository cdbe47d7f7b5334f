/* sources: kernel/lib/random.c kernel/lib/blake2s.c kernel/lib/chacha.c */
/* sources: kernel/lib/lock.c tests/unit/shim/panic.c */
/* libs: -lcrypto */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/evp.h>

#include "lib/blake2s.h"
#include "lib/chacha.h"
#include "lib/random.h"
#include "tests/unit/shim/panic.h"

static void refuses_before_it_is_seeded(void **state)
{
	uint8_t byte;

	assert_true(PANICS(random_bytes(&byte, 1)));
}

static void blake2s_agrees_with_openssl(void **state)
{
	uint8_t data[300], got[32], want[32];
	struct blake2s hash;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t size = 0; size <= sizeof(data); size++) {
		size_t split = size / 3;

		blake2s_init(&hash, NULL, 0);
		blake2s_update(&hash, data, split);
		blake2s_update(&hash, data + split, size - split);
		blake2s_final(&hash, got);
		assert_true(EVP_Digest(data, size, want, NULL, EVP_blake2s256(), NULL));
		assert_memory_equal(got, want, 32);
	}
}

/* The first two entries of the reference implementation's keyed test vectors (blake2s-kat). */
static void blake2s_takes_a_key(void **state)
{
	static const uint8_t empty[] = {0x48, 0xa8, 0x99, 0x7d, 0xa4, 0x07, 0x87, 0x6b, 0x3d, 0x79,
		0xc0, 0xd9, 0x23, 0x25, 0xad, 0x3b, 0x89, 0xcb, 0xb7, 0x54, 0xd8, 0x6a, 0xb7, 0x1a,
		0xee, 0x04, 0x7a, 0xd3, 0x45, 0xfd, 0x2c, 0x49};
	static const uint8_t one[] = {0x40, 0xd1, 0x5f, 0xee, 0x7c, 0x32, 0x88, 0x30, 0x16, 0x6a,
		0xc3, 0xf9, 0x18, 0x65, 0x0f, 0x80, 0x7e, 0x7e, 0x01, 0xe1, 0x77, 0x25, 0x8c, 0xdc,
		0x0a, 0x39, 0xb1, 0x1f, 0x59, 0x80, 0x66, 0xf1};
	uint8_t key[32], got[32];
	struct blake2s hash;

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	blake2s_init(&hash, key, sizeof(key));
	blake2s_final(&hash, got);
	assert_memory_equal(got, empty, 32);
	blake2s_init(&hash, key, sizeof(key));
	blake2s_update(&hash, "", 1);
	blake2s_final(&hash, got);
	assert_memory_equal(got, one, 32);
}

static void chacha_agrees_with_openssl(void **state)
{
	static const uint8_t zeroes[CHACHA_BLOCK_BYTES];
	uint8_t key[32], iv[16], got[CHACHA_BLOCK_BYTES], want[CHACHA_BLOCK_BYTES];
	uint32_t nonce[3] = {0x09000000, 0x4a000000, 0x00112233}, counter = 0x01020304;
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	int size;

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 3 + 1);
	memcpy(iv, &counter, 4);
	memcpy(iv + 4, nonce, 12);
	assert_true(EVP_EncryptInit_ex(cipher, EVP_chacha20(), NULL, key, iv));
	assert_true(EVP_EncryptUpdate(cipher, want, &size, zeroes, sizeof(zeroes)));
	EVP_CIPHER_CTX_free(cipher);
	chacha_block(key, counter, nonce, got);
	assert_memory_equal(got, want, sizeof(got));
}

/* What follows a seed is a function of all seeds so far, computed here a second time. */
static void output_is_fast_key_erasure(void **state)
{
	static const uint32_t nonce[3];
	uint8_t key[32] = {0}, block[64], more[64], got[100];
	struct blake2s hash;

	random_seed("first", 5);
	blake2s_init(&hash, key, sizeof(key));
	blake2s_update(&hash, "first", 5);
	blake2s_final(&hash, key);
	random_bytes(got, 100);
	chacha_block(key, 0, nonce, block);
	assert_memory_equal(got, block + 32, 32);
	chacha_block(key, 1, nonce, more);
	assert_memory_equal(got + 32, more, 64);

	random_bytes(got, 32);
	chacha_block(block, 0, nonce, more);
	assert_memory_equal(got, more + 32, 32);
}

static void below_stays_below_and_reaches_everything(void **state)
{
	unsigned seen[5] = {0};

	random_seed("x", 1);
	for (unsigned i = 0; i < 5000; i++) {
		uint64_t v = random_below(5);

		assert_true(v < 5);
		seen[v]++;
	}
	for (unsigned i = 0; i < 5; i++)
		assert_in_range(seen[i], 800, 1200);
	assert_int_equal(random_below(1), 0);
	assert_true(random_below((1ull << 63) + 1) <= 1ull << 63);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blake2s_agrees_with_openssl),
		cmocka_unit_test(blake2s_takes_a_key),
		cmocka_unit_test(chacha_agrees_with_openssl),
		cmocka_unit_test(refuses_before_it_is_seeded),
		cmocka_unit_test(output_is_fast_key_erasure),
		cmocka_unit_test(below_stays_below_and_reaches_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
