/* Lines typed at a console whose host is played (vmk_host.h), and what must come of them. */
#ifndef TESTS_SHIM_VMK_LINE_H
#define TESTS_SHIM_VMK_LINE_H

#include "worlds/libvmk/command.h"

/* For cmocka: the played host as it is at first. */
int fresh(void **state);
/* Returns the status; what was said is in fake.out. */
int run(const char *line);
/* The line says exactly this, or this among other things. */
void shows(const char *line, int status, const char *expected);
void says(const char *line, int status, const char *part);

#endif
