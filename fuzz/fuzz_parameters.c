/* sources: kernel/vmkmod/parameters.c */
/* quiet: tests/unit/shim/panic.c */
/* coverage: edges, comparisons */
/*
 * A driver's parameters and what the boot loader's line says of them: what is declared has a name
 * that separates no words and a usual value within its limits, whatever is taken lies within them,
 * and what is refused leaves nothing out of them. Input: three texts, each ended by a zero:
 * declarations, modules that are required, words.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/panic.h"
#include "lib/reader.h"
#include "vmkmod/parameters.h"

#define REQUIRE(it) ((it) ? (void)0 : panic("parameters: not so: %s", #it))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct package package;

/* The next text, in memory of exactly its size; the caller frees it. */
static char *next_text(struct reader *r, size_t *bytes)
{
	const char *at = (const char *)r->data + r->at;
	char *text;

	*bytes = strnlen(at, reader_left(r));
	text = malloc(*bytes + 1);
	memcpy(text, at, *bytes);
	text[*bytes] = 0;
	reader_skip(r, MIN(*bytes + 1, reader_left(r)));
	return text;
}

static void check_name(const char *name)
{
	REQUIRE(strlen(name) > 0 && strlen(name) < PACKAGE_NAME_MAX);
	REQUIRE(!strpbrk(name, " =:,\n") && !(name[0] >= '0' && name[0] <= '9'));
}

static void check_values(const uint32_t *values)
{
	for (unsigned i = 0; i < PACKAGE_PARAMETERS_MAX; i++) {
		const struct package_parameter *p = &package.parameters[i];

		REQUIRE(i < package.parameter_count ? values[i] >= p->least && values[i] <= p->most
						    : values[i] == 0);
	}
}

static void set_each(uint32_t *values)
{
	for (unsigned i = 0; i < package.parameter_count; i++) {
		const struct package_parameter *p = &package.parameters[i];

		REQUIRE(parameters_set(&package, i, p->most, values) == VMK_OK);
		REQUIRE(parameters_set(&package, i, p->most + 1ull, values) == VMK_BAD_PARAM);
		REQUIRE(!p->least ||
			parameters_set(&package, i, p->least - 1ull, values) == VMK_BAD_PARAM);
		REQUIRE(values[i] == p->most);
	}
	REQUIRE(parameters_set(&package, package.parameter_count, 0, values) == VMK_NOT_FOUND);
}

static void use(const char *words)
{
	uint32_t values[PACKAGE_PARAMETERS_MAX];
	const enum load_when when = load_option(words);

	REQUIRE(when == LOAD_AT_BOOT || strstr(words, LOAD_OPTION "="));
	parameters_default(&package, values);
	check_values(values);
	parameters_take(&package, words, values);
	check_values(values);
	set_each(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);
	size_t declared_bytes, required_bytes, words_bytes;
	char *declared = next_text(&r, &declared_bytes);
	char *required = next_text(&r, &required_bytes);
	char *words = next_text(&r, &words_bytes);

	memset(&package, 0, sizeof(package));
	if (!parameters_declare(&package, declared, declared_bytes)) {
		for (unsigned i = 0; i < package.parameter_count; i++)
			check_name(package.parameters[i].name);
		use(words);
	}
	if (!requires_declare(&package, required, required_bytes)) {
		for (unsigned i = 0; i < package.requires_count; i++)
			check_name(package.requires[i]);
	}
	free(words);
	free(required);
	free(declared);
	return 0;
}
