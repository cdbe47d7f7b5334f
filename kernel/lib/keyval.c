#include <string.h>
#include "lib/keyval.h"

static int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int is_key_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

static void trim(const char **text, size_t *length)
{
	while (*length && is_blank(**text)) {
		(*text)++;
		(*length)--;
	}
	while (*length && is_blank((*text)[*length - 1]))
		(*length)--;
}

struct keyval keyval_of(const char *text, size_t size)
{
	return (struct keyval){.text = text, .size = text ? size : 0};
}

static enum vmk_status fail(struct keyval *kv, const char *error)
{
	kv->error = error;
	kv->key_length = kv->value_length = 0;
	return VMK_BAD_FORMAT;
}

/* The next line without its end. */
static void take_line(struct keyval *kv, const char **line, size_t *length)
{
	const char *start = kv->text + kv->at;
	const char *end = memchr(start, '\n', kv->size - kv->at);

	*line = start;
	*length = end ? (size_t)(end - start) : kv->size - kv->at;
	kv->at += *length + (end ? 1 : 0);
	kv->line++;
}

static enum vmk_status parse_pair(struct keyval *kv, const char *line, size_t length)
{
	const char *equals = memchr(line, '=', length);

	if (!equals)
		return fail(kv, "no '=' in the line");
	kv->key = line;
	kv->key_length = (size_t)(equals - line);
	kv->value = equals + 1;
	kv->value_length = length - kv->key_length - 1;
	trim(&kv->key, &kv->key_length);
	trim(&kv->value, &kv->value_length);

	if (!kv->key_length)
		return fail(kv, "empty key");
	if (kv->key_length > KEYVAL_KEY_MAX)
		return fail(kv, "key too long");
	if (kv->value_length > KEYVAL_VALUE_MAX)
		return fail(kv, "value too long");
	for (size_t i = 0; i < kv->key_length; i++) {
		if (!is_key_character(kv->key[i]))
			return fail(kv, "bad character in key");
	}
	for (size_t i = 0; i < kv->value_length; i++) {
		if (kv->value[i] < ' ' || kv->value[i] > '~')
			return fail(kv, "bad character in value");
	}
	return VMK_OK;
}

enum vmk_status keyval_next(struct keyval *kv)
{
	const char *line;
	size_t length;

	if (kv->error)
		return VMK_BAD_FORMAT;
	while (kv->at < kv->size) {
		if (kv->line >= KEYVAL_LINES_MAX)
			return fail(kv, "too many lines");
		take_line(kv, &line, &length);
		trim(&line, &length);
		if (length && *line != '#')
			return parse_pair(kv, line, length);
	}
	kv->key_length = kv->value_length = 0;
	return VMK_NOT_FOUND;
}

int keyval_is(const struct keyval *kv, const char *key)
{
	return kv->key_length && strlen(key) == kv->key_length &&
	       !memcmp(kv->key, key, kv->key_length);
}

/* Does the key of `kv` stand in an earlier line? */
static int is_repeated(const struct keyval *kv)
{
	struct keyval earlier = keyval_of(kv->text, (size_t)(kv->key - kv->text));

	while (keyval_next(&earlier) == VMK_OK) {
		if (earlier.key_length == kv->key_length &&
			!memcmp(earlier.key, kv->key, kv->key_length))
			return 1;
	}
	return 0;
}

enum vmk_status keyval_check(struct keyval *kv, const char *text, size_t size)
{
	enum vmk_status status;

	*kv = keyval_of(text, size);
	while ((status = keyval_next(kv)) == VMK_OK) {
		if (is_repeated(kv)) {
			fail(kv, "key stands twice");
			return VMK_EXISTS;
		}
	}
	return status == VMK_NOT_FOUND ? VMK_OK : status;
}

enum vmk_status keyval_get(const char *text, size_t size, const char *key, char *value, size_t room)
{
	struct keyval kv = keyval_of(text, size);
	enum vmk_status status;

	if (!room)
		return VMK_TOO_LARGE;
	value[0] = 0;
	while ((status = keyval_next(&kv)) == VMK_OK) {
		if (!keyval_is(&kv, key))
			continue;
		if (kv.value_length >= room)
			return VMK_TOO_LARGE;
		memcpy(value, kv.value, kv.value_length);
		value[kv.value_length] = 0;
		return VMK_OK;
	}
	return status;
}
