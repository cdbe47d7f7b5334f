#include "sched/pool_spec.h"

#include <string.h>

#define DIGITS_MAX 7u

/* A part of the option, not terminated. */
struct word {
	const char *at;
	size_t bytes;
};

/* What is before the next `end`, which *text moves past. */
static struct word take(struct word *text, char end)
{
	const char *at = memchr(text->at, end, text->bytes);
	struct word word = {text->at, at ? (size_t)(at - text->at) : text->bytes};

	text->at += word.bytes + (at != NULL);
	text->bytes -= word.bytes + (at != NULL);
	return word;
}

static bool word_is(struct word word, const char *text)
{
	return word.bytes == strlen(text) && !memcmp(word.at, text, word.bytes);
}

static bool read_number(struct word word, uint32_t most, uint32_t *number)
{
	*number = 0;
	if (!word.bytes || word.bytes > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < word.bytes; i++) {
		if (word.at[i] < '0' || word.at[i] > '9')
			return false;
		*number = *number * 10 + (uint32_t)(word.at[i] - '0');
	}
	return *number && *number <= most;
}

static bool is_name(struct word word)
{
	for (size_t i = 0; i < word.bytes; i++) {
		char c = word.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			c != '-' && c != '_')
			return false;
	}
	return word.bytes;
}

/* "host" and at least one name below. */
static bool read_path(struct word path, char copy[POOL_PATH_BYTES])
{
	struct word rest = path;
	unsigned names = 0;

	if (path.bytes >= POOL_PATH_BYTES || !path.bytes || path.at[path.bytes - 1] == '/')
		return false;
	if (!word_is(take(&rest, '/'), "host"))
		return false;
	while (rest.bytes) {
		if (!is_name(take(&rest, '/')) || ++names >= POOL_DEPTH_MAX)
			return false;
	}
	memcpy(copy, path.at, path.bytes);
	copy[path.bytes] = 0;
	return names;
}

static bool read_shares(struct word value, uint32_t *shares)
{
	if (word_is(value, "low"))
		*shares = POOL_SHARES_LOW;
	else if (word_is(value, "normal"))
		*shares = POOL_SHARES_NORMAL;
	else if (word_is(value, "high"))
		*shares = POOL_SHARES_HIGH;
	else
		return read_number(value, POOL_SHARES_MAX, shares);
	return true;
}

static const char *read_setting(struct pool_spec *spec, struct word setting)
{
	struct word value = setting, key = take(&value, '=');

	if (word_is(setting, "fixed")) {
		spec->expandable = false;
		return NULL;
	}
	if (word_is(key, "shares"))
		return read_shares(value, &spec->shares)
			       ? NULL
			       : "shares are neither low, normal, high nor a number from 1 to "
				 "1000000";
	if (word_is(key, "reservation"))
		return read_number(value, POOL_PERCENT_MAX, &spec->reservation)
			       ? NULL
			       : "a reservation is no percentage of one pCPU from 1 to 102400";
	if (word_is(key, "limit"))
		return read_number(value, POOL_PERCENT_MAX, &spec->limit)
			       ? NULL
			       : "a limit is no percentage of one pCPU from 1 to 102400";
	return "a setting is neither shares=, reservation=, limit= nor fixed";
}

bool pool_spec_next(const char **text, struct pool_spec *spec, const char **why)
{
	struct word all = {*text, strlen(*text)}, one = take(&all, ',');

	*text = all.at;
	*spec = (struct pool_spec){.shares = POOL_SHARES_NORMAL, .expandable = true};
	*why = read_path(take(&one, ':'), spec->path)
		       ? NULL
		       : "a path is not host/NAME..., of at most 6 names and 47 characters";
	while (!*why && one.bytes)
		*why = read_setting(spec, take(&one, ':'));
	if (!*why && spec->limit && spec->limit < spec->reservation)
		*why = "a limit is below its reservation";
	return !*why;
}
