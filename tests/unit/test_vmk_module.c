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
/* vmk system module: drivers are loaded, unloaded and given parameters; and why not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/shim/vmk_host.h"
#include "tests/unit/shim/vmk_line.h"

static void drivers_are_loaded_and_unloaded(void **state)
{
	shows("system module load -m e1000", 0, "");
	assert_int_equal(fake.control, VMK_CONTROL_MODULE_LOAD);
	assert_int_equal(fake.control_value, 1);
	shows("system module unload --module e1000 --json", 0, "true\n");
	assert_int_equal(fake.control, VMK_CONTROL_MODULE_UNLOAD);
	assert_int_equal(fake.control_value, 1);
	fake.controls = 0;
	says("system module load nobody", 1, "no module 'nobody'");
	says("system module unload", 2, "module");
	assert_int_equal(fake.controls, 0);
}

static void what_stands_in_the_way_is_said(void **state)
{
	fake.control_status = VMK_BUSY;
	strcpy(fake.modules[1].why, "world agent has a port on its network");
	says("system module unload e1000", 1,
		"module e1000 cannot be unloaded: busy: world agent has a port on its network");
	fake.modules[1].why[0] = 0;
	says("system module unload e1000", 1, "another module is being changed, try again");
	fake.control_status = VMK_EXISTS;
	says("system module load e1000", 1, "module e1000 is already loaded");
	fake.modules[1].loaded = 0;
	fake.control_status = VMK_BAD_STATE;
	says("system module unload e1000", 1, "module e1000 is not loaded");
	strcpy(fake.modules[1].why, "it requires module bus, which is not loaded");
	says("system module load e1000", 1,
		"e1000 cannot be loaded: bad-state: it requires module bus, which is not loaded");
	fake.control_status = VMK_UNSUPPORTED;
	says("system module load config", 1, "config is no driver, but a config");
	fake.control_status = VMK_DENIED;
	says("system module load e1000", 1, "denied");
	fake.control_status = VMK_UNKNOWN_SIGNER;
	fake.modules[1].name[0] = 0;
	strcpy(fake.modules[1].why, "the signer's chain does not end at a root");
	says("system module load e1000.pkg", 1,
		"e1000.pkg cannot be loaded: unknown-signer: the signer's chain does not end");
}

static void all_is_told_of_a_module(void **state)
{
	strcpy(fake.modules[1].requires, "bus,phy");
	strcpy(fake.modules[1].used_by, "bond");
	fake.modules[1].image_bytes = 40960;
	fake.modules[1].loads = 3;
	says("system module get e1000", 0,
		"   Required Namespaces: bus,phy\n   Used By: bond\n   Memory Size: 40960\n   "
		"Loads: 3\n");
}

static void parameters_are_listed_and_set(void **state)
{
	shows("system module parameters list -m e1000", 0,
		"Name               Type  Value  Description\n"
		"-----------------  ----  -----  -------------------------\n"
		"error-log-seconds  uint  10     1 to 86400, by default 10\n");
	shows("system module parameters set -m e1000 -p error-log-seconds=60", 0, "");
	assert_int_equal(fake.control, VMK_CONTROL_MODULE_PARAMETER);
	assert_int_equal(fake.control_value, 1ull << 32 | 60);
	fake.controls = 0;
	says("system module parameters set e1000 error-log-seconds=0", 1,
		"error-log-seconds is a number from 1 to 86400");
	says("system module parameters set e1000 error-log-seconds=99999999999999999999", 1,
		"a number from 1");
	says("system module parameters set e1000 error-log-seconds=1x", 1, "is not NAME=NUMBER");
	says("system module parameters set e1000 error-log-seconds", 1, "is not NAME=NUMBER");
	says("system module parameters set e1000 speed=1", 1, "has no parameter 'speed'");
	assert_int_equal(fake.controls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(drivers_are_loaded_and_unloaded, fresh),
		cmocka_unit_test_setup(what_stands_in_the_way_is_said, fresh),
		cmocka_unit_test_setup(all_is_told_of_a_module, fresh),
		cmocka_unit_test_setup(parameters_are_listed_and_set, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
