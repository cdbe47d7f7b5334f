/*
 * vmksign account: a line of the host's configuration for somebody who may log in at the console
 * (kernel/vmkuser/accounts.h). The password comes from the terminal, or from a file, never from the
 * command line, where everybody on the machine could read it.
 */
#include <getopt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signing/commands.h"
#include "signing/crypto.h"
#include "vmkuser/accounts.h"
#include "worlds/libvmk/login.h"

#define ITERATIONS   600000u /* as OWASP advises for PBKDF2-HMAC-SHA-256 */
#define SALT_BYTES   16u
#define KEY_BYTES    VMK_LOGIN_KEY_BYTES
#define BASE64_BYTES (4 * ((KEY_BYTES + 2) / 3) + 1)
#define DELETE       0x7f
#define NAME_BYTES   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

struct request {
	const char *name, *role, *password_file;
	unsigned iterations;
};

static bool is_password(const char *password)
{
	size_t bytes = strlen(password), typable = 0;

	while (typable < bytes && (unsigned char)password[typable] >= ' ' &&
		password[typable] != DELETE)
		typable++;
	if (bytes && bytes < LOGIN_PASSWORD_MAX && typable == bytes)
		return true;
	fprintf(stderr,
		"vmksign: a password has 1 to %u bytes and no control characters: what was read "
		"has %zu\n",
		LOGIN_PASSWORD_MAX - 1, bytes);
	return false;
}

/* The first line. One byte more than is allowed, so that what is too long is seen. */
static bool read_file(const char *path, char password[LOGIN_PASSWORD_MAX + 1])
{
	FILE *file = strcmp(path, "-") ? fopen(path, "r") : stdin;
	bool got;

	if (!file) {
		perror(path);
		return false;
	}
	setvbuf(file, NULL, _IONBF, 0); /* no copy stays behind */
	got = fgets(password, LOGIN_PASSWORD_MAX + 1, file) != NULL;
	if (file != stdin)
		fclose(file);
	if (!got)
		fprintf(stderr, "vmksign: %s: no password is in it\n", path);
	else
		password[strcspn(password, "\r\n")] = 0;
	return got;
}

static bool read_password(const struct request *request, char password[LOGIN_PASSWORD_MAX + 1])
{
	if (request->password_file)
		return read_file(request->password_file, password) && is_password(password);
	if (EVP_read_pw_string(password, LOGIN_PASSWORD_MAX + 1, "Password: ", 1) != 0) {
		fprintf(stderr, "vmksign: no password was typed, or not twice the same\n");
		return false;
	}
	return is_password(password);
}

static bool hmac(const uint8_t key[KEY_BYTES], const char *text, uint8_t to[KEY_BYTES])
{
	return HMAC(EVP_sha256(), key, KEY_BYTES, (const unsigned char *)text, strlen(text), to,
		       NULL) != NULL;
}

static bool print_line(const struct request *request, const char *password)
{
	uint8_t salt[SALT_BYTES], salted[KEY_BYTES], client[KEY_BYTES], stored[KEY_BYTES],
		server[KEY_BYTES];
	unsigned char text[3][BASE64_BYTES];
	bool ok = RAND_bytes(salt, sizeof(salt)) == 1 &&
		  PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt, sizeof(salt),
			  (int)request->iterations, EVP_sha256(), sizeof(salted), salted) == 1 &&
		  hmac(salted, VMK_LOGIN_KEY_LABEL, client) && hmac(salted, "Server Key", server);

	if (ok) {
		SHA256(client, sizeof(client), stored);
		EVP_EncodeBlock(text[0], salt, sizeof(salt));
		EVP_EncodeBlock(text[1], stored, sizeof(stored));
		EVP_EncodeBlock(text[2], server, sizeof(server));
		printf("account.%s=%s SCRAM-SHA-256$%u:%s$%s:%s\n", request->name, request->role,
			request->iterations, text[0], text[1], text[2]);
	} else {
		crypto_report("making the account's line");
	}
	OPENSSL_cleanse(salted, sizeof(salted));
	OPENSSL_cleanse(client, sizeof(client));
	return ok;
}

static bool is_good(const struct request *request)
{
	size_t bytes = strlen(request->name);

	if (!bytes || bytes >= VMK_LOGIN_NAME_MAX || strspn(request->name, NAME_BYTES) != bytes) {
		fprintf(stderr,
			"vmksign: '%s': an account's name has 1 to %u letters, digits, '.', '_', "
			"'-'\n",
			request->name, VMK_LOGIN_NAME_MAX - 1);
		return false;
	}
	if (strcmp(request->role, "read") && strcmp(request->role, "control")) {
		fprintf(stderr, "vmksign: no role '%s': expected read or control\n", request->role);
		return false;
	}
	if (request->iterations < ACCOUNT_ITERATIONS_MIN ||
		request->iterations > ACCOUNT_ITERATIONS_MAX) {
		fprintf(stderr, "vmksign: iterations: expected a number from %u to %u\n",
			ACCOUNT_ITERATIONS_MIN, ACCOUNT_ITERATIONS_MAX);
		return false;
	}
	return true;
}

static bool read_number(const char *text, unsigned *number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*number = value <= ACCOUNT_ITERATIONS_MAX ? (unsigned)value : 0;
	return text[0] >= '0' && text[0] <= '9' && !*end;
}

static bool take_option(struct request *request, int option)
{
	switch (option) {
	case 'n':
		request->name = optarg;
		return true;
	case 'r':
		request->role = optarg;
		return true;
	case 'p':
		request->password_file = optarg;
		return true;
	case 'i':
		return read_number(optarg, &request->iterations);
	default:
		return false;
	}
}

int command_account(int argc, char **argv)
{
	static const struct option options[] = {{"name", required_argument, NULL, 'n'},
		{"role", required_argument, NULL, 'r'},
		{"password-file", required_argument, NULL, 'p'},
		{"iterations", required_argument, NULL, 'i'}, {0}};
	struct request request = {.iterations = ITERATIONS};
	char password[LOGIN_PASSWORD_MAX + 1];
	int option;
	bool ok;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!take_option(&request, option))
			return 2;
	if (!request.name || !request.role || optind != argc)
		return 2;
	if (!is_good(&request))
		return 1;
	ok = read_password(&request, password) && print_line(&request, password);
	OPENSSL_cleanse(password, sizeof(password));
	return ok ? 0 : 1;
}
