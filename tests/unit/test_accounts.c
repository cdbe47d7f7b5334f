/* sources: kernel/vmkuser/accounts.c kernel/lib/keyval.c kernel/trust/hash.c */
/* sources: kernel/worlds/console/derive.c tests/unit/shim/panic.c */
/* needs: build/host-lib/libmbedtls.a */
/* libs: build/host-lib/libmbedtls.a */
/* Accounts of a configuration, and who may log in: with RFC 7677's example, and what vmksign makes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vmkuser/accounts.h"
#include "worlds/console/derive.h"

/* `vmksign account`, OpenSSL's: password "secret". */
#define KEYS                                                                     \
	"hGl0J+KZ2SWL7ETPJZ8fWQ==$WzqBGdm8RgQ9RXSmAzB4XH3Xj9Se3mOLmFzNwPmBRYE=:" \
	"PclEQg8yuJcj/LXOHH9ouVk8xSJZ9u7ODaqgLw2IY68="
#define GOOD "SCRAM-SHA-256$10000:" KEYS

static const uint8_t secret[ACCOUNTS_SECRET_BYTES] = {1, 2, 3};
static struct accounts accounts;
static unsigned line;
static const char *why;

static enum vmk_status parse(const char *text)
{
	return accounts_parse(&accounts, text, strlen(text), &line, &why);
}

static void accounts_are_taken(void **state)
{
	assert_int_equal(parse("hostname=h\n"), VMK_OK);
	assert_int_equal(accounts.count, 0);
	assert_int_equal(
		parse("a=b\naccount.admin=control " GOOD "\n# x\naccount.eve=read   " GOOD),
		VMK_OK);
	assert_int_equal(accounts.count, 2);
	assert_string_equal(accounts.list[0].name, "admin");
	assert_true(accounts.list[0].control);
	assert_int_equal(accounts.list[0].iterations, 10000);
	assert_int_equal(accounts.list[0].salt_bytes, 16);
	assert_false(accounts.list[1].control);
	assert_ptr_equal(accounts_find(&accounts, "eve"), &accounts.list[1]);
	assert_null(accounts_find(&accounts, "ev"));
	assert_null(accounts_find(&accounts, ""));
}

static void refuses(const char *text, enum vmk_status status, unsigned where, const char *what)
{
	assert_int_equal(parse(text), status);
	assert_int_equal(accounts.count, 0);
	assert_int_equal(line, where);
	assert_non_null(strstr(why, what));
}

static void wrong_lines_are_named(void **state)
{
	static const struct {
		const char *value, *what;
	} wrong[] = {
		{"", "role"},
		{"full " GOOD, "role"},
		{"control" GOOD, "role"},
		{"control plain", "SCRAM-SHA-256"},
		{"control SCRAM-SHA-1$10000:" KEYS, "SCRAM-SHA-256"},
		{"control SCRAM-SHA-256$9999:" KEYS, "iterations"},
		{"control SCRAM-SHA-256$5000001:" KEYS, "iterations"},
		{"control SCRAM-SHA-256$99999999999999999999999:" KEYS, "iterations"},
		{"control SCRAM-SHA-256$010000:" KEYS, "iterations"},
		{"control SCRAM-SHA-256$:" KEYS, "iterations"},
		{"control SCRAM-SHA-256$1e4:" KEYS, "iterations"},
		{"control SCRAM-SHA-256$10000" KEYS, "iterations"},
		{"control SCRAM-SHA-256$10000:c2FsdA==$" KEYS, "salt"},
		{"control SCRAM-SHA-256$10000:@Gl0J+KZ2SWL7ETPJZ8fWQ==$", "salt"},
		{"control SCRAM-SHA-256$10000:hGl0J+KZ2SWL7ETPJZ8fWQ==$c2FsdA==:c2FsdA==",
			"StoredKey"},
		{"control SCRAM-SHA-256$10000:hGl0J+KZ2SWL7ETPJZ8fWQ==$"
		 "WzqBGdm8RgQ9RXSmAzB4XH3Xj9Se3mOLmFzNwPmBRYE=",
			"StoredKey"},
		{"control SCRAM-SHA-256$10000:hGl0J+KZ2SWL7ETPJZ8fWQ==$"
		 "WzqBGdm8RgQ9RXSmAzB4XH3Xj9Se3mOLmFzNwPmBRYE=:",
			"ServerKey"},
		{"control " GOOD "=", "ServerKey"},
		{"control " GOOD " x", "ServerKey"},
	};
	char text[512];

	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		snprintf(text, sizeof(text), "a=b\naccount.admin=%s\n", wrong[i].value);
		refuses(text, VMK_BAD_FORMAT, 2, wrong[i].what);
	}
	refuses("account.=read " GOOD, VMK_BAD_FORMAT, 1, "1 to 31");
	refuses("account.a2345678901234567890123456789012=read " GOOD, VMK_BAD_FORMAT, 1,
		"1 to 31");
	refuses("account.a=read " GOOD "\naccount.a=control " GOOD, VMK_EXISTS, 2, "twice");
	refuses("a=b\nacount.admin=read " GOOD, VMK_BAD_FORMAT, 2, "account.NAME");
	refuses("accounts.admin=read", VMK_BAD_FORMAT, 1, "account.NAME");
	refuses("account=read", VMK_BAD_FORMAT, 1, "account.NAME");
	refuses("Account.admin=control " GOOD, VMK_BAD_FORMAT, 1, "account.NAME");
	refuses("account.a=read " GOOD "\nno pair\n", VMK_BAD_FORMAT, 2, "'='");
}

