/* panic() on the host: aborts, or, where a test expects it, is caught. */
#ifndef SHIM_PANIC_H
#define SHIM_PANIC_H

#include <setjmp.h>
#include <stdbool.h>
#include "lib/panic.h"

extern jmp_buf panic_trap;
extern bool panic_trapped;
extern char panic_text[512]; /* of the last panic */

/* Runs the statement; true if it panicked. Locks held at that moment stay held. */
#define PANICS(statement)                  \
	({                                 \
		bool panicked = true;      \
		panic_trapped = true;      \
		if (!setjmp(panic_trap)) { \
			statement;         \
			panicked = false;  \
		}                          \
		panic_trapped = false;     \
		panicked;                  \
	})

#endif
