/*
 * Who may log in at the console: the accounts of the host's configuration, lines
 *   account.NAME=ROLE SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY
 * with ROLE `read` or `control`. What follows it is as LDAP directories and databases keep
 * passwords (RFC 5802, section 5.1, and RFC 5803; binary values in base64):
 *   SaltedPassword = PBKDF2-HMAC-SHA-256(password, salt, iterations)
 *   ClientKey = HMAC(SaltedPassword, "Client Key"), StoredKey = SHA-256(ClientKey)
 * Whoever knows the password can make ClientKey; who reads the configuration cannot. So the costly
 * part is done in ring 3, and the kernel looks at one hash. ServerKey is not used here. Pure.
 */
#ifndef VMKUSER_ACCOUNTS_H
#define VMKUSER_ACCOUNTS_H

#include "lib/keyval.h"
#include "lib/types.h"
#include <vmkapi/status.h>
#include <vmkuser/auth.h>

#define ACCOUNTS_MAX           16u
#define ACCOUNT_SALT_MIN       8u
#define ACCOUNT_ITERATIONS_MIN 10000u
#define ACCOUNT_ITERATIONS_MAX 5000000u
#define ACCOUNTS_SECRET_BYTES  32u

struct account {
	char name[VMK_LOGIN_NAME_MAX];
	bool control; /* otherwise it may only look */
	uint32_t iterations, salt_bytes;
	uint8_t salt[VMK_LOGIN_SALT_MAX];
	uint8_t stored_key[VMK_LOGIN_KEY_BYTES];
};

struct accounts {
	unsigned count;
	struct account list[ACCOUNTS_MAX];
};

/*
 * Takes the accounts from a configuration. After an error there are none, *line is where it is
 * and *why what is wrong there: VMK_BAD_FORMAT, also for a key that is not account.NAME but
 * looks like it, or has an account's value; VMK_EXISTS, VMK_NO_RESOURCES (too many).
 */
enum vmk_status accounts_parse(struct accounts *accounts, const char *text, size_t bytes,
	unsigned *line, const char **why);
/* The key in that line; empty: there is none. */
void accounts_key(const char *text, size_t bytes, unsigned line, char key[KEYVAL_KEY_MAX + 1]);
/* NULL: there is none of that name. */
const struct account *accounts_find(const struct accounts *accounts, const char *name);
/*
 * What makes the challenges of names that are none: of the accounts' keys, and so unknown to others
 * and yet the same after each boot, as an account's salt is.
 */
void accounts_secret(const struct accounts *accounts, uint8_t secret[ACCOUNTS_SECRET_BYTES]);
/*
 * What is to be made of the password: salt, salt_bytes and iterations of `login` for its name. A
 * name that is none gets what nobody can tell from an account's, always the same for one
 * `secret`: a salt of its own, size and iterations of any account. There must be an account.
 */
void accounts_challenge(const struct accounts *accounts,
	const uint8_t secret[ACCOUNTS_SECRET_BYTES], struct vmk_login *login);
/* The account that name and key of `login` are of; NULL otherwise. Takes as long either way. */
const struct account *accounts_check(
	const struct accounts *accounts, const struct vmk_login *login);
/* Puts '*' over what accounts are checked with, whether a line is right or not. */
void accounts_mask(char *text, size_t bytes);

#endif
