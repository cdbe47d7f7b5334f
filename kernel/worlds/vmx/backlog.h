/*
 * What the guest said last, for whoever comes to its console: the oldest is lost first, and who
 * comes is told all that is left.
 */
#ifndef VMX_BACKLOG_H
#define VMX_BACKLOG_H

#include <stddef.h>
#include <stdint.h>

#define BACKLOG_BYTES 8192u /* a power of two */

struct backlog {
	uint32_t head, told; /* free-running; all before `told` was passed on */
	uint8_t text[BACKLOG_BYTES];
};

void backlog_add(struct backlog *backlog, const uint8_t *bytes, size_t count);
/* Somebody comes: all that is left was not passed on to him. */
void backlog_rewind(struct backlog *backlog);
/* What comes next, as far as it lies together; 0 bytes: nothing. */
size_t backlog_next(struct backlog *backlog, const uint8_t **text);
/* So much of that was passed on. */
void backlog_pass(struct backlog *backlog, size_t bytes);

#endif
