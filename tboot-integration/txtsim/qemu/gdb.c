#include "tboot-integration/txtsim/qemu/gdb.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/hex.h"
#include "tboot-integration/txtsim/run/process.h"

#define ANSWER_WAIT_S 30
/* Bytes of memory in one packet. */
#define CHUNK 512u

size_t gdb_take_packet(const char *received, size_t size, char *to, size_t max)
{
	const char *begin = memchr(received, '$', size);
	const char *end = begin ? memchr(begin, '#', size - (size_t)(begin - received)) : NULL;
	size_t taken, n;
	uint8_t sum = 0;
	int high, low;

	if (!end || (size_t)(end - received) + 3 > size)
		return 0;
	taken = (size_t)(end - received) + 3;
	n = (size_t)(end - begin) - 1;
	high = hex_digit(end[1]);
	low = hex_digit(end[2]);
	*to = 0;
	for (size_t i = 1; i <= n; i++)
		sum = (uint8_t)(sum + (uint8_t)begin[i]);
	if (n >= max || high < 0 || low < 0 || sum != (high << 4 | low))
		return taken;
	memcpy(to, begin + 1, n);
	to[n] = 0;
	return taken;
}

bool gdb_stop_reply(const char *packet, unsigned *cpu)
{
	const char *thread;
	unsigned long id;

	if (*packet != 'T' && *packet != 'S')
		return false;
	thread = strstr(packet, "thread:");
	id = thread ? strtoul(thread + 7, NULL, 16) : 1;
	if (id == 0 || id > 4096)
		return false;
	*cpu = (unsigned)id - 1;
	return true;
}

bool gdb_parse_value(const char *text, uint64_t *value, size_t *bytes)
{
	size_t n = strlen(text);

	if (n == 0 || n > 16 || n % 2)
		return false;
	*value = 0;
	for (size_t i = 0; i < n / 2; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		*value |= (uint64_t)(high << 4 | low) << 8 * i;
	}
	*bytes = n / 2;
	return true;
}

void gdb_init(struct gdb *g, int fd, void (*pump)(void *), void *ctx)
{
	memset(g, 0, offsetof(struct gdb, packet));
	g->packet[0] = 0;
	g->fd = fd;
	g->pump = pump;
	g->ctx = ctx;
}

static void give_up(struct gdb *g, const char *what, const char *detail)
{
	if (!g->broken)
		snprintf(g->reason, sizeof(g->reason), "%s%.64s", what, detail);
	g->broken = true;
}

static void send_bytes(struct gdb *g, const char *bytes, size_t size)
{
	if (!g->broken && send(g->fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
		give_up(g, "its socket is closed", "");
}

static void send_packet(struct gdb *g, const char *content)
{
	char packet[2 * CHUNK + 64];
	uint8_t sum = 0;
	int n;

	for (const char *p = content; *p; p++)
		sum = (uint8_t)(sum + (uint8_t)*p);
	n = snprintf(packet, sizeof(packet), "$%s#%02x", content, sum);
	send_bytes(g, packet, (size_t)n);
}

/* Whether a packet is here; it is then in g->packet, and acknowledged. */
static bool take(struct gdb *g)
{
	ssize_t n = recv(g->fd, g->received + g->size, sizeof(g->received) - g->size, MSG_DONTWAIT);
	size_t taken;

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		give_up(g, "its socket is closed", "");
	if (n > 0)
		g->size += (size_t)n;
	taken = gdb_take_packet(g->received, g->size, g->packet, sizeof(g->packet));
	if (!taken) {
		if (g->size == sizeof(g->received))
			give_up(g, "a packet is too long", "");
		return false;
	}
	g->size -= taken;
	memmove(g->received, g->received + taken, g->size);
	send_bytes(g, "+", 1);
	return true;
}

static const char *receive(struct gdb *g)
{
	double end = process_now() + ANSWER_WAIT_S;

	while (!g->broken) {
		if (take(g))
			return g->packet;
		if (process_now() > end || process_caught())
			give_up(g, "it does not answer", "");
		else
			g->pump(g->ctx);
	}
	return "";
}

static const char *__attribute__((format(printf, 2, 3))) ask(struct gdb *g, const char *format, ...)
{
	char content[2 * CHUNK + 32];
	va_list args;

	va_start(args, format);
	vsnprintf(content, sizeof(content), format, args);
	va_end(args);
	send_packet(g, content);
	return receive(g);
}

static void expect_ok(struct gdb *g, const char *answer)
{
	if (strcmp(answer, "OK") != 0)
		give_up(g, "unexpected answer ", answer);
}

void gdb_hello(struct gdb *g)
{
	ask(g, "qSupported:xmlRegisters=i386");
	/* Without it QEMU does not show the control registers. */
	ask(g, "qXfer:features:read:target.xml:0,ffb");
	ask(g, "?");
}

bool gdb_stopped(struct gdb *g, unsigned *cpu)
{
	return !g->broken && take(g) && gdb_stop_reply(g->packet, cpu);
}

void gdb_continue(struct gdb *g)
{
	send_packet(g, "c");
}

static void wait_for_stop(struct gdb *g)
{
	unsigned cpu;

	while (!g->broken && !gdb_stop_reply(receive(g), &cpu))
		;
}

void gdb_interrupt(struct gdb *g)
{
	send_bytes(g, "\x03", 1);
	wait_for_stop(g);
}

void gdb_step(struct gdb *g, unsigned cpu)
{
	char content[32];

	snprintf(content, sizeof(content), "vCont;s:%x", cpu + 1);
	send_packet(g, content);
	wait_for_stop(g);
}

void gdb_select(struct gdb *g, unsigned cpu)
{
	expect_ok(g, ask(g, "Hg%x", cpu + 1));
}

static uint64_t read_sized(struct gdb *g, enum gdb_register r, size_t *bytes)
{
	uint64_t value;

	if (!gdb_parse_value(ask(g, "p%x", (unsigned)r), &value, bytes)) {
		give_up(g, "no value of a register: ", g->packet);
		return 0;
	}
	return value;
}

uint64_t gdb_read(struct gdb *g, enum gdb_register r)
{
	size_t bytes;

	return read_sized(g, r, &bytes);
}

void gdb_write(struct gdb *g, enum gdb_register r, uint64_t value)
{
	size_t bytes = 0;
	char text[17];

	read_sized(g, r, &bytes);
	hex_encode(text, &value, bytes); /* little-endian, as the register is */
	if (!g->broken)
		expect_ok(g, ask(g, "P%x=%s", (unsigned)r, text));
}

void gdb_write_memory(struct gdb *g, uint32_t address, const uint8_t *from, size_t size)
{
	char text[2 * CHUNK + 1];

	while (size && !g->broken) {
		size_t n = size < CHUNK ? size : CHUNK;

		hex_encode(text, from, n);
		expect_ok(g, ask(g, "M%x,%zx:%s", address, n, text));
		address += (uint32_t)n;
		from += n;
		size -= n;
	}
}

void gdb_break(struct gdb *g, uint32_t address)
{
	expect_ok(g, ask(g, "Z0,%x,1", address));
}

void gdb_unbreak(struct gdb *g, uint32_t address)
{
	expect_ok(g, ask(g, "z0,%x,1", address));
}
