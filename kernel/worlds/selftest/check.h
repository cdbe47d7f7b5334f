/* Checks of the system-call interface from ring 3, each one line in the log. */
#ifndef WORLDS_SELFTEST_CHECK_H
#define WORLDS_SELFTEST_CHECK_H

#include <stdbool.h>
#include <vmkapi/status.h>

void check(bool passed, const char *name);
/* The status that is expected is part of what is promised to worlds. */
void check_status(enum vmk_status status, enum vmk_status expected, const char *name);

void check_pointers(void);
void check_memory(void);
void check_calls(void);
void check_runtime(void);

#endif
