#include "verifier/head.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC          "merlon-head-1"
#define HEAD_LINE_MAX  128u
#define HEAD_FILE_MAX  (HEAD_LINE_MAX + 2 * STORE_SIGNATURE_MAX + 2)
#define HEAD_LINE_ROOM (HEAD_LINE_MAX + 1)

void head_path(char path[STORE_PATH_MAX], const struct store *store)
{
	if (store->head)
		snprintf(path, STORE_PATH_MAX, "%s", store->head);
	else
		snprintf(path, STORE_PATH_MAX, "%.*s/head", STORE_PATH_MAX - 64, store->path);
}

static bool head_fault(const struct store *store, const char *why, struct fault *fault)
{
	char path[STORE_PATH_MAX];

	head_path(path, store);
	fault_set(fault, REASON_STATE, "%s", path);
	return fault_found(fault, "%s", why);
}

/* Only what this verifier signed is looked into. */
static bool is_signed(const struct store *store, const char *line, const char *signature)
{
	struct bytes raw;
	bool ok;

	if (!hex_decode_bytes(&raw, STORE_SIGNATURE_MAX, signature))
		return false;
	ok = store_verify(store, line, strlen(line), &raw);
	bytes_free(&raw);
	return ok;
}

static bool parse(struct head *head, const char *line)
{
	char digest[HEX_SIZE(DIGEST_SIZE)];

	return sscanf(line, MAGIC " %" SCNu64 " %64s", &head->records, digest) == 2 &&
	       hex_decode_text(head->last, DIGEST_SIZE, digest);
}

static bool check(
	const struct store *store, struct head *head, const struct bytes *file, struct fault *fault)
{
	char text[HEAD_FILE_MAX + 1], *signature, *end;

	memcpy(text, file->data, file->size);
	text[file->size] = 0;
	signature = strchr(text, '\n');
	end = signature ? strchr(signature + 1, '\n') : NULL;
	if (!end || end[1] || strlen(text) != file->size)
		return head_fault(store, "is not two lines", fault);
	*signature++ = 0;
	*end = 0;
	if (!is_signed(store, text, signature))
		return head_fault(store, "not signed by this verifier", fault);
	return parse(head, text) || head_fault(store, "is no head of a chain", fault);
}

bool head_load(const struct store *store, struct head *head, struct fault *fault)
{
	char path[STORE_PATH_MAX];
	struct bytes file;
	bool ok;

	memset(head, 0, sizeof(*head));
	*fault = (struct fault){0};
	head_path(path, store);
	if (!file_read(&file, path, HEAD_FILE_MAX))
		return errno != ENOENT && head_fault(store, strerror(errno), fault);
	ok = check(store, head, &file, fault);
	bytes_free(&file);
	return ok;
}

bool head_save(const struct store *store, const struct head *head, struct fault *fault)
{
	char digest[HEX_SIZE(DIGEST_SIZE)], path[STORE_PATH_MAX], text[HEAD_FILE_MAX + 1];
	uint8_t signature[STORE_SIGNATURE_MAX];
	size_t size, line;

	hex_encode(digest, head->last, DIGEST_SIZE);
	line = (size_t)snprintf(
		text, HEAD_LINE_ROOM, MAGIC " %" PRIu64 " %s", head->records, digest);
	if (!store_sign(store, text, line, signature, &size))
		return head_fault(store, "could not be signed", fault);
	text[line++] = '\n';
	hex_encode(text + line, signature, size);
	line += 2 * size;
	text[line++] = '\n';
	head_path(path, store);
	return file_write(path, text, line, 0600) || head_fault(store, strerror(errno), fault);
}
