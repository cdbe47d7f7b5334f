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
/* sources: kernel/trust/txtheap.c */
/* sources: tboot-integration/txtstat/errorcode.c tboot-integration/txtstat/registers.c */
/* sources: tboot-integration/txtstat/heap.c tboot-integration/txtstat/status.c */
/* sources: tboot-integration/txtstat/tbootlog.c */
/* sources: kernel/vmkdev/tty.c kernel/lib/lock.c tests/unit/shim/panic.c */
/* quiet: kernel/sched/stats.c */
/* plain: tests/unit/shim/vmk_host.c */
/* coverage: edges, lean */
/* options: -use_counters=0 */
/*
 * Whatever is typed, and whatever the console writes then: the line stays within its bounds, the
 * terminal is given nothing but what tty.h promises, and no line of it begins as the kernel's do.
 * The first byte says whether the rest is typed or is what a world writes, and in what state the
 * host is; from the first NUL on it is changes to its records, and what fails there.
 */
#include <stdint.h>
#include <stdio.h>
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
	HOST_ASKS = 64,     /* who is there has logged in */
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
	NUMBERS(audit.anchored, audit_log),
	NUMBERS(info_status, ping),
};

/* Texts that may also be empty, or say something. */
#define TEXT(field) {offsetof(struct fake_host, field), sizeof(fake.field)}
static const struct {
	size_t at, bytes;
} texts[] = {
	TEXT(modules[0].name),
	TEXT(modules[0].signer),
	TEXT(modules[0].why),
	TEXT(modules[1].name),
	TEXT(modules[1].why),
	TEXT(modules[2].file),
	TEXT(worlds[1].name),
	TEXT(vms[0].why),
	TEXT(vms[1].why),
	TEXT(sign.name),
	TEXT(nic.driver),
	TEXT(domains[0].grants.vms[0]),
	TEXT(domains[1].grants.vms[0]),
	TEXT(domains[1].grants.vms[1]),
	TEXT(domains[1].grants.vms[2]),
	TEXT(scheduled[0].vm),
	TEXT(parameters[1].name),
};

static void change_text(uint8_t which, uint8_t what)
{
	char *text = (char *)&fake + texts[which % ARRAY_SIZE(texts)].at;

	memset(text, 0, texts[which % ARRAY_SIZE(texts)].bytes);
	if (what)
		memset(text, what, MIN(texts[which % ARRAY_SIZE(texts)].bytes - 1, what & 63u));
}

/* What of the host is neither number nor text: a code, then three bytes. */
enum { STATE_FIRST = 0xe0, STATE_LAST = 0xec };
static void change_state(const uint8_t *d)
{
	const enum vmk_status status = d[3] % VMK_STATUS_COUNT;

	switch (d[0]) {
	case STATE_FIRST:
		fake.info_left = d[2];
		fake.info_later = status;
		break;
	case 0xe1:
		fake.control_status = fake.console_status = status;
		break;
	case 0xe2:
		fake.log_status = status;
		break;
	case 0xe3:
		fake.ping_status = status;
		fake.ping_step = d[2] * 1000ull;
		break;
	case 0xe4:
		fake.account_count = d[3] % 3;
		break;
	case 0xe5:
		change_text(d[1], d[3]);
		break;
	case 0xe6:
		fake.drtm = d[3] & 1;
		break;
	case 0xe7:
		fake.raw_total[d[1] % ARRAY_SIZE(fake.raw)] = (uint64_t)d[3] << (d[2] & 31);
		break;
	case 0xe8:
		memset(fake.vms[0].affinity, d[3], sizeof(fake.vms[0].affinity));
		break;
	case 0xe9:
		((uint8_t *)fake.groups)[(d[1] << 8 | d[2]) % sizeof(fake.groups)] = d[3];
		break;
	case 0xeb: /* a package of a virtual machine */
		strcpy(fake.modules[1].kind, "vm");
		break;
	case 0xea:
		((uint8_t *)&fake.domains[0]
				.grants)[(d[1] << 8 | d[2]) % sizeof(fake.domains[0].grants)] =
			d[3];
		break;
	default:
		fake.audit.records = d[3];
	}
}

/* Bytes as they are: a log, of which the last d[2] may come d[1] times more. */
enum { BYTES_FIRST = 0xf0, BYTES_LAST = 0xf7 };
static void change_bytes(const uint8_t *d, const uint8_t *bytes, size_t size)
{
	static uint8_t log[80000];
	static char text[2][8192];
	const size_t again = MIN(size, (size_t)d[2]);
	const unsigned which = d[0] & 7;

	if (which < 4) {
		memcpy(left[which], bytes, MIN(size, sizeof(left[which])));
		return;
	}
	if (which < 6) {
		snprintf(text[which & 1], sizeof(text[0]), "%.*s", (int)size, (const char *)bytes);
		*(which & 1 ? &fake.log_grown : &fake.log) = text[which & 1];
		return;
	}
	size = MIN(size, sizeof(log));
	memcpy(log, bytes, size);
	for (unsigned i = 0; i < d[1] * 8u && again && again <= sizeof(log) - size;
		i++, size += again)
		memcpy(log + size, log + size - again, again);
	if (which == 6) {
		fake.audit_log = log;
		fake.audit.bytes = size;
	} else {
		fake.events = log;
		fake.events_bytes = size;
	}
}

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
	fake.audit.bytes = fake.audit_log ? sizeof(left[3]) : 0;
	for (size_t i = 0; i + 4 <= size; i += 4) {
		const uint8_t *d = changes + i;

		if (d[0] >= BYTES_FIRST && d[0] <= BYTES_LAST) {
			change_bytes(d, d + 4, size - i - 4);
			break;
		}
		if (d[0] >= STATE_FIRST && d[0] <= STATE_LAST)
			change_state(d);
		else
			change(d);
	}
	fake.pauses_left %= 4; /* somebody interrupts in the end */
}

static void log_out(void *context)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmk_host host = fake_ops;
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
	host.log_out = data[0] & HOST_ASKS ? log_out : NULL;
	session_start(&session, &host, NULL);
	session_feed(&session, (const char *)data + 1, typed);
	require(session.editor.length < LINE_BYTES &&
		session.editor.cursor <= session.editor.length);
	require(strlen(session.editor.line) == session.editor.length);
	tty_write(fake.out, fake.out_bytes);
	require(!memchr(fake.out, 0, fake.out_bytes));
	return 0;
}
