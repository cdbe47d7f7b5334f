/* sources: tboot-integration/txtsim/qemu/gdb.c tboot-integration/txtsim/qemu/qmp.c */
/* sources: tboot-integration/txtsim/qemu/pciproxy.c kernel/lib/hex.c */
/* plain: fuzz/models/json_memory.c fuzz/models/library_memory.c fuzz/models/proxy_bars.c */
/* coverage: edges, comparisons, lean */
/* libs: -l:libjansson.a -Wl,--wrap=memcpy */
/* options: -max_len=5120 */
/*
 * Sessions with QEMU, which is at the other end of a socket: the GDB stub's, the machine protocol's
 * and the proxy device's. {u8 which, u8 requests, one byte each, what QEMU sends bit by bit}. Each
 * session ends, whatever QEMU says.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz/models/json_memory.h"
#include "fuzz/models/proxy_bars.h"
#include "tboot-integration/txtsim/qemu/gdb.h"
#include "tboot-integration/txtsim/qemu/pciproxy.h"
#include "tboot-integration/txtsim/qemu/qmp.h"
#include "tboot-integration/txtsim/run/emulators.h"
#include "tboot-integration/txtsim/run/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* QEMU's end of the line, and what it has still to say. */
static struct {
	int ours, theirs;
	const uint8_t *left;
	size_t size;
	unsigned turns;
	bool caught; /* somebody ends the launcher */
} line;

/* Ten seconds a turn: nobody waits longer than for some turns. */
double process_now(void)
{
	return 10.0 * line.turns;
}

int process_caught(void)
{
	return line.caught ? 15 : 0;
}

static void hang_up(void)
{
	if (line.theirs >= 0)
		close(line.theirs);
	line.theirs = -1;
}

/* Says the next few bytes, and reads what it was sent; hangs up when it has said all. */
static void pump(void *context)
{
	uint8_t heard[4096];
	size_t n = line.size < 256 ? line.size : 256;

	line.turns++;
	if (line.theirs < 0)
		return;
	while (recv(line.theirs, heard, sizeof(heard), MSG_DONTWAIT) > 0)
		;
	if (n)
		send(line.theirs, line.left, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	else if (line.turns > 2)
		hang_up();
	line.left += n;
	line.size -= n;
}

static bool connect_line(const uint8_t *data, size_t size)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return false;
	line.ours = ends[0];
	line.theirs = ends[1];
	line.left = data;
	line.size = size;
	line.turns = 0;
	line.caught = false;
	return true;
}

static void ask_gdb(struct gdb *g, uint8_t what)
{
	static const uint8_t code[1200];
	unsigned cpu = what >> 4;

	switch (what & 15) {
	case 0:
		gdb_hello(g);
		break;
	case 1:
		gdb_continue(g);
		break;
	case 2:
		gdb_interrupt(g);
		break;
	case 3:
		gdb_step(g, cpu);
		break;
	case 4:
		gdb_select(g, cpu);
		break;
	case 5:
		gdb_read(g, (enum gdb_register)cpu);
		break;
	case 6:
		gdb_write(g, (enum gdb_register)cpu, what * 0x0102030405060708ull);
		break;
	case 7:
		gdb_write_memory(g, 0x1000, code, cpu * 80u);
		break;
	case 8:
		gdb_break(g, 0x1000u + what);
		break;
	case 9:
		gdb_unbreak(g, 0x1000u + what);
		break;
	case 10:
		gdb_stopped(g, &cpu);
		break;
	case 11:
		line.caught = true;
		break;
	default:
		pump(NULL);
	}
}

static void ask_qmp(struct qmp *q, uint8_t what)
{
	static char arguments[600];

	if (!arguments[0])
		memset(arguments, ' ', sizeof(arguments) - 1);
	switch (what & 7) {
	case 0:
		qmp_ask(q, "query-status", NULL);
		break;
	case 1:
		qmp_ask(q, "stop", "{}");
		break;
	case 2:
		qmp_serve(q);
		break;
	case 3:
		if (qmp_send(q, "cont", arguments))
			abort(); /* longer than any request */
		break;
	case 4:
		line.caught = true;
		break;
	case 5:
		hang_up();
		break;
	case 6:
		q->fd = -1;
		break;
	default:
		pump(NULL);
	}
	if (strlen(q->text) >= sizeof(q->text) || q->size > sizeof(q->line))
		abort();
}

static void pump_qmp(void *q)
{
	pump(NULL);
	qmp_serve(q);
}

/* With each message may come descriptors: they are closed. */
static void send_descriptors(void)
{
	_Alignas(struct cmsghdr) char ancillary[CMSG_SPACE(2 * sizeof(int))] = {0};
	struct iovec part = {.iov_base = (void *)line.left, .iov_len = line.size};
	struct msghdr m = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = ancillary,
		.msg_controllen = sizeof(ancillary)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int passed[2] = {line.ours, line.ours};

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(passed));
	memcpy(CMSG_DATA(c), passed, sizeof(passed));
	if (line.size)
		sendmsg(line.theirs, &m, MSG_NOSIGNAL);
	line.size = 0;
}

static void serve_proxy(uint8_t how)
{
	static struct pciproxy p;
	int lowest = dup(line.ours);

	close(lowest);
	pciproxy_init(&p, &proxy_bars, NULL);
	p.bar_size[0] = 0x20000;
	if (how & 1)
		send_descriptors();
	if (how & 2)
		shutdown(line.theirs, SHUT_RD);
	while (line.turns < 64 && pciproxy_serve(&p, line.ours))
		pump(NULL);
	if (p.size > sizeof(p.message) || dup(line.ours) > lowest)
		abort(); /* a descriptor stayed open */
	close(lowest);
}

static void session(const uint8_t *data, size_t size)
{
	static struct qmp q;
	static struct gdb g;
	size_t asked = size > 1 ? data[1] % 32 : 0;

	if (size < 2 + asked || !connect_line(data + 2 + asked, size - 2 - asked))
		return;
	if (data[0] % 3 == 0)
		serve_proxy(data[0]);
	if (data[0] % 3 == 1)
		gdb_init(&g, line.ours, pump, NULL);
	else
		qmp_init(&q, line.ours, pump_qmp, &q);
	for (size_t i = 0; i < asked; i++) {
		if (data[0] % 3 == 1)
			ask_gdb(&g, data[2 + i]);
		else
			ask_qmp(&q, data[2 + i]);
	}
	if (data[0] % 3 == 1 && (g.size > sizeof(g.received) || (g.broken && !g.reason[0])))
		abort();
	hang_up();
	close(line.ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t live;

	json_memory_use();
	live = json_memory_live();
	session(data, size);
	if (json_memory_live() != live)
		abort();
	return 0;
}
