/*
 * A guest's console as lines of the log: what is no printable ASCII becomes "?", escape sequences
 * disappear, and a line without an end (a prompt) comes out after a while.
 */
#ifndef VMX_LINES_H
#define VMX_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINES_MAX   160u
#define LINES_WAIT  500000000ull /* nanoseconds until a line comes out without its end */
#define LINES_NEVER UINT64_MAX

struct lines {
	void (*show)(void *context, const char *text); /* zero-terminated */
	void *context;
	uint64_t deadline; /* LINES_NEVER: nothing waits */
	unsigned length;
	enum { LINES_TEXT, LINES_ESCAPE, LINES_SEQUENCE } state;
	char text[LINES_MAX + 1];
};

void lines_init(struct lines *lines, void (*show)(void *context, const char *text), void *context);
void lines_add(struct lines *lines, uint64_t now, const uint8_t *bytes, size_t count);
/* Shows what has waited long enough. */
void lines_tick(struct lines *lines, uint64_t now);
/* Shows what waits, however long. */
void lines_flush(struct lines *lines);

#endif
