/* Puts a difference into words: the file or command line behind it, expected and found. */
#ifndef VERIFIER_EXPLAIN_H
#define VERIFIER_EXPLAIN_H

#include "verifier/align.h"

/*
 * Fills fault for a step that differs. tboot's digest of a module carries no data: hints of the
 * host (verifier/hints.h) that lead to it name the module, and tell image and command line apart.
 */
void explain(struct fault *fault, const struct step *step, const struct evidence *evidence,
	const struct events *events);

/*
 * What a step is about, for tables and lists: the file, else the policy's or the event's words. A
 * module that no policy knows gets its number and the host's words for it, marked as such unless
 * they are proven.
 */
void explain_subject(const struct step *step, const struct evidence *evidence,
	const struct events *events, char *text, size_t size);

#endif
