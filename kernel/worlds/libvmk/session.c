#include "worlds/libvmk/session.h"

#include <stdio.h>
#include <string.h>

static void prompt(struct session *s)
{
	char text[PROMPT_BYTES];

	if (s->status)
		snprintf(text, sizeof(text), "vmk[%d]> ", s->status);
	else
		snprintf(text, sizeof(text), "vmk> ");
	editor_begin(&s->editor, text);
}

void session_start(struct session *s, const struct vmk_host *host, void *context)
{
	struct writer writer = {host->write, context};

	s->host = host;
	s->context = context;
	s->status = 0;
	editor_init(&s->editor, &writer);
	writer_text(&writer, "Merlon console. 'help' shows the commands, tab completes.\n");
	if (host->log_out)
		writer_text(&writer, "'exit' ends the session.\n");
	prompt(s);
}

static int log_out(struct session *s)
{
	if (!s->host->log_out) {
		writer_text(&s->editor.out,
			"Error: there is no session to leave: nobody is asked to log in here\n");
		return EXIT_FAILED;
	}
	s->host->log_out(s->context);
	return EXIT_OK;
}

static int run(struct session *s, struct words *words)
{
	static char version[] = "version", help[] = "--help";
	char **word = words->word;
	unsigned count = words->count;

	if (count && !strcmp(word[0], "vmk")) {
		word++;
		count--;
	}
	if (count == 1 && (!strcmp(word[0], "exit") || !strcmp(word[0], "logout")))
		return log_out(s);
	if (count && !strcmp(word[0], "help"))
		word[0] = help;
	if (count && (!strcmp(word[0], "-v") || !strcmp(word[0], "--version")))
		word[0] = version;
	return vmk_run(s->host, s->context, &s->records, word, count);
}

static void run_line(struct session *s)
{
	struct words words;

	if (words_split(&words, s->editor.line)) {
		if (words.count)
			s->status = run(s, &words);
	} else {
		writer_format(&s->editor.out, "Error: %s\n", words.error);
		s->status = EXIT_USAGE;
	}
	prompt(s);
}

/* --- completion */

struct candidates {
	unsigned count;
	char common[LINE_BYTES];   /* what all begin with */
	const struct writer *list; /* where to show them, or NULL */
};

static void consider(void *context, const char *word)
{
	struct candidates *c = context;
	size_t same = 0;

	if (c->list)
		writer_format(c->list, "%s%s", c->count ? "  " : "", word);
	if (!c->count++) {
		snprintf(c->common, sizeof(c->common), "%s", word);
		return;
	}
	while (c->common[same] && c->common[same] == word[same])
		same++;
	c->common[same] = 0;
}

/* Up to the cursor: what follows stays. */
static void complete(struct session *s)
{
	struct editor *e = &s->editor;
	struct candidates found = {.count = 0};
	char before[LINE_BYTES];
	const char *begun;
	size_t have;

	memcpy(before, e->line, e->cursor);
	before[e->cursor] = 0;
	begun = strrchr(before, ' ');
	have = strlen(begun ? begun + 1 : before);
	vmk_complete(before, consider, &found);
	if (!found.count)
		return;
	if (strlen(found.common) > have)
		editor_insert(e, found.common + have, strlen(found.common) - have);
	if (found.count == 1) {
		editor_insert(e, " ", 1);
		return;
	}
	if (strlen(found.common) > have)
		return;
	writer_text(&e->out, "\n");
	found = (struct candidates){.list = &e->out};
	vmk_complete(before, consider, &found);
	writer_text(&e->out, "\n");
	editor_redraw(e);
}

void session_feed(struct session *s, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		switch (editor_feed(&s->editor, bytes[i])) {
		case EDITOR_LINE:
			run_line(s);
			break;
		case EDITOR_BREAK:
			s->status = 0;
			prompt(s);
			break;
		case EDITOR_COMPLETE:
			complete(s);
			break;
		case EDITOR_NONE:
			break;
		}
	}
}