static void the_key_of_a_line_is_named(void **state)
{
	static const char text[] = "a=b\nacount.admin=read x\nno pair\n";
	char key[KEYVAL_KEY_MAX + 1];

	accounts_key(text, strlen(text), 2, key);
	assert_string_equal(key, "acount.admin");
	accounts_key(text, strlen(text), 3, key);
	assert_string_equal(key, "");
	accounts_key(text, 0, 1, key);
	assert_string_equal(key, "");
}

static void there_is_an_end_of_accounts(void **state)
{
	char text[8192];
	size_t bytes = 0;

	for (unsigned i = 0; i < ACCOUNTS_MAX; i++)
		bytes += (size_t)snprintf(
			text + bytes, sizeof(text) - bytes, "account.a%u=read " GOOD "\n", i);
	assert_int_equal(parse(text), VMK_OK);
	assert_int_equal(accounts.count, ACCOUNTS_MAX);
	snprintf(text + bytes, sizeof(text) - bytes, "account.b=read " GOOD "\n");
	refuses(text, VMK_NO_RESOURCES, ACCOUNTS_MAX + 1, "16");
}

static const struct account *try(const char *name, const char *password)
{
	struct vmk_login login = {0};

	strcpy(login.name, name);
	accounts_challenge(&accounts, secret, &login);
	assert_true(derive_key(&login, password));
	return accounts_check(&accounts, &login);
}

static void the_right_password_is_needed(void **state)
{
	parse("account.admin=control " GOOD "\naccount.eve=read " GOOD "\n");
	assert_ptr_equal(try("admin", "secret"), &accounts.list[0]);
	assert_ptr_equal(try("eve", "secret"), &accounts.list[1]);
	assert_null(try("admin", "Secret"));
	assert_null(try("admin", ""));
	assert_null(try("admin", "secret "));
	assert_null(try("nobody", "secret"));
	assert_null(try("", "secret"));
}

/* RFC 7677, section 3: user "user", password "pencil". The key is the one with which the proof in
 * that example, dHzbZapW..., comes out. */
static void keys_are_those_of_the_standard(void **state)
{
	static const uint8_t salt[] = {0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e, 0xec, 0xa0,
		0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81};
	static const uint8_t key[] = {0xa6, 0x0f, 0xc9, 0x23, 0xd6, 0x7e, 0x86, 0x44, 0xa9, 0x2d,
		0x16, 0xb9, 0x6e, 0xda, 0x5e, 0xf4, 0x65, 0x6b, 0x0c, 0x72, 0x5c, 0x48, 0x43, 0x74,
		0xbe, 0x25, 0x53, 0x55, 0x76, 0x99, 0x6e, 0x8b};
	struct vmk_login login = {.salt_bytes = sizeof(salt), .iterations = 4096};

	memcpy(login.salt, salt, sizeof(salt));
	assert_true(derive_key(&login, "pencil"));
	assert_memory_equal(login.key, key, sizeof(key));
}

