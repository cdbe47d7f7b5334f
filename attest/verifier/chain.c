/* The evidence chain of store.h. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/headfile.h"
#include "verifier/signature.h"

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
	uint8_t signature[SIGNATURE_MAX];
	size_t size;

	if (!signature_make(store->key, text, strlen(text), signature, &size))
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

static bool verify(const struct store *store, const struct bytes *text, const char *path)
{
	struct bytes signature;
	bool ok;

	if (!file_read(&signature, path, SIGNATURE_MAX))
		return false;
	ok = signature_holds(store->key, text->data, text->size, &signature);
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

/* The newest records are gone, as far as the head tells. */
static bool cut_fault(
	const struct store *store, uint64_t first, uint64_t records, struct fault *fault)
{
	char path[STORE_PATH_MAX];

	record_path(path, store, first, "json");
	fault_set(fault, REASON_STATE, "%s", path);
	fault_expected(fault, "%" PRIu64 " records", records);
	return fault_found(fault, "%" PRIu64 ": the newest are gone", first - 1);
}

static bool head_missing(const struct store *store, uint64_t last, struct fault *fault)
{
	char path[STORE_PATH_MAX];

	if (fault->reason != REASON_NONE)
		return false;
	head_path(path, store);
	fault_set(fault, REASON_STATE, "%s", path);
	fault_expected(fault, "where the chain ends");
	return fault_found(fault,
		"no such file: if there never were more than the %" PRIu64
		" records, show --adopt makes it",
		last);
}

/*
 * What the head says of `last` records. A record is written before its head, and one that a crash
 * left in between is the only one that the head may not know.
 */
static bool load_head(
	const struct store *store, uint64_t last, struct head *head, struct fault *fault)
{
	char path[STORE_PATH_MAX];

	if (!head_load(store, head, fault))
		return head_missing(store, last, fault);
	if (last < head->records)
		return cut_fault(store, last + 1, head->records, fault);
	if (last <= head->records + 1)
		return true;
	head_path(path, store);
	fault_set(fault, REASON_STATE, "%s", path);
	fault_expected(fault, "%" PRIu64 " records", last);
	return fault_found(fault, "%" PRIu64 ": it is an old one", head->records);
}

/* The record that the head knows as the last is that one. */
static bool check_last(const struct store *store, const struct head *head,
	const uint8_t digest[DIGEST_SIZE], struct fault *fault)
{
	char path[STORE_PATH_MAX];

	if (memcmp(digest, head->last, DIGEST_SIZE) == 0)
		return true;
	record_path(path, store, head->records, "json");
	return chain_fault(fault, path, "is not the one that the head tells of");
}

/* The end alone, without the records before it: *digest is the last one's. A head that a crash left
 * one record behind is made anew first: the next crash would leave it two behind. */
static bool check_end(
	const struct store *store, uint64_t last, uint8_t digest[DIGEST_SIZE], struct fault *fault)
{
	struct head head;

	if (!load_head(store, last, &head, fault) ||
		!digest_of_record(store, head.records, digest, fault) ||
		!check_last(store, &head, digest, fault))
		return false;
	if (last == head.records)
		return true;
	if (!check_record(store, last, digest, fault))
		return false;
	head.records = last;
	memcpy(head.last, digest, DIGEST_SIZE);
	return head_save(store, &head, fault);
}

static bool save_head(const struct store *store, uint64_t records, struct fault *fault)
{
	struct head head = {.records = records};

	return digest_of_record(store, records, head.last, fault) && head_save(store, &head, fault);
}

bool store_append(struct store *store, json_t *content, char *path, struct fault *fault)
{
	char previous[HEX_SIZE(DIGEST_SIZE)];
	uint8_t digest[DIGEST_SIZE];
	uint64_t last;
	bool ok;

	ok = find_last(store, &last, fault) && check_end(store, last, digest, fault);
	if (ok) {
		hex_encode(previous, digest, DIGEST_SIZE);
		json_object_set_new(content, "format", json_string("merlon-record-1"));
		json_object_set_new(content, "number", json_integer((json_int_t)last + 1));
		json_object_set_new(content, "previous", json_string(previous));
		ok = write_record(store, content, last + 1, path, fault) &&
		     save_head(store, last + 1, fault);
	}
	json_decref(content);
	return ok;
}

bool store_begin_chain(struct store *store, struct fault *fault)
{
	struct fault none;
	struct head head;
	uint64_t last;

	if (!find_last(store, &last, fault))
		return false;
	/* What is there already tells of another key's chain, and is left to be found out. */
	if (last || head_load(store, &head, &none) || none.reason != REASON_NONE)
		return true;
	return save_head(store, 0, fault);
}

/* Records up to the last, each after the one before. With a head, its record is the one it says. */
static bool walk(
	const struct store *store, uint64_t last, const struct head *head, struct fault *fault)
{
	uint8_t digest[DIGEST_SIZE] = {0};

	for (uint64_t number = 1; number <= last; number++) {
		if (!check_record(store, number, digest, fault) ||
			(head && number == head->records &&
				!check_last(store, head, digest, fault)))
			return false;
	}
	return true;
}

bool store_check_chain(struct store *store, uint64_t *records, struct fault *fault)
{
	struct head head;

	return find_last(store, records, fault) && load_head(store, *records, &head, fault) &&
	       walk(store, *records, &head, fault);
}

bool store_adopt(struct store *store, uint64_t *records, struct fault *fault)
{
	return find_last(store, records, fault) && walk(store, *records, NULL, fault) &&
	       save_head(store, *records, fault);
}
