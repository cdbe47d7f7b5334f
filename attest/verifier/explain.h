/* Puts a difference into words: the file or command line behind it, expected and found. */
#ifndef VERIFIER_EXPLAIN_H
#define VERIFIER_EXPLAIN_H

#include "verifier/align.h"

/*
 * Fills fault for a step that differs. tboot's digest of a module is H(H(command line) || H(image))
 * and carries no data, so the two are told apart by trying: command lines that the host reports
 * (log launch, lines "module N cmdline=TEXT") and image hashes (the same log, and the kernel's
 * events) are hints which nothing vouches for, but one that leads to the measured digest is proven
 * by it.
 */
void explain(struct fault *fault, const struct step *step, const struct evidence *evidence,
	const struct events *events);

/* What a step is about, for tables and lists: the file, else the policy's or the event's words. */
void explain_subject(const struct step *step, char *text, size_t size);

#endif
