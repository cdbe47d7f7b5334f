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
 * The first byte says whether the rest is typed or is what a world writes.
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool registered;

	if (!registered)
		tty_register_sink(terminal);
	registered = true;
	if (!size)
		return 0;
	if (data[0] & 1) {
		tty_write((const char *)data + 1, size - 1);
		return 0;
	}
	fake_reset();
	session_start(&session, &fake_ops, NULL);
	session_feed(&session, (const char *)data + 1, size - 1);
	require(session.editor.length < LINE_BYTES &&
		session.editor.cursor <= session.editor.length);
	require(strlen(session.editor.line) == session.editor.length);
	tty_write(fake.out, fake.out_bytes);
	require(!memchr(fake.out, 0, fake.out_bytes));
	return 0;
}
