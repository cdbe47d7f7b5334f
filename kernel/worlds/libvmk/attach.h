/*
 * Someone at a guest's console: what he types for the guest, what the guest says for his terminal.
 * "~." at the beginning of a line leaves, "~~" there is one "~" (as ssh has it). Pure.
 */
#ifndef LIBVMK_ATTACH_H
#define LIBVMK_ATTACH_H

#include <stdbool.h>
#include <stddef.h>

#define ATTACH_TYPE_MAX(count) (2 * (count))
#define ATTACH_SEQUENCE        7u /* of ESC [ and three digits, one byte more to see the end */
#define ATTACH_SHOW_MAX(count) ((count) + ATTACH_SEQUENCE)

struct attach {
	bool in_line; /* something of this line was typed */
	bool tilde;   /* and that was "~", not passed on yet */
	char sequence[ATTACH_SEQUENCE];
	size_t sequence_bytes; /* of a control sequence that has begun */
};

/* Zeroed at first. Fills `to` with up to ATTACH_TYPE_MAX(count) bytes; *leave: he wants to. */
size_t attach_type(struct attach *attach, const char *typed, size_t count, char *to, bool *leave);
/*
 * The same with ATTACH_SHOW_MAX(count): printable characters, "\n", "\r", "\b" and the sequences
 * that a terminal here takes (vmkdev/tty.h); other sequences disappear, other bytes become "?".
 */
size_t attach_show(struct attach *attach, const char *said, size_t count, char *to);

#endif
