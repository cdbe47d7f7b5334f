#include "policy/predict/grubscript.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct script {
	const char *text;
	size_t size, at;
	unsigned line, entry_line; /* entry_line: where the default entry's block begins */
	grub_execute_fn execute;
	void *context;
	struct grub_error *error;
	unsigned entries, chosen; /* menu entries so far; which of them boots */
	char title[256];          /* of the chosen entry */
	size_t body, body_end;    /* its block, without the braces; 0: not seen */
	char words[GRUB_COMMAND_MAX], joined[GRUB_COMMAND_MAX];
	size_t words_used;
	struct grub_command command;
};

static enum vmk_status fail(struct script *s, enum vmk_status status, const char *what)
{
	*s->error = (struct grub_error){s->line, what};
	return status;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool at_end(const struct script *s, size_t end)
{
	return s->at >= end || s->text[s->at] == '\n';
}

/* What would mean more than itself: variables, lists, conditions, patterns, other quotes. */
static bool is_special(char c)
{
	return (unsigned char)c < ' ' || strchr("$;|&<>'\\`{}*?[", c) != NULL;
}

static enum vmk_status add_char(struct script *s, char c)
{
	if (s->words_used == sizeof(s->words))
		return fail(s, VMK_TOO_LARGE, "a command is too long");
	s->words[s->words_used++] = c;
	return VMK_OK;
}

/* One word, with its quotes taken off. */
static enum vmk_status read_word(struct script *s, size_t end)
{
	enum vmk_status status = VMK_OK;
	bool quoted = false;

	if (s->command.word_count == GRUB_WORDS_MAX)
		return fail(s, VMK_TOO_LARGE, "a command has too many words");
	s->command.words[s->command.word_count++] = s->words + s->words_used;
	if (s->text[s->at] == '#')
		return fail(s, VMK_UNSUPPORTED, "a comment behind a command");
	for (; status == VMK_OK && !at_end(s, end); s->at++) {
		char c = s->text[s->at];

		if (!quoted && is_blank(c))
			break;
		if (c == '"')
			quoted = !quoted;
		else if (is_special(c))
			return fail(s, VMK_UNSUPPORTED, "a character with a meaning of its own");
		else
			status = add_char(s, c);
	}
	if (status == VMK_OK && quoted)
		return fail(s, VMK_BAD_FORMAT, "a quote that does not end");
	return status == VMK_OK ? add_char(s, 0) : status;
}

/* A block as it stands, braces included, is one word. */
static enum vmk_status read_block(struct script *s)
{
	size_t start = s->at, end = start;

	while (end < s->size && s->text[end] != '}')
		end++;
	if (end == s->size)
		return fail(s, VMK_BAD_FORMAT, "a block that does not end");
	if (s->command.word_count == GRUB_WORDS_MAX)
		return fail(s, VMK_TOO_LARGE, "a command has too many words");
	if (s->entries == s->chosen) {
		s->body = start + 1;
		s->body_end = end;
		s->entry_line = s->line;
	}
	s->command.words[s->command.word_count++] = s->words + s->words_used;
	for (; s->at <= end; s->at++) {
		enum vmk_status status = add_char(s, s->text[s->at]);

		if (status != VMK_OK)
			return status;
		s->line += s->text[s->at] == '\n';
	}
	return add_char(s, 0);
}

static enum vmk_status read_command(struct script *s, size_t end)
{
	enum vmk_status status = VMK_OK;

	s->command.word_count = 0;
	s->words_used = 0;
	while (status == VMK_OK) {
		while (s->at < end && is_blank(s->text[s->at]))
			s->at++;
		if (at_end(s, end))
			break;
		if (s->text[s->at] == '#' && s->command.word_count == 0) {
			while (!at_end(s, end))
				s->at++;
			break;
		}
		if (s->text[s->at] == '{' && s->command.word_count > 1 &&
			!strcmp(s->command.words[0], "menuentry"))
			status = read_block(s);
		else
			status = read_word(s, end);
	}
	return status;
}

/* Others may decide what follows, or read files, which are measured too. */
static bool is_known(const char *command)
{
	static const char *const known[] = {"serial", "terminal_input", "terminal_output", "set",
		"menuentry", "setparams", "multiboot2", "module2", "echo"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(command, known[i]))
			return true;
	}
	return false;
}

static enum vmk_status execute(struct script *s)
{
	size_t used = 0;

	if (!is_known(s->command.words[0]))
		return fail(s, VMK_UNSUPPORTED, "a command that vmkbootcfg does not write");
	for (unsigned i = 0; i < s->command.word_count; i++) {
		size_t bytes = strlen(s->command.words[i]);

		if (used + bytes + 1 > sizeof(s->joined))
			return fail(s, VMK_TOO_LARGE, "a command is too long");
		memcpy(s->joined + used, s->command.words[i], bytes);
		used += bytes;
		s->joined[used++] = ' ';
	}
	s->joined[used - 1] = 0;
	s->command.text = s->joined;
	return s->execute(&s->command, s->context);
}

/* The commands that change which entry boots. */
static enum vmk_status note(struct script *s)
{
	const struct grub_command *c = &s->command;

	if (!strcmp(c->words[0], "set") && c->word_count == 2 &&
		!strncmp(c->words[1], "default=", 8)) {
		char *end;
		unsigned long number = strtoul(c->words[1] + 8, &end, 10);

		if (*end || c->words[1][8] < '0' || c->words[1][8] > '9' || s->entries ||
			number > 1000)
			return fail(s, VMK_UNSUPPORTED,
				"a default that is not a number before the menu");
		s->chosen = (unsigned)number;
	}
	if (!strcmp(c->words[0], "menuentry")) {
		if (c->word_count != 3 || strlen(c->words[1]) >= sizeof(s->title))
			return fail(
				s, VMK_UNSUPPORTED, "a menu entry with options, or a long title");
		if (s->entries++ == s->chosen)
			strcpy(s->title, c->words[1]);
	}
	return VMK_OK;
}

static enum vmk_status run(struct script *s, size_t end, bool top)
{
	while (s->at < end) {
		enum vmk_status status = read_command(s, end);

		if (status == VMK_OK && s->command.word_count)
			status = execute(s);
		if (status == VMK_OK && s->command.word_count && top)
			status = note(s);
		if (status != VMK_OK)
			return status;
		if (s->at < end && s->text[s->at] == '\n') {
			s->at++;
			s->line++;
		}
	}
	return VMK_OK;
}

/* GRUB sets the entry's title as the block's first parameter. */
static enum vmk_status run_entry(struct script *s)
{
	enum vmk_status status;

	if (!s->body)
		return fail(s, VMK_BAD_FORMAT, "there is no menu entry to boot");
	s->command.word_count = 2;
	s->command.words[0] = "setparams";
	s->command.words[1] = s->title;
	status = execute(s);
	if (status != VMK_OK)
		return status;
	s->at = s->body;
	s->line = s->entry_line;
	return run(s, s->body_end, false);
}

enum vmk_status grubscript_run(const char *text, size_t size, grub_execute_fn execute_command,
	void *context, struct grub_error *error)
{
	struct script *s = calloc(1, sizeof(*s));
	enum vmk_status status;

	*error = (struct grub_error){0, "out of memory"};
	if (!s)
		return VMK_NO_MEMORY;
	s->text = text;
	s->size = size;
	s->line = 1;
	s->execute = execute_command;
	s->context = context;
	s->error = error;
	status = run(s, size, true);
	if (status == VMK_OK)
		status = run_entry(s);
	free(s);
	return status;
}
