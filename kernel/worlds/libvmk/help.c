/* Help and completion, from the table. */
#include "worlds/libvmk/command.h"

#include <stdio.h>
#include <string.h>

#define NAME_BYTES 64u

/* What may be typed next. */
struct next {
	const char *path; /* whose word it is */
	const char *word;
	size_t length;
	const struct command *command; /* NULL: a namespace */
};

/* As strncmp() would say, which is slower: all namespaces are asked for each word shown. */
static bool is_path(const char *path, const char *first, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (path[i] != first[i])
			return false;
	return path[length] == 0;
}

static const char *help_of(const struct next *next)
{
	const size_t length = (size_t)(next->word - next->path) + next->length;

	if (next->command)
		return next->command->help;
	for (const struct name_space *n = vmk_namespaces; n->path; n++)
		if (is_path(n->path, next->path, length))
			return n->help;
	return "";
}

/* Calls `show` for each next word of the table after `words`, for a namespace once. */
static void each_next(char *const *words, unsigned count,
	void (*show)(void *context, const struct next *next), void *context)
{
	struct next last = {.word = ""};

	for (const struct command *c = vmk_commands; c->path; c++) {
		struct next next = {.path = c->path};
		const char *space;

		if (!command_path_begins(c->path, words, count, &next.word) || !*next.word)
			continue;
		space = strchr(next.word, ' ');
		next.length = space ? (size_t)(space - next.word) : strlen(next.word);
		next.command = space ? NULL : c;
		if (space && !last.command && next.length == last.length &&
			!memcmp(next.word, last.word, next.length))
			continue;
		show(context, &next);
		last = next;
	}
}

struct listing {
	const struct writer *to;
	bool commands; /* which of the two kinds is to be shown */
	bool begun;
};

static void list_next(void *context, const struct next *next)
{
	struct listing *listing = context;

	if (listing->commands != (next->command != NULL))
		return;
	if (!listing->begun)
		writer_text(listing->to,
			next->command ? "Available Commands:\n" : "Available Namespaces:\n");
	listing->begun = true;
	writer_text(listing->to, "  ");
	writer_padded(listing->to, next->word, next->length, 20);
	writer_text(listing->to, "  ");
	writer_text(listing->to, help_of(next));
	writer_text(listing->to, "\n");
}

static void show_option(const struct writer *to, const struct option_spec *o)
{
	char name[NAME_BYTES];
	int used = o->letter ? snprintf(name, sizeof(name), "-%c|--%s", o->letter, o->name)
			     : snprintf(name, sizeof(name), "--%s", o->name);

	if (o->type != OPTION_FLAG)
		snprintf(name + used, sizeof(name) - (size_t)used, "=<%s>",
			o->type == OPTION_NUMBER
				? "number"
				: (o->type == OPTION_CHOICE ? o->choices : "text"));
	writer_format(to, "  %-28s  %s%s\n", name, o->help, o->required ? " (required)" : "");
}

/* Options that are also taken without their names, in their order. */
static void show_positionals(const struct writer *to, const struct command *command)
{
	for (unsigned i = 0; i < OPTIONS_MAX && command->options[i].name; i++) {
		const struct option_spec *o = &command->options[i];

		if (o->positional)
			writer_format(to, o->required ? " <%s>" : " [<%s>]", o->name);
	}
}

static void help_of_command(const struct writer *to, const struct command *command)
{
	writer_format(to, "Usage: vmk %s", command->path);
	show_positionals(to, command);
	writer_format(to, " [--json]%s\n\n%s\n\nOptions:\n",
		command->options[0].name ? " [options]" : "", command->help);
	for (unsigned i = 0; i < OPTIONS_MAX && command->options[i].name; i++)
		show_option(to, &command->options[i]);
	writer_format(to, "  %-28s  %s\n", "--json", "the answer as JSON");
	writer_format(to, "  %-28s  %s\n", "-h|--help", "this text");
}

void command_help(const struct writer *to, char *const *words, unsigned count)
{
	unsigned used;
	const struct command *command = command_find(words, count, &used);
	struct listing listing = {.to = to};

	if (command) {
		help_of_command(to, command);
		return;
	}
	writer_text(to, "Usage: vmk");
	for (unsigned i = 0; i < count; i++)
		writer_format(to, " %s", words[i]);
	writer_text(to, " {namespace|command} [--json] [--help] [options]\n\n");
	each_next(words, count, list_next, &listing);
	listing = (struct listing){.to = to, .commands = true};
	each_next(words, count, list_next, &listing);
}

/* --- completion */

struct search {
	const char *begun; /* the word so far */
	void (*offer)(void *context, const char *word);
	void *context;
};

static void consider(const struct search *s, const char *word)
{
	if (!strncmp(word, s->begun, strlen(s->begun)))
		s->offer(s->context, word);
}

static void consider_next(void *context, const struct next *next)
{
	const struct search *s = context;
	char word[NAME_BYTES];

	if (strncmp(next->word, s->begun, strlen(s->begun)) != 0)
		return;
	snprintf(word, sizeof(word), "%.*s", (int)next->length, next->word);
	consider(s, word);
}

static void consider_choices(const struct search *s, const char *choices)
{
	while (*choices) {
		char word[NAME_BYTES];
		size_t length = strcspn(choices, "|");

		snprintf(word, sizeof(word), "%.*s", (int)length, choices);
		consider(s, word);
		choices += length;
		choices += *choices == '|';
	}
}

static void complete_option(
	const struct search *s, const struct command *command, const char *previous)
{
	for (unsigned i = 0; i < OPTIONS_MAX && command->options[i].name; i++) {
		const struct option_spec *o = &command->options[i];
		char name[NAME_BYTES];

		snprintf(name, sizeof(name), "--%s", o->name);
		if (o->choices && previous &&
			(!strcmp(previous, name) ||
				(previous[0] == '-' && o->letter && previous[1] == o->letter &&
					!previous[2]))) {
			consider_choices(s, o->choices);
			return;
		}
	}
	for (unsigned i = 0; i < OPTIONS_MAX && command->options[i].name; i++) {
		char name[NAME_BYTES];

		snprintf(name, sizeof(name), "--%s", command->options[i].name);
		consider(s, name);
	}
	consider(s, "--json");
	consider(s, "--help");
}

void vmk_complete(const char *line, void (*offer)(void *context, const char *word), void *context)
{
	struct search search = {.begun = "", .offer = offer, .context = context};
	const struct command *command;
	struct words words;
	unsigned used = 0, count;

	if (!words_split(&words, line))
		return;
	count = words.count;
	if (words.open_end && count)
		search.begun = words.word[--count];
	if (count && !strcmp(words.word[0], "vmk")) {
		memmove(words.word, words.word + 1, WORDS_MAX * sizeof(words.word[0]));
		count--;
	}
	command = command_find(words.word, count, &used);
	if (command)
		complete_option(&search, command, count > used ? words.word[count - 1] : NULL);
	else
		each_next(words.word, count, consider_next, &search);
}
