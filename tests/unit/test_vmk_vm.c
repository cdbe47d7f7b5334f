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
/* vmk vm: virtual machines as an administrator has them; and why not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/shim/vmk_host.h"
#include "tests/unit/shim/vmk_line.h"

static void vms_are_listed(void **state)
{
	shows("vm list", 0,
		"VM ID  Name   State    World ID  vCPUs  Memory KiB  CPU Shares  Autostart\n"
		"-----  -----  -------  --------  -----  ----------  ----------  ---------\n"
		"1      agent  running  100       2      4096        2000        false\n"
		"2      other  off      0         0      0           1000        false\n");
	says("vm get agent", 0,
		"   CPU Limit: 150 % of a pCPU\n   vCPU Limit: 75 % of a pCPU\n   Latency "
		"Sensitivity: high\n   CPU Affinity: "
		"0,2-3\n");
	says("vm get agent", 0,
		"   Memory KiB: 4096\n   Memory Reservation KiB: 0\n   Memory Limit KiB: 2048\n"
		"   Memory Granted KiB: 1024\n   Large Pages: 0\n   Balloon KiB: 2048\n");
	shows("vm memory get agent", 0,
		"Of              Says   Value  Unit\n"
		"--------------  -----  -----  ----\n"
		"Configured      host   4096   KiB\n"
		"Limit           host   2048   KiB\n"
		"Granted         host   1024   KiB\n"
		"Balloon         host   2048   KiB\n"
		"Balloon Target  host   0      KiB\n"
		"Minor Faults    guest  9      \n"
		"Free            guest  512    KiB\n"
		"Total           guest  4096   KiB\n");
	says("vm memory get agent --json", 0,
		"{\"Of\": \"Free\", \"Says\": \"guest\", \"Value\": 512, \"Unit\": \"KiB\"}");
	shows("vm memory set agent --target-kib 1024", 0, "");
	says("vm memory set --vm agent", 2, "target-kib");
	says("vm get other", 0,
		"   CPU Limit: none\n   vCPU Limit: none\n   Latency Sensitivity: normal\n   CPU "
		"Affinity: any\n");
	fake.vm_count = 0;
	says("vm list", 0, "There are no virtual machines");
	shows("vm list --json", 0, "[]\n");
}

static void a_vm_gets_another_part_of_the_cpus(void **state)
{
	says("vm sched get agent", 0, "   Shares: 2000\n   Reservation: 50.50\n   Limit: 150.00\n");
	says("vm sched get agent", 0, "   vCPU Limit: 40.00\n");
	says("vm sched get other", 1, "no virtual machine 'other' that is on");
	shows("vm sched set agent --shares 77", 0, "");
	assert_int_equal(fake.control, VMK_CONTROL_POOL_SHARES);
	assert_int_equal(fake.control_value, 7ull << 32 | 77);
	/* A limit below what is reserved comes after the reservation, any other one before it. */
	shows("vm sched set agent --reservation 10 --limit 20", 0, "");
	assert_int_equal(fake.control, VMK_CONTROL_POOL_LIMIT);
	shows("vm sched set --vm agent --reservation 160 --limit 200", 0, "");
	assert_int_equal(fake.control, VMK_CONTROL_POOL_RESERVATION);
	shows("vm sched set agent --limit 0 --reservation 160", 0, "");
	assert_int_equal(fake.control, VMK_CONTROL_POOL_RESERVATION);
	shows("vm sched set agent --vcpu-limit 30", 0, "");
	assert_int_equal(fake.control, VMK_CONTROL_POOL_VCPU_LIMIT);
	assert_int_equal(fake.control_value, 7ull << 32 | 30);
	shows("vm sched set agent --vcpu-limit 5 --reservation 10", 0, "");
	assert_int_equal(fake.control, VMK_CONTROL_POOL_VCPU_LIMIT);
	shows("vm sched set agent --vcpu-limit 0 --reservation 160", 0, "");
	assert_int_equal(fake.control, VMK_CONTROL_POOL_RESERVATION);
	says("vm sched set agent --vcpu-limit 101", 2, "vcpu-limit");
	says("sched pool set host/user --vcpu-limit 10", 2, "vcpu-limit");
	says("vm sched set agent", 1, "nothing to set");
	says("vm sched set agent --shares 0", 2, "shares");
	says("vm sched set nobody --shares 1", 1, "no virtual machine 'nobody' that is on");
	fake.control_status = VMK_NO_RESOURCES;
	says("vm sched set agent --reservation 500", 1,
		"host/user/agent keeps its reservation: 450 % of a CPU needed, 190 % available in "
		"host");
	fake.control_status = VMK_BAD_PARAM;
	says("vm sched set agent --limit 1", 1,
		"host/user/agent keeps its limit: a limit is not below the reservation");
	says("vm sched set agent --vcpu-limit 1", 1,
		"host/user/agent keeps its limit of each vCPU: a limit is not below");
	fake.control_status = VMK_DENIED;
	says("vm sched set agent --limit 100", 1, "host/user/agent keeps its limit");
}

