/* sources: kernel/worlds/libvmk/cmd_audit.c kernel/trust/audit_read.c kernel/lib/keyval.c */
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
/* sources: tests/unit/shim/vmk_host.c tests/unit/shim/vmk_line.c */
/* vmk hardware trustedboot ...: Intel TXT in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <vmkapi/events.h>

#include "tests/unit/shim/vmk_host.h"
#include "tests/unit/shim/vmk_line.h"

static uint8_t txt_registers[4096], txt_heap[4096], tboot_log[0x8000];

static void put(uint8_t *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

/* A chipset where SENTER is done. */
static void have_txt(void)
{
	memset(txt_registers, 0, sizeof(txt_registers));
	put(txt_registers + 0x000, 0x18041, 8);
	put(txt_registers + 0x110, 0x1b0018086, 8);
	put(txt_registers + 0x300, 0x7f20000, 8);
	put(txt_registers + 0x308, sizeof(txt_heap), 8);
	fake.raw[0] = txt_registers;
	fake.raw_bytes[0] = sizeof(txt_registers);
	fake.raw_base[0] = 0xfed30000;
}

static void registers_are_rows(void **state)
{
	have_txt();
	says("hardware trustedboot register list", 0, "STS.SENTER.DONE ");
	says("hardware trustedboot register list", 0, "DIDVID.vendor ");
	says("hardware trustedboot register list --json", 0,
		"{\"Name\": \"STS.value\", \"Value\": \"0x18041\"}");
}

static void txt_status_is_judged(void **state)
{
	says("hardware trustedboot status get", 0, "there is no TXT chipset");
	have_txt();
	says("hardware trustedboot status get", 0, "SENTER is done and no error is recorded");
	fake.sign.holds = 0;
	says("hardware trustedboot status get", 0, "PCR 17 holds none");
	fake.sign.holds = 1;
	put(txt_registers + 0x000, 0, 8);
	put(txt_registers + 0x030, 0xc0003881, 4);
	says("hardware trustedboot status get", 0, "not launched");
	says("hardware trustedboot status get", 0, "error.");
}

static void without_txt_it_says_so(void **state)
{
	says("hardware trustedboot register list", 0, "no TXT chipset");
	says("hardware trustedboot heap list", 0, "There is no TXT heap");
	says("hardware trustedboot tboot log", 0, "tboot left no log");
	shows("hardware trustedboot tboot list --json", 0, "[]\n");
}

static void a_broken_heap_is_named(void **state)
{
	memset(txt_heap, 0xff, sizeof(txt_heap));
	fake.raw[1] = txt_heap;
	fake.raw_bytes[1] = sizeof(txt_heap);
	says("hardware trustedboot heap list", EXIT_FAILED, "the TXT heap cannot be read");
}

static void a_static_launch_is_named(void **state)
{
	fake.launch.measured = 0;
	fake.launch.launch = VMK_LAUNCH_SRTM;
	fake.system.through_tboot = 0;
	says("hardware trustedboot get", 0,
		"   Drtm Enabled: false\n   Tpm Present: true\n   Launch: srtm\n");
	says("system health status get", 0, "static launch");
	fake.launch.launch = 77;
	says("hardware trustedboot get", 0, "Launch: unknown");
}

/* tboot 1.10.5, include/tboot.h: identifier, capacity, end, compressed parts (none), the text. */
static void tboots_log_is_text(void **state)
{
	static const uint8_t id[16] = {0x26, 0x25, 0x19, 0xc0, 0x30, 0x6b, 0xb4, 0x4d, 0x4c, 0x84,
		0xa3, 0xe9, 0x53, 0xb8, 0x81, 0x74};
	static const char text[] = "TBOOT: one\r\nTBOOT: executing GETSEC[SENTER]...\n";

	memset(tboot_log, 0, sizeof(tboot_log));
	memcpy(tboot_log, id, sizeof(id));
	put(tboot_log + 18, sizeof(text) - 1, 2);
	memcpy(tboot_log + 61, text, sizeof(text));
	fake.raw[2] = tboot_log;
	fake.raw_bytes[2] = sizeof(tboot_log);
	shows("hardware trustedboot tboot log", 0,
		"TBOOT: one\nTBOOT: executing GETSEC[SENTER]...\n");
	shows("hardware trustedboot tboot log -n 1", 0, "TBOOT: one\n");
	says("hardware trustedboot tboot list", 0, "the launch was tried");
	tboot_log[60] = 11;
	says("hardware trustedboot tboot log", EXIT_FAILED, "reading tboot's log");
	memset(tboot_log, 0xaa, sizeof(tboot_log));
	says("hardware trustedboot tboot log", 0, "tboot left no log");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(registers_are_rows, fresh),
		cmocka_unit_test_setup(txt_status_is_judged, fresh),
		cmocka_unit_test_setup(without_txt_it_says_so, fresh),
		cmocka_unit_test_setup(a_broken_heap_is_named, fresh),
		cmocka_unit_test_setup(a_static_launch_is_named, fresh),
		cmocka_unit_test_setup(tboots_log_is_text, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
