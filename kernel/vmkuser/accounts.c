#include "vmkuser/accounts.h"

#include "lib/keyval.h"
#include "trust/hash.h"

#include <mbedtls/base64.h>
#include <mbedtls/constant_time.h>
#include <mbedtls/platform_util.h>
#include <string.h>

#define KEY_PREFIX       "account."
#define KEY_PREFIX_BYTES (sizeof(KEY_PREFIX) - 1)
#define SCHEME           "SCRAM-SHA-256$"

_Static_assert(VMK_LOGIN_KEY_BYTES == SHA256_BYTES, "keys are of SHA-256");

/* What is left of a value. */
struct rest {
	const char *at;
	size_t bytes;
};

static bool take_text(struct rest *r, const char *text)
{
	size_t bytes = strlen(text);

	if (r->bytes < bytes || memcmp(r->at, text, bytes) != 0)
		return false;
	r->at += bytes;
	r->bytes -= bytes;
	return true;
}

/* Up to `end`, which is taken too; with 0 all that is left. */
static bool take_until(struct rest *r, char end, struct rest *part)
{
	const char *stop = end ? memchr(r->at, end, r->bytes) : r->at + r->bytes;

	if (!stop)
		return false;
	*part = (struct rest){r->at, (size_t)(stop - r->at)};
	r->bytes -= part->bytes + (end ? 1 : 0);
	r->at = stop + (end ? 1 : 0);
	return true;
}

static bool take_role(struct rest *r, struct account *account)
{
	struct rest word;

	if (!take_until(r, ' ', &word))
		return false;
	account->control = word.bytes == 7 && memcmp(word.at, "control", 7) == 0;
	return account->control || (word.bytes == 4 && memcmp(word.at, "read", 4) == 0);
}

