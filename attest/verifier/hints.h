/*
 * What the host claims about tboot's modules. tboot's digest of a module is
 * H(H(command line) || H(image)) and carries no data, so that both are found by trying: the log
 * launch may hold lines "module N cmdline=TEXT" and "module N sha256=HEX", the kernel's events hold
 * image hashes. Nothing vouches for them, but one that leads to a measured digest is proven by it.
 */
#ifndef VERIFIER_HINTS_H
#define VERIFIER_HINTS_H

#include "verifier/events.h"

#define HINTS_MAX       64u
#define LAUNCH_LINE_MAX 1100u /* tboot's command lines have at most 1023 characters */

struct hints {
	char cmdlines[HINTS_MAX][LAUNCH_LINE_MAX];
	unsigned int modules[HINTS_MAX]; /* whose command line it is said to be */
	uint8_t images[HINTS_MAX][DIGEST_SIZE];
	size_t cmdline_count, image_count;
};

/*
 * The next line of the log launch that is not empty, cut to size; *at starts at 0. False at the
 * end.
 */
bool launch_line(const struct bytes *launch, size_t *at, char *line, size_t size);

void hints_collect(
	struct hints *hints, const struct evidence *evidence, const struct events *events);

/* Whether tboot measures a module with this command line and image as digest. */
bool hints_lead_to(
	const uint8_t digest[DIGEST_SIZE], const char *cmdline, const uint8_t image[DIGEST_SIZE]);

/*
 * The command line that the host claims for a module: one which with a claimed image leads to
 * digest (*proven), else the first claimed, else NULL. Lives as long as hints.
 */
const char *hints_cmdline(const struct hints *hints, unsigned int module,
	const uint8_t digest[DIGEST_SIZE], bool *proven);

#endif
