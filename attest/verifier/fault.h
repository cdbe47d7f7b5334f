/* What a check found wrong: the reason, the thing it is about, and the two values that differ. */
#ifndef VERIFIER_FAULT_H
#define VERIFIER_FAULT_H

#include <stdbool.h>

#include "verifier/reason.h"

#define FAULT_TEXT 512

struct fault {
	enum reason reason;        /* REASON_NONE: no fault */
	char what[FAULT_TEXT];     /* a file, command line, event, PCR or field, by name */
	char expected[FAULT_TEXT]; /* empty where there is nothing to compare with */
	char found[FAULT_TEXT];
	bool local; /* a file or directory that the user named cannot be used: no verdict */
};

/*
 * Each returns false, so that a check can `return fault_set(...)`. Control characters and quotes
 * are replaced: the text may hold what a stranger sent, and ends up on terminals.
 */
bool fault_set(struct fault *fault, enum reason reason, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool fault_expected(struct fault *fault, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool fault_found(struct fault *fault, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A file or directory of the user: what it is, and why it cannot be used. Sets local. */
bool fault_local(struct fault *fault, enum reason reason, const char *path, const char *why);
/* What was wrong inside a file becomes the fault of that file. */
bool fault_of_file(struct fault *fault, const char *path);

/* Replaces what a terminal or a quoted field must not see. */
void printable(char *text);

#endif