static bool take_iterations(struct rest *r, struct account *account)
{
	struct rest digits;
	uint64_t number = 0;

	if (!take_until(r, ':', &digits) || !digits.bytes || digits.at[0] == '0')
		return false;
	for (size_t i = 0; i < digits.bytes; i++) {
		if (digits.at[i] < '0' || digits.at[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(digits.at[i] - '0');
		if (number > ACCOUNT_ITERATIONS_MAX)
			return false;
	}
	account->iterations = (uint32_t)number;
	return number >= ACCOUNT_ITERATIONS_MIN;
}

/* Base64 (RFC 4648, section 4) with its padding, of `least` to `size` bytes. */
static bool take_bytes(
	struct rest *r, char end, uint8_t *to, size_t least, size_t size, size_t *bytes)
{
	struct rest text;

	return take_until(r, end, &text) &&
	       mbedtls_base64_decode(to, size, bytes, (const unsigned char *)text.at, text.bytes) ==
		       0 &&
	       *bytes >= least && text.bytes == (*bytes + 2) / 3 * 4;
}

/* What is wrong with the value, or NULL. */
static const char *read_value(struct rest r, struct account *account)
{
	uint8_t unused[VMK_LOGIN_KEY_BYTES];
	size_t salt = 0, key = 0;

	if (!take_role(&r, account))
		return "an account's role is neither read nor control";
	while (r.bytes && *r.at == ' ')
		take_text(&r, " ");
	if (!take_text(&r, SCHEME))
		return "behind an account's role stands no " SCHEME;
	if (!take_iterations(&r, account))
		return "an account's iterations are no number from 10000 to 5000000";
	if (!take_bytes(&r, '$', account->salt, ACCOUNT_SALT_MIN, sizeof(account->salt), &salt))
		return "an account's salt is no base64 of 8 to 32 bytes";
	account->salt_bytes = (uint32_t)salt;
	if (!take_bytes(&r, ':', account->stored_key, VMK_LOGIN_KEY_BYTES,
		    sizeof(account->stored_key), &key))
		return "an account's StoredKey is no base64 of 32 bytes";
	if (!take_bytes(&r, 0, unused, sizeof(unused), sizeof(unused), &key))
		return "an account's ServerKey is no base64 of 32 bytes";
	return NULL;
}

static bool begins(const char *text, size_t bytes, const char *with)
{
	const size_t length = strlen(with);

	return bytes >= length && memcmp(text, with, length) == 0;
}

static bool is_account(const struct keyval *kv)
{
	return begins(kv->key, kv->key_length, KEY_PREFIX);
}

static bool has_scheme(const char *text, size_t bytes)
{
	const char *const end = text + bytes;
	const char *at = text;

	while ((at = memchr(at, SCHEME[0], (size_t)(end - at)))) {
		if (begins(at, (size_t)(end - at), SCHEME))
			return true;
		at++;
	}
	return false;
}

/* Without it nobody would be asked who he is. */
static bool is_mistyped(const struct keyval *kv)
{
	return !is_account(kv) && (begins(kv->key, kv->key_length, "account") ||
					  has_scheme(kv->value, kv->value_length));
}

static enum vmk_status add(struct accounts *accounts, const struct keyval *kv, const char **why)
{
	const size_t bytes = kv->key_length - KEY_PREFIX_BYTES;
	struct account *account = &accounts->list[accounts->count];

	*why = "more than 16 accounts";
	if (accounts->count == ACCOUNTS_MAX)
		return VMK_NO_RESOURCES;
	*why = "an account's name has 1 to 31 characters";
	if (!bytes || bytes >= sizeof(account->name))
		return VMK_BAD_FORMAT;
	memset(account, 0, sizeof(*account));
	memcpy(account->name, kv->key + KEY_PREFIX_BYTES, bytes);
	*why = "an account stands twice";
	if (accounts_find(accounts, account->name))
		return VMK_EXISTS;
	*why = read_value((struct rest){kv->value, kv->value_length}, account);
	if (*why)
		return VMK_BAD_FORMAT;
	accounts->count++;
	return VMK_OK;
}

enum vmk_status accounts_parse(
	struct accounts *accounts, const char *text, size_t bytes, unsigned *line, const char **why)
{
	struct keyval kv = keyval_of(text, bytes);
	enum vmk_status status;

	accounts->count = 0;
	while ((status = keyval_next(&kv)) == VMK_OK) {
		if (is_account(&kv))
			status = add(accounts, &kv, why);
		if (is_mistyped(&kv)) {
			*why = "an account's key is account.NAME";
			status = VMK_BAD_FORMAT;
		}
		if (status != VMK_OK)
			break;
	}
	*line = kv.line;
	if (status == VMK_NOT_FOUND)
		return VMK_OK;
	if (kv.error)
		*why = kv.error;
	mbedtls_platform_zeroize(accounts, sizeof(*accounts));
	return status;
}

void accounts_key(const char *text, size_t bytes, unsigned line, char key[KEYVAL_KEY_MAX + 1])
{
	struct keyval kv = keyval_of(text, bytes);
	size_t length;

	while (keyval_next(&kv) == VMK_OK && kv.line < line)
		;
	length = kv.error || kv.line != line ? 0 : MIN(kv.key_length, (size_t)KEYVAL_KEY_MAX);
	if (length)
		memcpy(key, kv.key, length);
	key[length] = 0;
}

const struct account *accounts_find(const struct accounts *accounts, const char *name)
{
	for (unsigned i = 0; i < accounts->count; i++)
		if (strncmp(accounts->list[i].name, name, VMK_LOGIN_NAME_MAX) == 0)
			return &accounts->list[i];
	return NULL;
}

/* Of which account a name's challenge is like may not be seen from its salt: a hash for each. */
enum hash_use { HASH_SALT, HASH_LIKE };

/* Of the name and of what nobody knows. */
static void hash_name(const uint8_t secret[ACCOUNTS_SECRET_BYTES], const char *name,
	enum hash_use use, uint8_t digest[SHA256_BYTES])
{
	struct {
		uint8_t secret[ACCOUNTS_SECRET_BYTES];
		char name[VMK_LOGIN_NAME_MAX];
		uint8_t use;
	} both = {.use = (uint8_t)use};

	memcpy(both.secret, secret, sizeof(both.secret));
	memcpy(both.name, name, strnlen(name, sizeof(both.name)));
	hash_sha256(&both, sizeof(both), digest);
	mbedtls_platform_zeroize(&both, sizeof(both));
}

void accounts_secret(const struct accounts *accounts, uint8_t secret[ACCOUNTS_SECRET_BYTES])
{
	uint8_t keys[ACCOUNTS_MAX][VMK_LOGIN_KEY_BYTES] = {0};

	for (unsigned i = 0; i < accounts->count; i++)
		memcpy(keys[i], accounts->list[i].stored_key, sizeof(keys[i]));
	hash_sha256(keys, sizeof(keys), secret);
	mbedtls_platform_zeroize(keys, sizeof(keys));
}

void accounts_challenge(const struct accounts *accounts,
	const uint8_t secret[ACCOUNTS_SECRET_BYTES], struct vmk_login *login)
{
	const struct account *account = accounts_find(accounts, login->name), *like;
	uint8_t salt[SHA256_BYTES], pick[SHA256_BYTES];

	hash_name(secret, login->name, HASH_SALT, salt);
	hash_name(secret, login->name, HASH_LIKE, pick);
	like = account ? account : &accounts->list[pick[0] % accounts->count];
	login->salt_bytes = like->salt_bytes;
	login->iterations = like->iterations;
	memset(login->salt, 0, sizeof(login->salt));
	memcpy(login->salt, account ? account->salt : salt, like->salt_bytes);
}

const struct account *accounts_check(const struct accounts *accounts, const struct vmk_login *login)
{
	static const struct account nobody;
	const struct account *account = accounts_find(accounts, login->name);
	const struct account *like = account ? account : &nobody;
	uint8_t stored_key[SHA256_BYTES];
	int differs;

	hash_sha256(login->key, sizeof(login->key), stored_key);
	differs = mbedtls_ct_memcmp(stored_key, like->stored_key, sizeof(stored_key));
	mbedtls_platform_zeroize(stored_key, sizeof(stored_key));
	return differs ? NULL : account;
}

/* Everything behind the first '$' of a line, or behind its '=' where it has none. */
static void mask_line(char *line, size_t bytes)
{
	char *from = memchr(line, '$', bytes);

	if (!from)
		from = memchr(line, '=', bytes);
	for (char *at = from; at && ++at < line + bytes;)
		*at = '*';
}

void accounts_mask(char *text, size_t bytes)
{
	for (size_t at = 0, length; at < bytes; at += length + 1) {
		const char *end = memchr(text + at, '\n', bytes - at);
		size_t blanks = 0;

		length = end ? (size_t)(end - (text + at)) : bytes - at;
		while (blanks < length && memchr(" \t#", text[at + blanks], 3))
			blanks++;
		if (begins(text + at + blanks, length - blanks, KEY_PREFIX) ||
			has_scheme(text + at, length))
			mask_line(text + at, length);
	}
}
