/* sources: kernel/worlds/libvmk/cmd_audit.c kernel/trust/audit_read.c kernel/lib/keyval.c */
/* sources: kernel/worlds/libvmk/session.c kernel/worlds/libvmk/editor.c */
/* sources: kernel/worlds/libvmk/command.c kernel/worlds/libvmk/commands.c */
/* sources: kernel/worlds/libvmk/options.c kernel/worlds/libvmk/help.c */
/* sources: kernel/worlds/libvmk/records.c kernel/worlds/libvmk/words.c */
/* sources: kernel/worlds/libvmk/common.c kernel/worlds/libvmk/cmd_system.c */
/* sources: kernel/worlds/libvmk/cmd_hardware.c kernel/worlds/libvmk/cmd_network.c */
/* sources: kernel/worlds/libvmk/cmd_health.c kernel/worlds/libvmk/cmd_selftest.c */
/* sources: kernel/trust/evlog_read.c */
/* sources: kernel/worlds/libvmk/cmd_txt.c kernel/worlds/libvmk/cmd_world.c */
/* sources: kernel/worlds/libvmk/cmd_sched.c kernel/worlds/libvmk/cmd_secpolicy.c */
/* sources: kernel/vmkmod/domain.c */
/* sources: kernel/worlds/libvmk/cmd_vm.c kernel/worlds/libvmk/cmd_module.c */
/* sources: kernel/trust/txtheap.c kernel/sched/stats.c */
/* sources: tboot-integration/txtstat/errorcode.c tboot-integration/txtstat/registers.c */
/* sources: tboot-integration/txtstat/heap.c tboot-integration/txtstat/status.c */
/* sources: tboot-integration/txtstat/tbootlog.c */
/* sources: kernel/vmkdev/tty.c kernel/lib/lock.c tests/unit/shim/panic.c */
/* sources: tests/unit/shim/vmk_host.c */
/*
 * Whatever is typed, and whatever the console writes then: the line stays within its bounds, the
 * terminal is given nothing but what tty.h promises, and no line of it begins as the kernel's do.
 * The first byte says whether the rest is typed or is what a world writes, and in what state the
 * host is; from the first NUL on it is changes to its records.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sched/world.h"
#include "tests/unit/shim/vmk_host.h"
#include "vmkdev/tty.h"
#include "worlds/libvmk/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct session session;
static unsigned column, sequence, parameter; /* of the terminal */

static void require(bool condition)
{
	if (!condition)
		abort();
}

void event_signal(struct event *event)
{
}

static void sequence_byte(char c)
{
	if (sequence == 1) {
		require(c == '[');
		sequence = 2;
		parameter = 0;
	} else if (c >= '0' && c <= '9') {
		parameter = parameter * 10 + (unsigned)(c - '0');
		require(parameter <= 999);
	} else {
		require(c == 'K' || c == 'C' || c == 'D');
		parameter = MAX(parameter, 1u);
		column = c == 'C' ? column + parameter : column;
		column = c == 'D' ? column - MIN(parameter, column) : column;
		sequence = 0;
	}
}

static void terminal(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		char c = text[i];

		if (sequence) {
			sequence_byte(c);
		} else if (c == '\x1b') {
			sequence = 1;
		} else if (c == '\n' || c == '\r') {
			column = 0;
		} else if (c == '\b') {
			column -= column > 0;
		} else {
			require(c >= ' ' && c <= '~');
			require(column || ((c < '0' || c > '9') && c != '+'));
			column++;
		}
	}
}

enum host_state {
	HOST_WRITES = 1,
	HOST_REFUSES = 2,   /* the kernel denies every record */
	HOST_FAILS = 4,     /* what is asked for does not work */
	HOST_EMPTY = 8,     /* no modules, worlds, adapters, VMs */
	HOST_LAUNCHED = 16, /* registers, heap and logs of a launch */
	HOST_PATIENT = 32,  /* nobody interrupts what waits */
};

#define PART VMK_INFO_RAW_BYTES
static uint8_t left[4][2 * PART]; /* registers, heap, tboot's log; the VMkernel's logs */

/* What is a number in the host's records; their names are the kernel's own. */
#define NUMBERS(first, end)                 \
	{offsetof(struct fake_host, first), \
		offsetof(struct fake_host, end) - offsetof(struct fake_host, first)}
