/*
 * What GRUB 2.06 executes of a grub.cfg as vmkbootcfg writes it: simple commands, then the default
 * menu entry. Pure. Anything else that GRUB's language has is refused: a prediction never guesses.
 */
#ifndef PREDICT_GRUBSCRIPT_H
#define PREDICT_GRUBSCRIPT_H

#include <stddef.h>
#include <vmkapi/status.h>

/* The longest command: a menu entry with all that stands in it. */
#define GRUB_COMMAND_MAX 16384u
#define GRUB_WORDS_MAX   128u

/* One command as GRUB executes it. */
struct grub_command {
	const char *text; /* its words with one blank between: what is measured */
	unsigned word_count;
	const char *words[GRUB_WORDS_MAX]; /* without quotes; each zero-terminated */
};
/* Anything but VMK_OK ends the run. */
typedef enum vmk_status (*grub_execute_fn)(const struct grub_command *command, void *context);

struct grub_error {
	unsigned line; /* from 1; 0: the script as a whole */
	const char *what;
};

/*
 * Calls back for each command in the order of execution. VMK_BAD_FORMAT, VMK_UNSUPPORTED or
 * VMK_TOO_LARGE with *error set, or what the callback answered.
 */
enum vmk_status grubscript_run(const char *text, size_t size, grub_execute_fn execute,
	void *context, struct grub_error *error);

#endif
