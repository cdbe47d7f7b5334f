#include "worlds/libvmk/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int call_fail(struct call *call, int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(call->error, sizeof(call->error), format, args);
	va_end(args);
	return status;
}

int call_fail_status(struct call *call, enum vmk_status status, const char *tried)
{
	if (status == VMK_DENIED)
		return call_fail(call, EXIT_FAILED,
			"%s: denied: the host's configuration (console=, an account's role) does "
			"not allow it here",
			tried);
	return call_fail(call, EXIT_FAILED, "%s: %s", tried, vmk_status_name(status));
}

int call_done(const struct call *call)
{
	if (call->json)
		writer_text(&call->writer, "true\n");
	return EXIT_OK;
}

/* Takes the path's first word, if it is this one. All commands are asked for each word typed. */
static bool take_word(const char **path, const char *word)
{
	const char *at = *path;

	if (!*word)
		return false;
	for (; *word; at++, word++) {
		if (*at != *word)
			return false;
	}
	if (*at != ' ' && *at != 0)
		return false;
	*path = at + (*at == ' ');
	return true;
}

bool command_path_begins(const char *path, char *const *words, unsigned count, const char **rest)
{
	for (unsigned i = 0; i < count; i++) {
		if (!take_word(&path, words[i]))
			return false;
	}
	*rest = path;
	return true;
}

/* The shortest path that the words begin with. */
const struct command *command_find(char *const *words, unsigned count, unsigned *used)
{
	const struct command *found = NULL;

	for (const struct command *c = vmk_commands; c->path; c++) {
		const char *rest = c->path;
		unsigned n = 0;

		while (n < count && *rest && take_word(&rest, words[n]))
			n++;
		if (*rest || (found && *used <= n))
			continue;
		found = c;
		*used = n;
	}
	return found;
}

static void show_error(const struct call *call, int status)
{
	if (!call->json) {
		writer_format(&call->writer, "Error: %s\n", call->error);
		return;
	}
	writer_text(&call->writer, "{\"Error\": ");
	writer_json_string(&call->writer, call->error);
	writer_format(&call->writer, ", \"Status\": %d}\n", status);
}

static void show_answer(struct call *call)
{
	if (!call->command->schema)
		return;
	if (call->json)
		records_json(call->out, &call->writer);
	else
		records_show(call->out, &call->writer);
}

static int run_command(struct call *call, char *const *words, unsigned count)
{
	int status;

	if (!command_parse(call, words, count))
		return EXIT_USAGE;
	if (call->command->schema)
		records_begin(call->out, call->command->schema);
	status = call->command->run(call);
	if (call->error[0])
		return status;
	if (call->command->schema && call->out->wrong)
		return call_fail(call, EXIT_FAILED, "%s: its answer does not fit its schema",
			call->command->path);
	show_answer(call);
	if (call->command->schema && call->out->full)
		return call_fail(call, EXIT_FAILED,
			"the answer is not complete: only the first %u rows fit",
			records_rows(call->out));
	return status;
}

/* How far the words are a path of the table. */
static unsigned known_words(char *const *words, unsigned count)
{
	const char *rest;

	for (; count; count--) {
		for (const struct command *c = vmk_commands; c->path; c++)
			if (command_path_begins(c->path, words, count, &rest))
				return count;
	}
	return 0;
}

static int not_a_command(struct call *call, char *const *words, unsigned count)
{
	unsigned known = known_words(words, count);

	if (known == count)
		return call_fail(call, EXIT_USAGE, "a command is missing after '%s'",
			count ? words[count - 1] : "vmk");
	return call_fail(call, EXIT_USAGE, "unknown command or namespace '%s'%s%s", words[known],
		known ? " in " : "", known ? words[known - 1] : "");
}

static bool is_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "-?");
}

/* Takes the words that every command knows out of the line. */
static unsigned take_general(
	struct call *call, char *const *words, unsigned count, char **rest, bool *help)
{
	unsigned kept = 0;

	*help = false;
	for (unsigned i = 0; i < count; i++) {
		if (!strcmp(words[i], "--json"))
			call->json = true;
		else if (is_help(words[i]))
			*help = true;
		else
			rest[kept++] = words[i];
	}
	return kept;
}

int vmk_run(const struct vmk_host *host, void *context, struct records *records, char *const *words,
	unsigned count)
{
	struct call call = {.host = host, .context = context, .out = records};
	char *rest[WORDS_MAX];
	unsigned used = 0;
	int status;
	bool help;

	call.writer = (struct writer){host->write, context};
	count = take_general(&call, words, count < WORDS_MAX ? count : WORDS_MAX, rest, &help);
	if (help || count == 0) {
		command_help(&call.writer, rest, count);
		return help ? EXIT_OK : EXIT_USAGE;
	}
	call.command = command_find(rest, count, &used);
	if (call.command)
		status = run_command(&call, rest + used, count - used);
	else
		status = not_a_command(&call, rest, count);
	if (!call.error[0])
		return status;
	show_error(&call, status);
	if (!call.command && !call.json)
		command_help(&call.writer, rest, known_words(rest, count));
	else if (status == EXIT_USAGE && !call.json)
		command_help(&call.writer, rest, used);
	return status;
}
