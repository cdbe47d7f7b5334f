/* The evidence chain of store.h. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/store.h"

#define SIGNATURE_MAX 256u
/* Evidence at its largest, with the verdict around it. */
#define RECORD_MAX (2 * EVIDENCE_FILE_MAX)

static bool chain_fault(struct fault *fault, const char *path, const char *why)
{
	fault_set(fault, REASON_STATE, "%s", path);
	return fault_found(fault, "%s", why);
}

static void record_path(
	char path[STORE_PATH_MAX], const struct store *store, uint64_t number, const char *suffix)
{
	snprintf(path, STORE_PATH_MAX, "%.*s/evidence/%08" PRIu64 ".%s", STORE_PATH_MAX - 64,
		store->path, number, suffix);
}

/* Records are numbered from 1 without gaps; the highest number is the chain's end. */
static bool find_last(const struct store *store, uint64_t *last, struct fault *fault)
{
	char path[STORE_PATH_MAX];
	struct dirent *entry;
	DIR *directory;

	*last = 0;
	snprintf(path, sizeof(path), "%.*s/evidence", STORE_PATH_MAX - 64, store->path);
	directory = opendir(path);
	if (!directory)
		return chain_fault(fault, path, strerror(errno));
	while ((entry = readdir(directory)) != NULL) {
		char *end;
		uint64_t number = strtoull(entry->d_name, &end, 10);

		if (end != entry->d_name && strcmp(end, ".json") == 0 && number > *last)
			*last = number;
	}
	closedir(directory);
	return true;
}

static bool digest_of_record(const struct store *store, uint64_t number,
	uint8_t digest[DIGEST_SIZE], struct fault *fault)
{
	char path[STORE_PATH_MAX];
	struct bytes text;

	memset(digest, 0, DIGEST_SIZE);
	if (number == 0)
		return true;
	record_path(path, store, number, "json");
	if (!file_read(&text, path, RECORD_MAX))
		return chain_fault(fault, path, strerror(errno));
	sha256(digest, text.data, text.size);
	bytes_free(&text);
	return true;
}

static bool sign(const struct store *store, const char *text, const char *path, struct fault *fault)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char signature[SIGNATURE_MAX];
	size_t size = sizeof(signature);
	bool ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, store->key) == 1 &&
		  EVP_DigestSign(
			  ctx, signature, &size, (const unsigned char *)text, strlen(text)) == 1;

	EVP_MD_CTX_free(ctx);
	if (!ok)
		return chain_fault(fault, path, "the record could not be signed");
	return file_write(path, signature, size, 0600) || chain_fault(fault, path, strerror(errno));
}

/* The signature first: a record is never there without one. */
static bool write_record(
	const struct store *store, json_t *record, uint64_t number, char *path, struct fault *fault)
{
	char *text = json_dumps(record, JSON_INDENT(1) | JSON_SORT_KEYS);
	char signature[STORE_PATH_MAX];
	bool ok;

	record_path(path, store, number, "json");
	record_path(signature, store, number, "sig");
	if (text && strlen(text) > RECORD_MAX) {
		free(text);
		return chain_fault(fault, path, "the record is too large to be read again");
	}
	ok = text && sign(store, text, signature, fault);
	if (ok && !file_write(path, text, strlen(text), 0600))
		ok = chain_fault(fault, path, strerror(errno));
	free(text);
	return ok;
}

bool store_append(struct store *store, json_t *content, char *path, struct fault *fault)
{
	char previous[HEX_SIZE(DIGEST_SIZE)];
	uint8_t digest[DIGEST_SIZE];
	uint64_t last;
	bool ok;

	ok = find_last(store, &last, fault) && digest_of_record(store, last, digest, fault);
	if (ok) {
		hex_encode(previous, digest, DIGEST_SIZE);
		json_object_set_new(content, "format", json_string("merlon-record-1"));
		json_object_set_new(content, "number", json_integer((json_int_t)last + 1));
		json_object_set_new(content, "previous", json_string(previous));
		ok = write_record(store, content, last + 1, path, fault);
	}
	json_decref(content);
	return ok;
}

static bool verify(const struct store *store, const struct bytes *text, const char *path)
{
	struct bytes signature;
	EVP_MD_CTX *ctx;
	bool ok;

	if (!file_read(&signature, path, SIGNATURE_MAX))
		return false;
	ctx = EVP_MD_CTX_new();
	ok = ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, store->key) == 1 &&
	     EVP_DigestVerify(ctx, signature.data, signature.size, text->data, text->size) == 1;
	EVP_MD_CTX_free(ctx);
	bytes_free(&signature);
	return ok;
}

/* Checks one record against the digest of the one before, which it then replaces. */
static bool check_record(const struct store *store, uint64_t number, uint8_t digest[DIGEST_SIZE],
	struct fault *fault)
{
	char path[STORE_PATH_MAX], signature[STORE_PATH_MAX], previous[HEX_SIZE(DIGEST_SIZE)];
	const char *said;
	struct bytes text;
	json_t *root;
	bool linked, is_signed;

	record_path(path, store, number, "json");
	record_path(signature, store, number, "sig");
	if (!file_read(&text, path, RECORD_MAX))
		return chain_fault(fault, path, strerror(errno));
	hex_encode(previous, digest, DIGEST_SIZE);
	root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
	said = json_string_value(json_object_get(root, "previous"));
	linked = said && strcmp(said, previous) == 0 &&
		 json_integer_value(json_object_get(root, "number")) == (json_int_t)number;
	is_signed = verify(store, &text, signature);
	sha256(digest, text.data, text.size);
	json_decref(root);
	bytes_free(&text);
	if (!linked)
		return chain_fault(fault, path, "does not follow the record before it");
	return is_signed || chain_fault(fault, path, "not signed by this verifier");
}

bool store_check_chain(struct store *store, uint64_t *records, struct fault *fault)
{
	uint8_t digest[DIGEST_SIZE] = {0};

	if (!find_last(store, records, fault))
		return false;
	for (uint64_t number = 1; number <= *records; number++) {
		if (!check_record(store, number, digest, fault))
			return false;
	}
	return true;
}
