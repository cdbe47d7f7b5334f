/*
 * The console: one line of text that people and the log share. Kernel log lines and what worlds
 * write go to every sink; what people type, wherever they type it, comes to one queue.
 *
 * What a sink is given: printable characters, "\n" (a sink that needs a carriage return adds it),
 * "\r", "\b", and of the control sequences of ECMA-48 only CUF (ESC [ n C), CUB (ESC [ n D) and EL
 * (ESC [ K: erase to the end of the line), n of up to three digits.
 *
 * A line of a world's output cannot be taken for the kernel's: in the first column it never has a
 * digit, as log lines begin, or a "+", as they continue. That is a promise about lines as they are
 * written, which is what a recorded serial console has, on terminals of 80 columns or more. What a
 * terminal shows of a line longer than it is wide is not promised: where it wraps, it puts any
 * character of the world's into the first column of the next row. How wide it is nobody tells the
 * kernel, and breaking all lines at 80 columns would tear digests that are to be copied. The
 * ring of the log (lib/log.h) holds nothing that was written here: it tells what was logged.
 */
#ifndef VMKDEV_TTY_H
#define VMKDEV_TTY_H

#include "lib/types.h"
#include <vmkapi/status.h>

struct event;

#define TTY_SINKS_MAX   8u
#define TTY_INPUT_BYTES 1024u
/* A world's text goes out in parts of this size, so that the log never waits longer. */
#define TTY_PART_BYTES 128u

/* Called with the console's lock held, perhaps in an interrupt: it takes no lock, does not log. */
typedef void (*tty_sink)(const char *text, size_t bytes);
/* VMK_NO_RESOURCES beyond TTY_SINKS_MAX. A sink stays; it is given what comes from now on. */
enum vmk_status tty_register_sink(tty_sink sink);

/* Whole lines of the kernel's log (lib/log.h). A line that a world has begun is put below them. */
void tty_log(const char *text, size_t bytes);

/* Bytes that someone typed; from any context, interrupts included. What does not fit is counted and
 * lost. */
void tty_input(const char *bytes, size_t count);
/* Takes up to `size` typed bytes; 0 when there are none. */
size_t tty_read(char *to, size_t size);
bool tty_readable(void);
struct event *tty_event(void); /* signalled when something was typed */
uint64_t tty_input_lost(void); /* typed bytes that found the queue full */

/* A world's text, filtered as above; what is neither printable nor allowed becomes "?". */
void tty_write(const char *text, size_t bytes);

#endif
