/* sources: kernel/vmkuser/accounts.c kernel/lib/keyval.c kernel/trust/hash.c */
/* coverage: edges, comparisons, lean */
/* sources: tests/unit/shim/panic.c */
/* needs: build/fuzz-lib/libmbedtls.a */
/* libs: build/fuzz-lib/libmbedtls.a */
/*
 * A configuration with accounts: what is taken is within its bounds and can be asked for, a key
 * that nobody made lets nobody in, a name that is none is challenged like one, and after masking
 * nothing is left behind the first '$' of an account's line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trust/hash.h"
#include "vmkuser/accounts.h"

#define TEXT_MAX 8192u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_account(const struct accounts *accounts, const struct account *account)
{
	uint8_t secret[ACCOUNTS_SECRET_BYTES], made[32];
	struct vmk_login login = {0}, other = {0};
	size_t name = strnlen(account->name, sizeof(account->name));

	require(name > 0 && name < sizeof(account->name));
	require(accounts_find(accounts, account->name) == account);
	require(account->iterations >= ACCOUNT_ITERATIONS_MIN &&
		account->iterations <= ACCOUNT_ITERATIONS_MAX);
	require(account->salt_bytes >= ACCOUNT_SALT_MIN &&
		account->salt_bytes <= VMK_LOGIN_SALT_MAX);
	accounts_secret(accounts, secret);
	memcpy(login.name, account->name, sizeof(login.name));
	accounts_challenge(accounts, secret, &login);
	require(login.salt_bytes == account->salt_bytes);
	require(login.iterations == account->iterations);
	require(!memcmp(login.salt, account->salt, account->salt_bytes));
	/* RFC 5802, section 3: StoredKey is the hash of the client's key, which is zeroes here. */
	hash_sha256(login.key, sizeof(login.key), made);
	require(!accounts_check(accounts, &login) ==
		(memcmp(made, account->stored_key, sizeof(made)) != 0));
	memcpy(login.key, account->stored_key, sizeof(login.key));
	require(!accounts_check(accounts, &login));
	other.name[0] = '/'; /* in no account's name */
	accounts_challenge(accounts, secret, &other);
	require(other.iterations >= ACCOUNT_ITERATIONS_MIN && other.salt_bytes >= ACCOUNT_SALT_MIN);
	require(!accounts_check(accounts, &other));
}

static void check_masked(const char *text, size_t bytes)
{
	for (const char *at = text, *end; at < text + bytes; at = end + 1) {
		const char *dollar;

		end = memchr(at, '\n', (size_t)(text + bytes - at));
		if (!end)
			end = text + bytes;
		if ((size_t)(end - at) < 8 || memcmp(at, "account.", 8) != 0)
			continue;
		dollar = memchr(at, '$', (size_t)(end - at));
		for (; dollar && ++dollar < end;)
			require(*dollar == '*');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct accounts accounts;
	static char text[TEXT_MAX];
	const char *why = NULL;
	char key[KEYVAL_KEY_MAX + 1];
	unsigned line = 0;

	if (size > sizeof(text))
		return 0;
	memcpy(text, data, size);
	if (accounts_parse(&accounts, text, size, &line, &why) != VMK_OK) {
		require(accounts.count == 0 && line > 0 && why);
		accounts_key(text, size, line, key);
		require(strlen(key) <= KEYVAL_KEY_MAX);
	}
	require(accounts.count <= ACCOUNTS_MAX);
	for (unsigned i = 0; i < accounts.count; i++)
		check_account(&accounts, &accounts.list[i]);
	accounts_mask(text, size);
	check_masked(text, size);
	return 0;
}
