#include "fuzz/models/json_edit.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 8u
#define DEPTH_MAX 8u /* members below are not found */

/* A member and where it stands. */
struct place {
	json_t *parent, *value;
	const char *key; /* in an object */
	size_t index;    /* in an array */
};

/* The way to member number *left of all below `parent`, counted down; its length, or 0. */
static unsigned find(json_t *parent, unsigned *left, struct place way[DEPTH_MAX], unsigned depth)
{
	const char *key;
	json_t *value;
	unsigned length;
	size_t i;

	if (depth == DEPTH_MAX)
		return 0;
	json_object_foreach(parent, key, value)
	{
		way[depth] = (struct place){parent, value, key, 0};
		length = (*left)-- ? find(value, left, way, depth + 1) : depth + 1;
		if (length)
			return length;
	}
	json_array_foreach(parent, i, value)
	{
		way[depth] = (struct place){parent, value, NULL, i};
		length = (*left)-- ? find(value, left, way, depth + 1) : depth + 1;
		if (length)
			return length;
	}
	return 0;
}

/* Takes `value`. */
static void replace(const struct place *at, json_t *value)
{
	if (at->key)
		json_object_set_new(at->parent, at->key, value);
	else
		json_array_set_new(at->parent, at->index, value);
}

/* Whatever is on the way becomes a copy of its own, so that who shares it sees no change. */
static void own(struct place *way, unsigned length)
{
	for (unsigned i = 0; i + 1 < length; i++) {
		json_t *shared = json_incref(way[i].value);

		way[i].value = json_copy(shared);
		replace(&way[i], way[i].value);
		way[i + 1].parent = way[i].value;
		/* A key belongs to its object. */
		if (way[i + 1].key)
			way[i + 1].key = json_object_iter_key(
				json_object_iter_at(way[i].value, way[i + 1].key));
		json_decref(shared);
	}
}

static void change_text(const struct place *at, uint8_t where, uint8_t what)
{
	char *text = json_is_string(at->value) ? strdup(json_string_value(at->value)) : NULL;

	if (text && *text) {
		text[where % strlen(text)] = (char)(' ' + what % 95);
		replace(at, json_string(text));
	}
	free(text);
}

static void take_out(const struct place *at)
{
	if (at->key)
		json_object_del(at->parent, at->key);
	else
		json_array_remove(at->parent, at->index);
}

static void add_extra(json_t *root, const char *const *extra, unsigned which)
{
	unsigned pairs = 0;

	while (extra && extra[2 * pairs])
		pairs++;
	if (pairs) {
		which %= pairs;
		json_object_set_new(root, extra[2 * which],
			json_loads(extra[2 * which + 1], JSON_DECODE_ANY, NULL));
	}
}

static json_t *some_value(uint8_t which)
{
	static const json_int_t numbers[] = {
		-1, 0, 1, 7, 19, 23, 24, 32, 0xffffffff, 0x100000000, LLONG_MAX};
	static const char *const texts[] = {"", "x", "zz", "00", "drtm", "srtm", "vmk", "txt-drtm",
		"0000000000000000000000000000000000000000000000000000000000000000"};
	const unsigned kinds = sizeof(numbers) / sizeof(*numbers) + sizeof(texts) / sizeof(*texts);

	which %= kinds + 3;
	if (which < sizeof(numbers) / sizeof(*numbers))
		return json_integer(numbers[which]);
	if (which < kinds)
		return json_string(texts[which - sizeof(numbers) / sizeof(*numbers)]);
	return which == kinds ? json_array() : which == kinds + 1 ? json_object() : json_null();
}

/* The same; counted on from the first behind the last. */
static unsigned find_any(json_t *root, unsigned number, struct place way[DEPTH_MAX])
{
	unsigned left = number;
	unsigned length = find(root, &left, way, 0);

	if (length || left == number)
		return length;
	left = number % (number - left);
	return find(root, &left, way, 0);
}

static void edit(json_t *root, const uint8_t *step, const char *const *extra)
{
	struct place way[DEPTH_MAX], at;
	unsigned length;

	if (step[1] % 8 == 0) {
		add_extra(root, extra, step[2]);
		return;
	}
	length = find_any(root, step[0] | (step[1] & 0xf0u) << 4, way);
	if (!length)
		return;
	own(way, length);
	at = way[length - 1];
	switch (step[1] % 8) {
	case 1:
		take_out(&at);
		break;
	case 2:
	case 3:
		replace(&at, some_value(step[2]));
		break;
	case 4:
		if (json_is_array(at.parent))
			json_array_append_new(at.parent, json_deep_copy(at.value));
		break;
	case 5:
		if (json_is_integer(at.value))
			replace(&at,
				json_integer((json_int_t)((uint64_t)json_integer_value(at.value) +
							  (uint64_t)(int8_t)step[2])));
		break;
	case 6: /* two members of an array, exchanged */
		if (json_is_array(at.parent)) {
			const size_t other = step[2] % json_array_size(at.parent);
			json_t *copy = json_deep_copy(json_array_get(at.parent, other));

			json_array_set(at.parent, other, at.value);
			json_array_set_new(at.parent, at.index, copy);
		}
		break;
	default:
		change_text(&at, step[2], step[3]);
	}
}

json_t *json_edited(json_t *good, const uint8_t *steps, size_t bytes, const char *const *extra)
{
	json_t *root = json_copy(good);

	for (size_t at = 0; at + JSON_EDIT_BYTES <= bytes && at < STEPS_MAX * JSON_EDIT_BYTES;
		at += JSON_EDIT_BYTES)
		edit(root, steps + at, extra);
	return root;
}

size_t json_edit_text(const json_t *root, char *to, size_t room)
{
	const size_t bytes = json_dumpb(root, to, room, 0);

	if (bytes > room)
		abort();
	return bytes;
}
