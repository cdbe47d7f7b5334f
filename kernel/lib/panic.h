/* The end of the road. */
#ifndef LIB_PANIC_H
#define LIB_PANIC_H

/* Log, dump registers and backtrace, scrub secrets, leave through tboot. On hosts: abort(). */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define ASSERT(condition)                                                                     \
	do {                                                                                  \
		if (__builtin_expect(!(condition), 0))                                        \
			panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition); \
	} while (0)

#endif
