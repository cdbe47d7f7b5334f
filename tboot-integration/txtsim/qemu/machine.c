#include "tboot-integration/txtsim/qemu/machine.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tboot-integration/txtsim/qemu/arguments.h"
#include "tboot-integration/txtsim/qemu/edge.h"
#include "tboot-integration/txtsim/qemu/probe.h"
#include "tboot-integration/txtsim/qemu/qmp.h"
#include "tboot-integration/txtsim/run/console.h"
#include "tboot-integration/txtsim/run/options.h"
#include "tboot-integration/txtsim/run/process.h"
#include "tboot-integration/txtsim/run/run.h"

#define POLL_MS 50
#define LOST_S  20.0

struct machine {
	const struct run_options *options;
	struct console console;
	struct qmp qmp;
	struct edge edge; /* with TXT */
	pid_t swtpm, qemu;
	double edge_lost; /* since when the edge no longer reaches QEMU */
	unsigned resets_seen, resets_counted;
	uint64_t received_at_reset; /* bytes on COM1 */
};

/* A connected pair: ours is closed in children, QEMU's is inherited. */
static int channel(int *for_qemu)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		fail("no socket pair: %s", strerror(errno));
	*for_qemu = dup(pair[1]);
	if (*for_qemu < 0)
		fail("no descriptor: %s", strerror(errno));
	close(pair[1]);
	return pair[0];
}

/* Also called while the edge or the monitor's client waits for an answer. */
static void serve(void *machine)
{
	struct machine *m = machine;
	struct pollfd fds[6];
	unsigned n = console_wants(&m->console, fds);

	if (m->qmp.fd >= 0)
		fds[n++] = (struct pollfd){.fd = m->qmp.fd, .events = POLLIN};
	if (m->options->txt)
		n += edge_wants(&m->edge, fds + n);
	poll(fds, n, POLL_MS);
	console_serve(&m->console);
	if (m->options->txt)
		edge_serve(&m->edge);
	if (m->qmp.fd >= 0 && !qmp_serve(&m->qmp)) {
		close(m->qmp.fd);
		m->qmp.fd = -1;
	}
}

static void close_inherited(const struct run_options *o, const struct qemu_fds *fds)
{
	close(fds->uart);
	close(fds->qmp);
	if (!o->txt)
		return;
	close(fds->gdb);
	close(fds->proxy);
	close(fds->ram);
	close(fds->device);
}

static void start(struct machine *m)
{
	static struct qemu_arguments arguments;
	const struct run_options *o = m->options;
	struct qemu_fds fds;

	console_open_socket(&m->console, o, channel(&fds.uart), true);
	qmp_init(&m->qmp, channel(&fds.qmp), serve, m);
	if (o->txt) {
		fds.our_gdb = channel(&fds.gdb);
		fds.our_proxy = channel(&fds.proxy);
		edge_open(&m->edge, o, &fds);
	}
	qemu_arguments_make(&arguments, o, &fds);
	m->qemu = process_start_preloaded(
		o->workdir, "qemu.out", "lib/txtsim/quarantine.so", arguments.argv);
	close_inherited(o, &fds);
	qmp_send(&m->qmp, "qmp_capabilities", NULL);
	if (o->txt)
		edge_begin(&m->edge, &m->qmp, serve, m);
}

static void show_output(const struct run_options *o)
{
	char path[PATH_MAX], line[512];
	FILE *f;

	workdir_path(path, o, "qemu.out");
	f = fopen(path, "r");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		fprintf(stderr, "txtsim: %s", line);
	fclose(f);
}

static int explain(const struct machine *m, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_PROGRAM)
		fail(QEMU_PROGRAM " is not installed: apt-get install qemu-system-x86");
	if (m->qmp.end == QMP_POWERED_OFF)
		return RUN_DONE;
	if (m->qmp.end == QMP_WAS_RESET)
		return RUN_RESET;
	show_output(m->options);
	process_tell_end("QEMU", status, "qemu.out", m->options->workdir);
	return RUN_CRASHED;
}

/*
 * The firmware answers one reset with several: it tries every way to reset in turn, and QEMU is
 * slower than that. So those count after which something has been said on COM1.
 */
static bool one_reset_too_many(struct machine *m)
{
	if (m->qmp.resets == m->resets_seen)
		return false;
	m->resets_seen = m->qmp.resets;
	if (m->console.received == m->received_at_reset)
		return false;
	m->received_at_reset = m->console.received;
	return m->resets_counted++ >= m->options->reboots;
}

static int wait_for(struct machine *m)
{
	const struct run_options *o = m->options;
	const struct process_limit limit = process_limit(m->qemu, o->timeout_s, o->smp);
	int status;

	m->edge_lost = process_now();
	for (;;) {
		bool ended = waitpid(m->qemu, &status, WNOHANG) == m->qemu;

		serve(m);
		/* Once QEMU is gone, how it went says more. */
		if (o->txt && !edge_run(&m->edge) && !ended &&
			process_now() - m->edge_lost > LOST_S) {
			fprintf(stderr, "txtsim: QEMU's GDB stub: %s\n", m->edge.gdb.reason);
			return RUN_CRASHED;
		}
		if (!o->txt || !m->edge.gdb.broken)
			m->edge_lost = process_now();
		if (ended)
			m->qemu = 0;
		if (m->console.found)
			return RUN_DONE;
		if (ended)
			return explain(m, status);
		if (process_caught())
			return RUN_SIGNALLED + process_caught();
		if (one_reset_too_many(m))
			return RUN_RESET;
		if (process_limit_passed(&limit))
			return RUN_TIMEOUT;
	}
}

int qemu_run(const struct run_options *o)
{
	static struct machine m;
	int result;

	m.options = o;
	qemu_probe(o);
	if (o->uefi)
		qemu_copy_variables(o);
	if (strcmp(o->tpm_mode, "absent") != 0)
		m.swtpm = tpm_start(o);
	start(&m);
	result = wait_for(&m);
	console_close(&m.console);
	if (m.qmp.fd >= 0)
		close(m.qmp.fd);
	process_stop(m.qemu);
	if (o->txt)
		edge_close(&m.edge);
	process_stop(m.swtpm);
	return result;
}
