/* A machine in Bochs: the plugin does the platform's work, this starts it and tells how it ended.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tboot-integration/txtsim/run/console.h"
#include "tboot-integration/txtsim/run/options.h"
#include "tboot-integration/txtsim/run/process.h"
#include "tboot-integration/txtsim/run/run.h"

/* Bochs connects at once, but on a machine that is busy with other things. */
#define CONNECT_WAIT_S  120
#define CONNECT_POLL_MS 50

/* The plugin's settings: see plugin.c. */
static void set_environment(const struct run_options *o)
{
	char plugins[PATH_MAX], reboots[12], memory[12];

	snprintf(reboots, sizeof(reboots), "%u", o->reboots);
	workdir_path(plugins, o, "plugins");
	setenv("LTDL_LIBRARY_PATH", plugins, 1);
	setenv("TXTSIM_TPM", "swtpm.sock", 1);
	setenv("TXTSIM_LOG", "txtsim.log", 1);
	setenv("TXTSIM_TIMES", "com1.times", 1);
	setenv("TXTSIM_TPM_TIMES", "tpm.times", 1);
	setenv("TXTSIM_KEY_HASH", o->key_hash, 1);
	setenv("TXTSIM_TPM_MODE", o->tpm_mode, 1);
	setenv("TXTSIM_TXT", o->txt ? "1" : "0", 1);
	setenv("TXTSIM_TRACE", o->trace ? "1" : "0", 1);
	setenv("TXTSIM_INJECT", o->inject, 1);
	setenv("TXTSIM_REBOOTS", reboots, 1);
	snprintf(memory, sizeof(memory), "%u", o->memory_mb);
	setenv("TXTSIM_MEMORY_MB", memory, 1);
	if (o->dump_at)
		setenv("TXTSIM_DUMP_AT", o->dump_at, 1);
	else
		unsetenv("TXTSIM_DUMP_AT");
	if (o->count_vmx)
		setenv("TXTSIM_VMX_COUNTS", "vmx.counts", 1);
	else
		unsetenv("TXTSIM_VMX_COUNTS");
	if (o->seed)
		setenv("TXTSIM_SEED", o->seed, 1);
	else
		unsetenv("TXTSIM_SEED");
}

/* Whether a file of the workdir has a text; the last line that has it goes to `line`. */
static bool find_line(
	const struct run_options *o, const char *name, const char *text, char *line, size_t size)
{
	char path[PATH_MAX], current[512];
	bool found = false;
	FILE *f;

	workdir_path(path, o, name);
	f = fopen(path, "r");
	if (!f)
		return false;
	while (fgets(current, sizeof(current), f)) {
		if (!strstr(current, text))
			continue;
		found = true;
		current[strcspn(current, "\n")] = 0;
		snprintf(line, size, "%s", current);
	}
	fclose(f);
	return found;
}

/* Bochs ends with 1 for a power-off through ACPI or port 0x8900 as for a crash: the log tells. */
static int explain(const struct run_options *o, int status)
{
	char line[512];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return RUN_DONE;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_PROGRAM)
		fail("bochs-bin is not installed: apt-get install bochs");
	if (WIFEXITED(status) && WEXITSTATUS(status) == RUN_RESET)
		return RUN_RESET;
	if (WIFEXITED(status) && WEXITSTATUS(status) == RUN_REFUSED) {
		if (find_line(o, "bochs.out", "txtsim: ", line, sizeof(line)))
			fprintf(stderr, "%s\n", line);
		return RUN_REFUSED;
	}
	if (find_line(o, "bochs.log", "soft power off", line, sizeof(line)) ||
		find_line(o, "bochs.log", "shutdown requested", line, sizeof(line)))
		return RUN_DONE;
	if (find_line(o, "bochs.log", ">>PANIC<<", line, sizeof(line)))
		fprintf(stderr, "txtsim: Bochs stopped: %s\n", line);
	else
		process_tell_end("Bochs", status, "bochs.out and bochs.log", o->workdir);
	return RUN_CRASHED;
}

/* A socket of this machine alone, for COM1 in both directions. */
static int listen_for_com1(unsigned *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1) ||
		getsockname(fd, (struct sockaddr *)&address, &size))
		fail("no socket for COM1: %s", strerror(errno));
	*port = ntohs(address.sin_port);
	return fd;
}

/* The status stays with the child, for wait_for(). */
static bool has_ended(pid_t pid)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid == pid;
}

static int accept_com1(int listener, pid_t bochs)
{
	struct pollfd ready = {.fd = listener, .events = POLLIN};
	double end = process_now() + CONNECT_WAIT_S;
	int fd = -1;

	while (poll(&ready, 1, CONNECT_POLL_MS) != 1) {
		if (has_ended(bochs) || process_caught() || process_now() > end)
			break;
	}
	if (ready.revents & POLLIN)
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	return fd;
}

static void serve(struct console *c)
{
	struct pollfd fds[2];

	if (c->uart_fd < 0) {
		console_poll_file(c);
		process_nap();
		return;
	}
	poll(fds, console_wants(c, fds), 50);
	console_serve(c);
}

static int wait_for(const struct run_options *o, struct console *console, pid_t *bochs)
{
	const struct process_limit limit = process_limit(*bochs, o->timeout_s, 1);
	int status;

	for (;;) {
		bool ended = waitpid(*bochs, &status, WNOHANG) == *bochs;

		serve(console);
		if (ended)
			*bochs = 0;
		if (console->found)
			return RUN_DONE;
		if (ended)
			return explain(o, status);
		if (process_caught())
			return RUN_SIGNALLED + process_caught();
		if (process_limit_passed(&limit))
			return RUN_TIMEOUT;
	}
}

int bochs_run(const struct run_options *o)
{
	const char *argv[] = {"bochs-bin", "-q", "-f", "bochsrc", "-rc", "debugger.rc", NULL};
	int listener = -1, uart = -1, result;
	struct console console;
	unsigned com1_port = 0;
	pid_t swtpm = 0, bochs;

	if (*o->serial_in)
		listener = listen_for_com1(&com1_port);
	config_write(o, com1_port);
	set_environment(o);
	console_open_file(&console, o);
	if (strcmp(o->tpm_mode, "absent") != 0)
		swtpm = tpm_start(o);
	bochs = process_start_preloaded(
		o->workdir, "bochs.out", "lib/txtsim/display_port.so", argv);
	if (listener >= 0)
		uart = accept_com1(listener, bochs);
	if (uart >= 0)
		console_open_socket(&console, o, uart, false);
	result = wait_for(o, &console, &bochs);
	console_close(&console);
	process_stop(bochs);
	process_stop(swtpm);
	return result;
}
