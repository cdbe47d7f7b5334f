#include "policy/predict/explain.h"

#include "policy/predict/hex.h"
#include "policy/predict/parts.h"
#include "lib/types.h"

#include <stdio.h>
#include <string.h>

struct known_file {
	const char *name, *role;
	uint64_t size, chunk;
	json_t *chunks;
};

static bool read_known(json_t *json, struct known_file *file)
{
	json_int_t size, chunk;

	if (json_unpack(json, "{s:s, s:s, s:I, s:I, s:o}", "name", &file->name, "role", &file->role,
		    "size", &size, "chunk", &chunk, "chunks", &file->chunks))
		return false;
	file->size = (uint64_t)size;
	file->chunk = (uint64_t)chunk;
	return size >= 0 && chunk > 0 && json_is_array(file->chunks) && !strchr(file->name, '/') &&
	       json_array_size(file->chunks) == (file->size + file->chunk - 1) / file->chunk;
}

static bool chunk_differs(const struct known_file *file, const struct buffer *now, size_t index)
{
	const char *text = json_string_value(json_array_get(file->chunks, index));
	uint64_t at = index * file->chunk, bytes = MIN(file->chunk, file->size - at);
	uint8_t expected[32], digest[32];
	size_t size = 0;

	if (!text || !hex_parse(text, expected, sizeof(expected), &size) || size != 32)
		return true;
	if (at >= now->size || bytes > now->size - at)
		return true;
	sha256_of(now->data + at, bytes, digest);
	return memcmp(digest, expected, sizeof(digest)) != 0;
}

static void by_chunks(const struct known_file *file, const struct buffer *now,
	struct difference *difference, difference_fn call, void *context)
{
	size_t count = json_array_size(file->chunks);

	for (size_t i = 0; i < count; i++) {
		if (!chunk_differs(file, now, i))
			continue;
		difference->first = i * file->chunk;
		while (i + 1 < count && chunk_differs(file, now, i + 1))
			i++;
		difference->last = MIN((i + 1) * file->chunk, file->size) - 1;
		call(difference, context);
	}
	if (now->size > file->size) {
		difference->first = file->size;
		difference->last = now->size - 1;
		call(difference, context);
	}
}

static void by_bytes(const struct buffer *good, const struct buffer *now,
	struct difference *difference, difference_fn call, void *context)
{
	size_t both = MIN(good->size, now->size);

	for (size_t i = 0; i < both; i++) {
		if (good->data[i] == now->data[i])
			continue;
		difference->first = i;
		while (i + 1 < both && good->data[i + 1] != now->data[i + 1])
			i++;
		difference->last = i;
		call(difference, context);
	}
	if (good->size != now->size) {
		difference->first = both;
		difference->last = MAX(good->size, now->size) - 1;
		call(difference, context);
	}
}

static void compare(const struct known_file *file, const char *directory, const char *good,
	difference_fn call, void *context)
{
	struct difference difference = {.expected_size = file->size};
	struct buffer now = {0}, before = {0};
	char path[4096];
	const char *why;

	snprintf(difference.name, sizeof(difference.name), "%s", file->name);
	snprintf(difference.role, sizeof(difference.role), "%s", file->role);
	snprintf(path, sizeof(path), "%s/%s", directory, file->name);
	if (buffer_read(path, &now, &why) != VMK_OK) {
		difference.missing = true;
		call(&difference, context);
		return;
	}
	difference.size = now.size;
	snprintf(path, sizeof(path), "%s/%s", good ? good : "", file->name);
	if (good && buffer_read(path, &before, &why) == VMK_OK)
		by_bytes(&before, &now, &difference, call, context);
	else
		by_chunks(file, &now, &difference, call, context);
	buffer_free(&before);
	buffer_free(&now);
}

enum vmk_status explain(json_t *policy, const char *directory, const char *good, difference_fn call,
	void *context, struct prediction_error *error)
{
	json_t *files = json_object_get(policy, "files"), *json;
	size_t i;

	if (!json_is_array(files))
		return prediction_fail(error, VMK_BAD_FORMAT, "policy", "it lists no files");
	json_array_foreach(files, i, json)
	{
		struct known_file file;

		if (!read_known(json, &file))
			return prediction_fail(
				error, VMK_BAD_FORMAT, "policy", "a file's entry is malformed");
		compare(&file, directory, good, call, context);
	}
	return VMK_OK;
}