static void vms_are_controlled(void **state)
{
	static const struct {
		const char *line;
		enum vmk_control control;
	} lines[] = {
		{"vm start other", VMK_CONTROL_VM_START},
		{"vm stop other", VMK_CONTROL_VM_STOP},
		{"vm stop --hard other", VMK_CONTROL_VM_HARD_STOP},
		{"vm pause --vm other", VMK_CONTROL_VM_PAUSE},
		{"vm resume -m other", VMK_CONTROL_VM_RESUME},
		{"vm reset other", VMK_CONTROL_VM_RESET},
		{"vm destroy other", VMK_CONTROL_VM_DESTROY},
	};

	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		shows(lines[i].line, 0, "");
		assert_int_equal(fake.control, lines[i].control);
		assert_int_equal(fake.control_value, 2);
	}
	says("vm start", 2, "vm");
	fake.controls = 0;
	says("vm start nobody", 1, "no virtual machine 'nobody'");
	assert_int_equal(fake.controls, 0);
}

static void vms_are_made_of_packages(void **state)
{
	says("vm create agent", 1, "no package 'agent' of a virtual machine was loaded");
	assert_int_equal(fake.controls, 0);
	strcpy(fake.modules[1].name, "agent");
	strcpy(fake.modules[1].kind, "vm");
	shows("vm create agent", 0, "");
	assert_int_equal(fake.control, VMK_CONTROL_VM_CREATE);
	assert_int_equal(fake.making.module, 1);
	assert_string_equal(fake.making.name, "agent");
	shows("vm create agent second", 0, "");
	assert_string_equal(fake.making.name, "second");
	shows("vm create --package agent --name third", 0, "");
	assert_string_equal(fake.making.name, "third");
	says("vm create agent a-name-that-has-no-end-within-32", 1, "at most 31 characters");
	fake.control_status = VMK_EXISTS;
	says("vm create agent", 1, "of the name 'agent': choose another with --name");
	fake.control_status = VMK_BAD_PARAM;
	says("vm create agent a/b", 1, "'a/b' is no name");
	fake.control_status = VMK_NO_RESOURCES;
	says("vm create agent x", 1, "as many as there can be");
	fake.control_status = VMK_DENIED;
	says("vm create agent x", 1, "x was not created: denied");
	fake.modules[1].loaded = 0;
	says("vm create agent", 1, "no package 'agent'");
}

static void vms_say_why_not(void **state)
{
	fake.control_status = VMK_BAD_STATE;
	says("vm pause other", 1, "other cannot be paused: it is off");
	says("vm start agent", 1, "agent cannot be started: it is running");
	says("vm destroy agent", 1, "agent cannot be destroyed: it is running");
	fake.vms[1].state = VMK_VM_PAUSED;
	says("vm stop other", 1,
		"other cannot be asked to stop: it is paused; resume it first, or stop it with "
		"--hard");
	says("vm pause other", 1, "other cannot be paused: it is paused");
	fake.control_status = VMK_DENIED;
	says("vm stop --hard agent", 1, "agent was not switched off: denied");
	fake.control_status = VMK_NO_MEMORY;
	strcpy(fake.vms[1].why, "memory: 4096 KiB needed, 12 KiB available");
	says("vm start other", 1, "other was not started: memory: 4096 KiB needed, 12 KiB");
}

static void a_console_is_left(void **state)
{
	says("vm console other", 1, "other is off: 'vm start other' first");
	assert_int_equal(fake.console_vm, 0);
	says("vm console agent", 0, "Left the console of agent");
	assert_int_equal(fake.console_vm, 1);
	fake.console_status = VMK_NOT_PRESENT;
	says("vm console agent", 0, "agent is off");
	fake.console_status = VMK_BUSY;
	says("vm console agent", 1, "somebody else is at the console of agent");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(vms_are_listed, fresh),
		cmocka_unit_test_setup(a_vm_gets_another_part_of_the_cpus, fresh),
		cmocka_unit_test_setup(vms_are_controlled, fresh),
		cmocka_unit_test_setup(vms_are_made_of_packages, fresh),
		cmocka_unit_test_setup(vms_say_why_not, fresh),
		cmocka_unit_test_setup(a_console_is_left, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