static const struct {
	size_t at, bytes;
} numbers[] = {
	NUMBERS(system.uptime_ns, modules),
	NUMBERS(modules[1].bytes, modules[1].requires),
	NUMBERS(modules[1].image_bytes, modules[2]),
	NUMBERS(worlds[0].id, worlds[1]),
	NUMBERS(memory.total, cpu),
	NUMBERS(cpu.apic_id, cpu.features),
	NUMBERS(pci.bus, pci.driver),
	NUMBERS(hardening[1].state, nic),
	NUMBERS(nic.mac, ports),
	NUMBERS(ports[0].ip, ports[1]),
	NUMBERS(launch.measured, launch.tpm_error),
	NUMBERS(sign.holds, scheduled),
	NUMBERS(scheduled[0].cpu, scheduled[0].vm),
	NUMBERS(vms[0].id, vms[0].name),
	NUMBERS(vms[0].since_ns, vms[0].why),
	NUMBERS(audit.records, audit_log),
	NUMBERS(info_status, ping),
};

/* Four bytes: in which record or part of a launch's remains, where (16 bits), what. */
static void change(const uint8_t *d)
{
	const unsigned which = d[0] % (ARRAY_SIZE(numbers) + ARRAY_SIZE(left));
	const unsigned at = d[1] << 8 | d[2];

	if (which < ARRAY_SIZE(numbers))
		((uint8_t *)&fake)[numbers[which].at + at % numbers[which].bytes] = d[3];
	else
		left[which - ARRAY_SIZE(numbers)][at % sizeof(left[0])] = d[3];
}

static void put(uint8_t *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

/* A chipset where SENTER is done, and tboot's log (tboot 1.10.5, include/tboot.h). */
static void have_launch(void)
{
	static const uint8_t id[16] = {0x26, 0x25, 0x19, 0xc0, 0x30, 0x6b, 0xb4, 0x4d, 0x4c, 0x84,
		0xa3, 0xe9, 0x53, 0xb8, 0x81, 0x74};
	static const char text[] = "TBOOT: one\r\nTBOOT: executing GETSEC[SENTER]...\n";

	memset(left, 0, sizeof(left));
	put(left[0], 0x18041, 8);
	put(left[0] + 0x110, 0x1b0018086, 8);
	put(left[0] + 0x300, 0x7f20000, 8);
	put(left[0] + 0x308, sizeof(left[1]), 8);
	memcpy(left[2], id, sizeof(id));
	put(left[2] + 18, sizeof(text) - 1, 2);
	memcpy(left[2] + 61, text, sizeof(text));
	for (unsigned i = 0; i < ARRAY_SIZE(fake.raw); i++) {
		fake.raw[i] = left[i];
		fake.raw_bytes[i] = sizeof(left[i]);
	}
	fake.raw_base[0] = 0xfed30000;
	fake.events = fake.audit_log = left[3];
	fake.events_bytes = fake.audit.bytes = sizeof(left[3]);
}

static void have_host(unsigned state, const uint8_t *changes, size_t size)
{
	fake_reset();
	if (state & HOST_LAUNCHED)
		have_launch();
	if (state & HOST_REFUSES)
		fake.info_status = VMK_DENIED;
	if (state & HOST_FAILS)
		fake.control_status = fake.ping_status = fake.console_status = VMK_BUSY;
	if (state & HOST_EMPTY)
		fake.module_count = fake.world_count = fake.nic_count = fake.vm_count = 0;
	fake.pauses_left = state & HOST_PATIENT ? 3 : 0;
	for (size_t i = 0; i + 4 <= size; i += 4)
		change(changes + i);
	fake.pauses_left %= 4; /* somebody interrupts in the end */
	fake.audit.bytes = MIN(fake.audit.bytes, fake.audit_log ? sizeof(left[3]) : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool registered;
	size_t typed;

	if (!registered)
		tty_register_sink(terminal);
	registered = true;
	if (!size)
		return 0;
	if (data[0] & HOST_WRITES) {
		tty_write((const char *)data + 1, size - 1);
		return 0;
	}
	typed = strnlen((const char *)data + 1, size - 1);
	have_host(data[0], data + 1 + typed, size - 1 - typed);
	session_start(&session, &fake_ops, NULL);
	session_feed(&session, (const char *)data + 1, typed);
	require(session.editor.length < LINE_BYTES &&
		session.editor.cursor <= session.editor.length);
	require(strlen(session.editor.line) == session.editor.length);
	tty_write(fake.out, fake.out_bytes);
	require(!memchr(fake.out, 0, fake.out_bytes));
	return 0;
}
