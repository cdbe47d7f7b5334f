/*
 * COM1 as the launcher sees it: the guest's bytes go to a file, to standard output and to the
 * search for --until; what the user types goes to the guest.
 */
#ifndef TXTSIM_CONSOLE_H
#define TXTSIM_CONSOLE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct run_options;

#define CONSOLE_TEXT_MAX 512u

struct console {
	const struct run_options *options;
	uint64_t received; /* bytes so far */
	bool found;        /* --until's text has been seen */
	char tail[2 * CONSOLE_TEXT_MAX];
	size_t kept;

	/* An emulator that writes the file itself: it is read as it grows. */
	int file_fd;

	/* An emulator whose UART is a socket: descriptors of the UART and of what is typed, or -1.
	 */
	int uart_fd, input_fd;
	FILE *log, *times;
	char line[200];
	size_t line_length;
	double started, line_at;
	char pending[256]; /* typed, not yet taken by the UART */
	size_t pending_size;
};

void console_open_file(struct console *c, const struct run_options *o);
void console_poll_file(struct console *c);

/*
 * Takes over the socket; opens --serial-in (a fifo, made if absent) and the log file. `times`: also
 * writes com1.times, with wall time in both columns.
 */
void console_open_socket(struct console *c, const struct run_options *o, int uart_fd, bool times);
/* Fills in at most two entries for poll(2); returns how many. */
unsigned console_wants(const struct console *c, struct pollfd *fds);
/* After poll(2): moves what can be moved, without blocking. */
void console_serve(struct console *c);

void console_close(struct console *c);

#endif
