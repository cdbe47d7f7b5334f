#include "verifier/headfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void head_path(char path[STORE_PATH_MAX], const struct store *store)
{
	if (store->head)
		snprintf(path, STORE_PATH_MAX, "%s", store->head);
	else
		snprintf(path, STORE_PATH_MAX, "%.*s/head", STORE_PATH_MAX - 64, store->path);
}

static bool head_fault(const char *path, const char *why, struct fault *fault)
{
	fault_set(fault, REASON_STATE, "%s", path);
	return fault_found(fault, "%s", why);
}

bool head_load(const struct store *store, struct head *head, struct fault *fault)
{
	char path[STORE_PATH_MAX];
	struct bytes text;
	const char *wrong;

	memset(head, 0, sizeof(*head));
	*fault = (struct fault){0};
	head_path(path, store);
	if (!file_read(&text, path, HEAD_TEXT_MAX))
		return errno != ENOENT && head_fault(path, strerror(errno), fault);
	wrong = head_parse(head, store->key, &text);
	bytes_free(&text);
	return !wrong || head_fault(path, wrong, fault);
}

bool head_save(const struct store *store, const struct head *head, struct fault *fault)
{
	char path[STORE_PATH_MAX], text[HEAD_TEXT_MAX + 1];
	size_t size = head_print(head, store->key, text);

	head_path(path, store);
	if (!size)
		return head_fault(path, "could not be signed", fault);
	return file_write(path, text, size, 0600) || head_fault(path, strerror(errno), fault);
}
