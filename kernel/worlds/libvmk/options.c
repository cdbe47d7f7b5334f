/* The options of one call. */
#include "worlds/libvmk/command.h"

#include <string.h>

#define FLAG_GIVEN "true"

static unsigned option_count(const struct command *command)
{
	unsigned count = 0;

	while (count < OPTIONS_MAX && command->options[count].name)
		count++;
	return count;
}

/* "--name", "--name=value" or "-n"; *value is what follows the "=", or NULL. */
static const struct option_spec *match(
	const struct command *command, const char *word, const char **value)
{
	*value = NULL;
	for (unsigned i = 0; i < option_count(command); i++) {
		const struct option_spec *o = &command->options[i];
		size_t length = strlen(o->name);

		if (word[1] != '-') {
			if (o->letter && word[1] == o->letter && !word[2])
				return o;
			continue;
		}
		if (strncmp(word + 2, o->name, length) != 0)
			continue;
		if (word[2 + length] == '=')
			*value = word + 3 + length;
		if (word[2 + length] == '=' || !word[2 + length])
			return o;
	}
	return NULL;
}

/* Decimal digits only: what strtoull() takes besides is no number here. */
static bool read_number(const char *text, uint64_t *number)
{
	*number = 0;
	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '9' || at - text > 18)
			return false;
		*number = *number * 10 + (uint64_t)(*at - '0');
	}
	return *text != 0;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t length = strlen(text);

	for (const char *at = choices; at; at = strchr(at, '|')) {
		at += *at == '|';
		if (length && !strncmp(at, text, length) && (at[length] == '|' || !at[length]))
			return true;
	}
	return false;
}

static bool set(struct call *call, const struct option_spec *option, const char *value)
{
	unsigned i = (unsigned)(option - call->command->options);

	if (call->text[i]) {
		call_fail(call, EXIT_USAGE, "--%s is given twice", option->name);
		return false;
	}
	call->text[i] = value;
	if (option->type == OPTION_NUMBER &&
		(!read_number(value, &call->number[i]) || call->number[i] < option->least ||
			call->number[i] > option->most)) {
		call_fail(call, EXIT_USAGE, "--%s wants a number from %llu to %llu, not '%s'",
			option->name, (unsigned long long)option->least,
			(unsigned long long)option->most, value);
		return false;
	}
	if (option->type == OPTION_CHOICE && !is_choice(option->choices, value)) {
		call_fail(call, EXIT_USAGE, "--%s wants one of %s, not '%s'", option->name,
			option->choices, value);
		return false;
	}
	return true;
}

static const struct option_spec *next_positional(const struct call *call)
{
	for (unsigned i = 0; i < option_count(call->command); i++)
		if (call->command->options[i].positional && !call->text[i])
			return &call->command->options[i];
	return NULL;
}

/* Returns how many words it took, 0 after an error. */
static unsigned take_option(struct call *call, char *const *words, unsigned count)
{
	const char *value;
	const struct option_spec *option;

	if (words[0][0] != '-' || !words[0][1]) {
		option = next_positional(call);
		if (option)
			return set(call, option, words[0]);
		call_fail(call, EXIT_USAGE, "unexpected word '%s' after '%s'", words[0],
			call->command->path);
		return 0;
	}
	option = match(call->command, words[0], &value);
	if (!option) {
		call_fail(call, EXIT_USAGE, "'%s' has no option %s", call->command->path, words[0]);
		return 0;
	}
	if (option->type == OPTION_FLAG) {
		if (value)
			call_fail(call, EXIT_USAGE, "--%s takes no value", option->name);
		return !value && set(call, option, FLAG_GIVEN);
	}
	if (value)
		return set(call, option, value);
	if (count < 2) {
		call_fail(call, EXIT_USAGE, "--%s wants a value", option->name);
		return 0;
	}
	return set(call, option, words[1]) ? 2 : 0;
}

bool command_parse(struct call *call, char *const *words, unsigned count)
{
	for (unsigned i = 0, taken; i < count; i += taken) {
		taken = take_option(call, words + i, count - i);
		if (!taken)
			return false;
	}
	for (unsigned i = 0; i < option_count(call->command); i++) {
		if (!call->command->options[i].required || call->text[i])
			continue;
		call_fail(call, EXIT_USAGE, "'%s' wants --%s", call->command->path,
			call->command->options[i].name);
		return false;
	}
	return true;
}
