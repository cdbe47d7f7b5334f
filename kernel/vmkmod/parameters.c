#include "vmkmod/parameters.h"
#include <string.h>

struct text {
	const char *at; /* not terminated */
	size_t size;
};

/* Cuts what stands before `separator` off the text; the rest is empty if there is none. */
static struct text cut(struct text *text, char separator, bool *found)
{
	const char *end = text->size ? memchr(text->at, separator, text->size) : NULL;
	struct text part = {text->at, end ? (size_t)(end - text->at) : text->size};

	*found = end != NULL;
	text->at += part.size + *found;
	text->size -= part.size + *found;
	return part;
}

/* Letters, digits, '-' and '_', beginning with a letter: nothing that separates words. */
static bool copy_name(char *to, size_t size, struct text name)
{
	if (name.size == 0 || name.size >= size)
		return false;
	for (size_t i = 0; i < name.size; i++) {
		const char c = name.at[i];
		const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-' || c == '_')))
			return false;
	}
	memcpy(to, name.at, name.size);
	to[name.size] = 0;
	return true;
}

static bool read_number(struct text digits, uint32_t *number)
{
	uint64_t value = 0;

	for (size_t i = 0; i < digits.size; i++) {
		if (digits.at[i] < '0' || digits.at[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(digits.at[i] - '0');
		if (value > UINT32_MAX)
			return false;
	}
	*number = (uint32_t)value;
	return digits.size != 0;
}

static bool is_name(const char *name, struct text text)
{
	return strlen(name) == text.size && memcmp(name, text.at, text.size) == 0;
}

static bool declare(struct package_parameter *p, struct text text)
{
	struct text name, least, most;
	bool first, dash, second;

	name = cut(&text, ':', &first);
	least = cut(&text, '-', &dash);
	most = cut(&text, ':', &second);
	return first && dash && second && copy_name(p->name, sizeof(p->name), name) &&
	       read_number(least, &p->least) && read_number(most, &p->most) &&
	       read_number(text, &p->usual) && p->least <= p->usual && p->usual <= p->most;
}

const char *parameters_declare(struct package *package, const char *at, size_t bytes)
{
	struct text text = {at, bytes};
	bool more = true;

	while (more) {
		struct package_parameter *p = &package->parameters[package->parameter_count];
		struct text one = cut(&text, ',', &more);

		if (package->parameter_count == PACKAGE_PARAMETERS_MAX)
			return "manifest: too many parameters";
		if (!declare(p, one))
			return "manifest: a parameter is not NAME:LEAST-MOST:DEFAULT";
		for (unsigned i = 0; i < package->parameter_count; i++) {
			if (!strcmp(package->parameters[i].name, p->name))
				return "manifest: a parameter stands twice";
		}
		package->parameter_count++;
	}
	return NULL;
}

const char *requires_declare(struct package *package, const char *at, size_t bytes)
{
	struct text text = {at, bytes};
	bool more = true;

	while (more) {
		struct text name = cut(&text, ',', &more);

		if (package->requires_count == PACKAGE_REQUIRES_MAX)
			return "manifest: it requires too many modules";
		if (!copy_name(package->requires[package->requires_count], PACKAGE_NAME_MAX, name))
			return "manifest: requires is no list of modules' names";
		package->requires_count++;
	}
	return NULL;
}

void parameters_default(const struct package *package, uint32_t *values)
{
	for (unsigned i = 0; i < PACKAGE_PARAMETERS_MAX; i++)
		values[i] = i < package->parameter_count ? package->parameters[i].usual : 0;
}

enum vmk_status parameters_set(
	const struct package *package, unsigned index, uint64_t value, uint32_t *values)
{
	if (index >= package->parameter_count)
		return VMK_NOT_FOUND;
	if (value < package->parameters[index].least || value > package->parameters[index].most)
		return VMK_BAD_PARAM;
	values[index] = (uint32_t)value;
	return VMK_OK;
}

static const char *take(const struct package *package, struct text word, uint32_t *values)
{
	bool equals;
	struct text name = cut(&word, '=', &equals);
	uint32_t value;

	if (!equals || !read_number(word, &value))
		return "its options: a word is not NAME=NUMBER";
	for (unsigned i = 0; i < package->parameter_count; i++) {
		if (!is_name(package->parameters[i].name, name))
			continue;
		return parameters_set(package, i, value, values) == VMK_OK
			       ? NULL
			       : "its options: a parameter is not within its limits";
	}
	return "its options: its manifest declares no such parameter";
}

/* The next word that is not empty; its size is 0 at the end. */
static struct text next_word(struct text *words)
{
	struct text word = {0};
	bool more = true;

	while (!word.size && more)
		word = cut(words, ' ', &more);
	return word;
}

/* Is it load=...? Then *when is what follows. */
static bool is_load(struct text word, struct text *when)
{
	bool equals;
	const struct text name = cut(&word, '=', &equals);

	*when = word;
	return equals && is_name(LOAD_OPTION, name);
}

enum load_when load_option(const char *words)
{
	struct text text = {words, strlen(words)}, word, when;

	while ((word = next_word(&text)).size) {
		if (!is_load(word, &when))
			continue;
		if (is_name("manual", when))
			return LOAD_MANUAL;
		return is_name("boot", when) ? LOAD_AT_BOOT : LOAD_UNKNOWN;
	}
	return LOAD_AT_BOOT;
}

const char *parameters_take(const struct package *package, const char *words, uint32_t *values)
{
	struct text text = {words, strlen(words)}, word, when;
	const char *why = NULL;

	while (!why && (word = next_word(&text)).size) {
		if (!is_load(word, &when))
			why = take(package, word, values);
	}
	return why;
}
