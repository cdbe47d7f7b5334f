/*
 * The client's end of GDB's remote protocol, as far as QEMU's stub for x86-64 needs it. A broken or
 * silent stub makes every later call return at once with zeros; `broken` then says so.
 */
#ifndef TXTSIM_GDB_H
#define TXTSIM_GDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GDB_PACKET_MAX 8192u

/* Register numbers of QEMU's description of a 64-bit processor. */
enum gdb_register {
	GDB_EAX = 0,
	GDB_EBX = 1,
	GDB_ECX = 2,
	GDB_EDX = 3,
	GDB_ESI = 4,
	GDB_EDI = 5,
	GDB_EBP = 6,
	GDB_ESP = 7,
	GDB_EIP = 16,
	GDB_EFLAGS = 17,
	GDB_CS = 18,
	GDB_SS = 19,
	GDB_DS = 20,
	GDB_ES = 21,
	GDB_FS = 22,
	GDB_GS = 23,
	GDB_CR0 = 27,
	GDB_CR4 = 30,
};

struct gdb {
	int fd;
	/* Called while waiting: serves whatever QEMU may be waiting for; returns after some time.
	 */
	void (*pump)(void *ctx);
	void *ctx;
	bool broken;
	char reason[96]; /* why it is broken */
	size_t size;     /* of `received` */
	char packet[GDB_PACKET_MAX];
	char received[2 * GDB_PACKET_MAX];
};

/*
 * Takes the first packet out of `size` received bytes: its content, without frame, goes to `to`
 * (`max` bytes with the final zero). Returns how many bytes it and what stood before it took, 0 if
 * there is no whole packet yet. A packet with a wrong checksum or of too many bytes comes out
 * empty.
 */
size_t gdb_take_packet(const char *received, size_t size, char *to, size_t max);
/* The CPU (from 0) of a stop reply; false if the packet is none. */
bool gdb_stop_reply(const char *packet, unsigned *cpu);
/* Little-endian hexadecimal; false unless it is 1 to 8 whole bytes. */
bool gdb_parse_value(const char *text, uint64_t *value, size_t *bytes);

void gdb_init(struct gdb *g, int fd, void (*pump)(void *), void *ctx);
/* Says hello to a stopped machine, and learns which registers there are. */
void gdb_hello(struct gdb *g);

/* A machine that runs: takes a stop reply if there is one. */
bool gdb_stopped(struct gdb *g, unsigned *cpu);
void gdb_continue(struct gdb *g);
/* Stops a machine that runs; returns when it has stopped. */
void gdb_interrupt(struct gdb *g);
/* One instruction on one CPU, the others stay stopped. */
void gdb_step(struct gdb *g, unsigned cpu);

/* Which CPU the register functions mean. */
void gdb_select(struct gdb *g, unsigned cpu);
uint64_t gdb_read(struct gdb *g, enum gdb_register r);
void gdb_write(struct gdb *g, enum gdb_register r, uint64_t value);
/* Memory that may hold code which QEMU has translated: written so that it notices. */
void gdb_write_memory(struct gdb *g, uint32_t address, const uint8_t *from, size_t size);

void gdb_break(struct gdb *g, uint32_t address);
void gdb_unbreak(struct gdb *g, uint32_t address);

#endif
