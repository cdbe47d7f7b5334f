#include "tboot-integration/txtsim/run/console.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tboot-integration/txtsim/run/options.h"
#include "tboot-integration/txtsim/run/process.h"

static void clear(struct console *c, const struct run_options *o)
{
	*c = (struct console){.options = o, .file_fd = -1, .uart_fd = -1, .input_fd = -1};
	unlink(o->serial);
}

/* Takes bytes that stand at tail + kept. */
static void take(struct console *c, size_t n)
{
	const char *until = c->options->until;
	size_t size = c->kept + n;

	c->received += n;
	if (c->options->serial_to_stdout) {
		fwrite(c->tail + c->kept, 1, n, stdout);
		fflush(stdout);
	}
	if (until && memmem(c->tail, size, until, strlen(until)))
		c->found = true;
	c->kept = size < CONSOLE_TEXT_MAX ? size : CONSOLE_TEXT_MAX;
	memmove(c->tail, c->tail + size - c->kept, c->kept);
}

void console_open_file(struct console *c, const struct run_options *o)
{
	clear(c, o);
}

void console_poll_file(struct console *c)
{
	ssize_t n;

	if (!c->options->serial_to_stdout && !c->options->until)
		return;
	if (c->file_fd < 0)
		c->file_fd = open(c->options->serial, O_RDONLY | O_CLOEXEC);
	if (c->file_fd < 0)
		return;
	while ((n = read(c->file_fd, c->tail + c->kept, sizeof(c->tail) - c->kept)) > 0)
		take(c, (size_t)n);
}

/* Opened for writing too, so that one writer's end is not the end of the input. */
static int open_input(const char *path)
{
	struct stat info;
	int fd;

	if (!strcmp(path, "-")) {
		fd = fcntl(0, F_DUPFD_CLOEXEC, 0);
	} else {
		if (mkfifo(path, 0600) && errno != EEXIST)
			fail("cannot make the fifo %s: %s", path, strerror(errno));
		if (stat(path, &info) == 0 && !S_ISFIFO(info.st_mode))
			fail("--serial-in wants a fifo or '-', and %s is something else: what a "
			     "file holds can come through standard input",
				path);
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	if (fd < 0)
		fail("cannot read %s: %s", path, strerror(errno));
	return fd;
}

static FILE *open_output(const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		fail("cannot write %s: %s", path, strerror(errno));
	return f;
}

void console_open_socket(struct console *c, const struct run_options *o, int uart_fd, bool times)
{
	char path[PATH_MAX];

	clear(c, o);
	c->uart_fd = uart_fd;
	fcntl(uart_fd, F_SETFL, fcntl(uart_fd, F_GETFL) | O_NONBLOCK);
	c->log = open_output(o->serial);
	c->started = process_now();
	if (times) {
		workdir_path(path, o, "com1.times");
		c->times = open_output(path);
	}
	if (*o->serial_in)
		c->input_fd = open_input(o->serial_in);
}

unsigned console_wants(const struct console *c, struct pollfd *fds)
{
	unsigned n = 0;

	if (c->uart_fd >= 0)
		fds[n++] = (struct pollfd){.fd = c->uart_fd,
			.events = (short)(POLLIN | (c->pending_size ? POLLOUT : 0))};
	if (c->input_fd >= 0 && !c->pending_size)
		fds[n++] = (struct pollfd){.fd = c->input_fd, .events = POLLIN};
	return n;
}

/* Each line of COM1 with the time of its first byte. */
static void stamp(struct console *c, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			fprintf(c->times, "%11.6f %9.3f %.*s\n", c->line_at, c->line_at,
				(int)c->line_length, c->line);
			fflush(c->times);
			c->line_length = 0;
			continue;
		}
		if (bytes[i] < ' ' || bytes[i] > '~')
			continue;
		if (!c->line_length)
			c->line_at = process_now() - c->started;
		if (c->line_length < sizeof(c->line))
			c->line[c->line_length++] = bytes[i];
	}
}

static void serve_output(struct console *c)
{
	for (;;) {
		char *at = c->tail + c->kept;
		ssize_t n = recv(c->uart_fd, at, sizeof(c->tail) - c->kept, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			close(c->uart_fd);
			c->uart_fd = -1;
			return;
		}
		fwrite(at, 1, (size_t)n, c->log);
		fflush(c->log);
		if (c->times)
			stamp(c, at, (size_t)n);
		take(c, (size_t)n);
	}
}

static void serve_input(struct console *c)
{
	struct pollfd ready = {.fd = c->input_fd, .events = POLLIN};
	ssize_t n;

	if (c->input_fd >= 0 && !c->pending_size && poll(&ready, 1, 0) == 1) {
		n = read(c->input_fd, c->pending, sizeof(c->pending));
		if (n > 0) {
			c->pending_size = (size_t)n;
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			close(c->input_fd);
			c->input_fd = -1;
		}
	}
	if (!c->pending_size || c->uart_fd < 0)
		return;
	n = send(c->uart_fd, c->pending, c->pending_size, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n <= 0)
		return;
	c->pending_size -= (size_t)n;
	memmove(c->pending, c->pending + n, c->pending_size);
}

void console_serve(struct console *c)
{
	if (c->uart_fd >= 0)
		serve_output(c);
	serve_input(c);
}

void console_close(struct console *c)
{
	if (c->file_fd >= 0)
		close(c->file_fd);
	if (c->uart_fd >= 0)
		close(c->uart_fd);
	if (c->input_fd >= 0)
		close(c->input_fd);
	if (c->log)
		fclose(c->log);
	if (c->times)
		fclose(c->times);
}