/* Nobody finds out by the challenge which names there are. */
static void unknown_names_have_challenges_too(void **state)
{
	struct vmk_login one = {.name = "mallory"}, again = {.name = "mallory"},
			 other = {.name = "trudy"};
	static const uint8_t other_secret[ACCOUNTS_SECRET_BYTES] = {9};

	parse("account.admin=control " GOOD "\n");
	accounts_challenge(&accounts, secret, &one);
	accounts_challenge(&accounts, secret, &again);
	accounts_challenge(&accounts, secret, &other);
	assert_int_equal(one.salt_bytes, 16);
	assert_int_equal(one.iterations, 10000);
	assert_memory_equal(one.salt, again.salt, sizeof(one.salt));
	assert_memory_not_equal(one.salt, other.salt, sizeof(one.salt));
	assert_memory_not_equal(one.salt, accounts.list[0].salt, 16);
	accounts_challenge(&accounts, other_secret, &again);
	assert_memory_not_equal(one.salt, again.salt, sizeof(one.salt));
	accounts_challenge(&accounts, secret, &(struct vmk_login){.name = "admin"});
}

/* Nor after another boot, nor by a count that few accounts have, nor because salt and count go
 * together in one way only. */
static void unknown_names_are_like_accounts(void **state)
{
	uint8_t of_these[ACCOUNTS_SECRET_BYTES], again[ACCOUNTS_SECRET_BYTES];
	bool seen[2][2] = {0}; /* is the first byte of the salt odd, and whose count is it */

	parse("account.a=read " GOOD "\naccount.b=read SCRAM-SHA-256$20000:" KEYS);
	accounts_secret(&accounts, of_these);
	for (unsigned i = 0; i < 64; i++) {
		struct vmk_login login = {0};

		snprintf(login.name, sizeof(login.name), "none%u", i);
		accounts_challenge(&accounts, of_these, &login);
		seen[login.salt[0] % 2][login.iterations == 20000] = true;
	}
	assert_true(seen[0][0] && seen[0][1] && seen[1][0] && seen[1][1]);
	accounts_secret(&accounts, again);
	assert_memory_equal(of_these, again, sizeof(again));
	accounts.list[1].stored_key[31] ^= 1;
	accounts_secret(&accounts, again);
	assert_memory_not_equal(of_these, again, sizeof(again));
}

static void worlds_do_not_read_keys(void **state)
{
	char text[] = "hostname=h\naccount.admin=control " GOOD "\n  # account.old=read " GOOD
		      "\n\taccount.bad=x\nnet=dhcp\naccount.end=" GOOD;
	const size_t bytes = sizeof(text) - 1;

	accounts_mask(text, bytes);
	assert_int_equal(strlen(text), bytes);
	assert_null(strstr(text, "10000"));
	assert_null(strstr(text, "hGl0"));
	assert_null(strstr(text, "IY68"));
	assert_null(strstr(text, "=x"));
	assert_non_null(strstr(text, "hostname=h\naccount.admin=control SCRAM-SHA-256$***"));
	assert_non_null(strstr(text, "*\nnet=dhcp\n"));
	accounts_mask(text, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts_are_taken),
		cmocka_unit_test(wrong_lines_are_named),
		cmocka_unit_test(the_key_of_a_line_is_named),
		cmocka_unit_test(there_is_an_end_of_accounts),
		cmocka_unit_test(the_right_password_is_needed),
		cmocka_unit_test(keys_are_those_of_the_standard),
		cmocka_unit_test(unknown_names_have_challenges_too),
		cmocka_unit_test(unknown_names_are_like_accounts),
		cmocka_unit_test(worlds_do_not_read_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
