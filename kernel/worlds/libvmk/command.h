/*
 * The one table of what `vmk` can do, and how a line becomes a call of it. Namespaces, commands,
 * options, help, completion and the schema of each answer come from the table; handlers only fill
 * rows. A management agent serves the same table. Pure.
 */
#ifndef LIBVMK_COMMAND_H
#define LIBVMK_COMMAND_H

#include "worlds/libvmk/host.h"
#include "worlds/libvmk/records.h"
#include "worlds/libvmk/words.h"

#define OPTIONS_MAX 8u
#define ERROR_BYTES 256u

/* Exit statuses. `system health status get` has its own. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER, OPTION_CHOICE };
struct option_spec {
	const char *name; /* without its dashes */
	char letter;      /* 0: none */
	enum option_type type;
	bool required;
	bool positional;      /* also taken without its name */
	uint64_t least, most; /* OPTION_NUMBER */
	const char *choices;  /* OPTION_CHOICE: "a|b" */
	const char *help;
};

struct call;
struct command {
	const char *path; /* "system module list" */
	const char *help;
	const struct schema *schema; /* NULL: the handler writes by itself */
	/* Returns the exit status; on failure call_fail() has said why. */
	int (*run)(struct call *call);
	struct option_spec options[OPTIONS_MAX]; /* up to the first without a name */
};
struct name_space {
	const char *path, *help;
};

/* Both end with a NULL path. */
extern const struct command vmk_commands[];
extern const struct name_space vmk_namespaces[];

struct call {
	const struct vmk_host *host;
	void *context; /* the host's */
	const struct command *command;
	bool json;
	struct records *out;
	const char *text[OPTIONS_MAX]; /* what was given, or NULL */
	uint64_t number[OPTIONS_MAX];
	struct writer writer;
	char error[ERROR_BYTES];
};

/* For handlers. `option` is the index in the command's table. */
static inline bool call_given(const struct call *call, unsigned option)
{
	return call->text[option] != NULL;
}
/* Says what was wrong, and what to do. Returns `status`. */
int call_fail(struct call *call, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for a status of the kernel's, with what was tried. */
int call_fail_status(struct call *call, enum vmk_status status, const char *tried);
/* For a command that does something and has nothing to tell: says so in JSON, as esxcli does. */
int call_done(const struct call *call);

/*
 * Runs the words of a line ("vmk" itself left out); writes the answer, help or the error to the
 * host. `records` is scratch. Returns the exit status.
 */
int vmk_run(const struct vmk_host *host, void *context, struct records *records, char *const *words,
	unsigned count);

/*
 * What could stand where the line's last word is: calls `offer` for each, in the table's order,
 * with the whole word. The last word is empty if the line ends with a blank.
 */
void vmk_complete(const char *line, void (*offer)(void *context, const char *word), void *context);

/* Between command.c and its neighbours. */
const struct command *command_find(char *const *words, unsigned count, unsigned *used);
/* Writes the help of the longest path that the words begin with. */
void command_help(const struct writer *to, char *const *words, unsigned count);
/* Does `path` begin with those words, and does it go on after them? *rest is what follows. */
bool command_path_begins(const char *path, char *const *words, unsigned count, const char **rest);
bool command_parse(struct call *call, char *const *words, unsigned count);

#endif
