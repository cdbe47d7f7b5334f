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
/* libs: -ljansson */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <vmkapi/events.h>

#include "tests/unit/shim/vmk_host.h"
#include "tests/unit/shim/vmk_line.h"

static json_t *json_of(const char *line)
{
	json_t *json;

	run(line);
	json = json_loads(fake.out, JSON_REJECT_DUPLICATES, NULL);
	if (!json)
		fail_msg("'%s' is no JSON: %s", line, fake.out);
	return json;
}

/* --- formats, as ESXi's administrators know them */

static void version_is_one_line(void **state)
{
	shows("version", 0, "Merlon 0.1.0 build-12345678\n");
}

static void modules_are_a_table(void **state)
{
	fake.modules[1].loaded = 0;
	shows("system module list", 0,
		"Name    Is Loaded  Is Enabled\n"
		"------  ---------  ----------\n"
		"config  true       true\n"
		"e1000   false      true\n"
		"agent   true       true\n");
}

static void trusted_boot_is_a_record(void **state)
{
	fake.launch.measured = 0;
	shows("hardware trustedboot get", 0,
		"   Drtm Enabled: false\n   Tpm Present: true\n   Launch: none\n");
}

static void interfaces_are_blocks(void **state)
{
	shows("network ip interface list", 0,
		"vmk0\n   Name: vmk0\n   MAC Address: 52:54:00:12:34:56\n   Enabled: true\n"
		"   Portset: vSwitch0\n   Portgroup: Management Network\n"
		"   Netstack Instance: agent\n   MTU: 1500\n   IPv4 Address: 10.0.2.15\n"
		"\n"
		"vmk1\n   Name: vmk1\n   MAC Address: 52:54:00:12:34:56\n   Enabled: true\n"
		"   Portset: vSwitch0\n   Portgroup: Management Network\n"
		"   Netstack Instance: console\n   MTU: 1500\n   IPv4 Address: none\n");
}

static void addresses_are_what_the_worlds_say(void **state)
{
	shows("network ip interface ipv4 get", 0,
		"Name  IPv4 Address  IPv4 Netmask   IPv4 Broadcast  Address Type  Gateway\n"
		"----  ------------  -------------  --------------  ------------  --------\n"
		"vmk0  10.0.2.15     255.255.255.0  10.0.2.255      DHCP          10.0.2.2\n"
		"vmk1  0.0.0.0       0.0.0.0        0.0.0.0         NONE          0.0.0.0\n");
	fake.ports[0].ip = (struct vmk_port_address){.address = {192, 0, 2, 7}, .prefix = 200};
	says("network ip interface ipv4 get", 0, "192.0.2.7");
	fake.ports[0].ip.prefix = 32;
	says("network ip interface ipv4 get", 0, "255.255.255.255  192.0.2.7       STATIC");
}

static void there_are_no_paths(void **state)
{
	says("storage core path list", 0, "There are no storage paths");
	shows("storage core path list --json", 0, "[]\n");
}

static void every_command_that_only_reads_has_json(void **state)
{
	for (const struct command *c = vmk_commands; c->path; c++) {
		char line[128];

		if (!c->schema)
			continue;
		snprintf(line, sizeof(line), "%s --json%s", c->path,
			c->options[0].required ? " agent" : "");
		json_decref(json_of(line));
	}
}

static void json_has_types_and_names_without_blanks(void **state)
{
	json_t *list = json_of("--json system module list"), *one = json_array_get(list, 1);

	assert_int_equal(json_array_size(list), 3);
	assert_string_equal(json_string_value(json_object_get(one, "Name")), "e1000");
	assert_true(json_is_true(json_object_get(one, "IsLoaded")));
	json_decref(list);
	list = json_of("network ip interface list --json");
	one = json_array_get(list, 0);
	assert_int_equal(json_integer_value(json_object_get(one, "MTU")), 1500);
	assert_non_null(json_object_get(one, "MACAddress"));
	json_decref(list);
}

static void errors_are_json_too(void **state)
{
	json_t *error = json_of("--json system module get \"a \\\" b\"");

	assert_non_null(strstr(json_string_value(json_object_get(error, "Error")), "a \" b"));
	assert_int_equal(json_integer_value(json_object_get(error, "Status")), 1);
	json_decref(error);
}

static void names_cannot_steer_the_terminal(void **state)
{
	strcpy(fake.modules[0].name, "a\x1b[2Jb\n\"c");
	json_decref(json_of("system module list --json"));
	run("system module list");
	assert_non_null(strstr(fake.out, "a?[2Jb?\"c"));
	assert_null(strchr(fake.out, '\x1b'));
}

/* --- health */

static void health_is_green(void **state)
{
	says("system health status get", 0, "Measured launch  green");
	assert_null(strstr(fake.out, "yellow"));
	says("system health status get", 0, "2025-01-02T03:04:05.000Z");
}

static void health_tells_what_is_wrong(void **state)
{
	fake.launch.measured = 0;
	fake.system.through_tboot = 0;
	says("system health status get", 1, "enableTboot is off for this boot");
	fake.system.through_tboot = 1;
	fake.sign.holds = 0;
	says("system health status get", 2, "signs of a measured launch are missing: pcr17");
	fake_reset();
	fake.modules[1].loaded = 0; /* nobody has wanted it */
	says("system health status get", 0, "2 loaded");
	fake.modules[1].failed = 1;
	strcpy(fake.modules[1].why, "bad signature");
	says("system health status get", 2, "e1000.pkg: bad signature");
	fake_reset();
	fake.worlds[0].lives = 3;
	says("system health status get", 1, "was restarted 2 times");
	fake.worlds[0].state = VMK_WORLD_RESTARTS;
	says("system health status get", 2, "waits to be restarted");
	fake_reset();
	fake.audit.lost = 3;
	says("system health status get", 1, "3 events could not be recorded");
	fake.audit.full = 1;
	says("system health status get", 2, "full: 3 events");
	fake_reset();
	fake.nic.link_up = 0;
	says("system health status get", 2, "link down");
	fake.nic_count = 0;
	says("system health status get", 2, "no network adapter has a driver");
	fake_reset();
	fake.memory.free = 10ull << 20;
	says("system health status get", 1, "10 of 512 MiB free");
	fake_reset();
	fake.system.wall_ns = 0;
	says("system health status get", 0, "boot+0.000s");
}

/* --- selftest */

static void selftest_fails_with_a_rule(void **state)
{
	says("selftest hardening", 0, "wx    holds   no page is both   0 of 9");
	says("selftest hardening", 0, "smap  absent");
	fake.hardening[1].state = VMK_HARDENING_FAILS;
	says("selftest hardening", 1, "smap  FAILS");
	fake.hardening[1].state = 77;
	says("selftest hardening", 1, "smap  unknown");
}

/* --- settings */

static void settings_show_what_is_and_what_will_be(void **state)
{
	fake.system.enable_tboot = VMK_STORED_FALSE;
	says("system settings list", 0, "enableTboot  Bool  false       true ");
	fake.system.enable_tboot = VMK_STORED_NOT;
	says("system settings kernel list -s enableTboot", 0,
		"enableTboot  Bool  not set     true ");
}

static void settings_are_set(void **state)
{
	shows("system settings set --setting=enableTboot --value false", 0, "");
	assert_int_equal(fake.control, VMK_CONTROL_ENABLE_TBOOT);
	assert_int_equal(fake.control_value, VMK_STORED_FALSE);
	run("system settings kernel set -s enableTboot -v TRUE");
	assert_int_equal(fake.control_value, VMK_STORED_TRUE);
	run("system settings set enableTboot default");
	assert_int_equal(fake.control_value, VMK_STORED_NOT);
	shows("system settings set enableTboot true --json", 0, "true\n");
	fake.control_status = VMK_DENIED;
	says("system settings set enableTboot true", 1, "console=");
	fake.control_status = VMK_IO_ERROR;
	says("system settings set enableTboot true", 1, "nothing has changed");
	fake.controls = 0;
	says("system settings set enableTboot maybe", 2, "wants one of true|false");
	says("system settings set enableTboo true", 2, "wants one of enableTboot");
	says("system settings set enableTboot", 2, "wants --value");
	assert_int_equal(fake.controls, 0);
}

/* --- log */

static void the_log_ends_with_its_last_lines(void **state)
{
	shows("system log tail -n 2", 0, "second line\nthird line\n");
	shows("system log tail", 0, "first line\nsecond line\nthird line\n");
	fake.log_start = 3; /* the beginning of a line is gone already */
	shows("system log tail", 0, "second line\nthird line\n");
}

static void following_shows_what_is_new(void **state)
{
	fake.pauses_left = 2;
	shows("system log follow", 0, "");
}

/* --- leaving */

static void leaving_takes_a_reason(void **state)
{
	fake.control_status = VMK_DENIED;
	says("system shutdown reboot --reason 'new kernel'", 1, "denied");
	assert_int_equal(fake.control, VMK_CONTROL_REBOOT);
	assert_string_equal(fake.noted, "reboot asked for: new kernel");
	run("system shutdown poweroff");
	assert_int_equal(fake.control, VMK_CONTROL_POWER_OFF);
}

/* --- ping */

static void ping_counts_and_measures(void **state)
{
	fake.pauses_left = 10;
	shows("vmkping 10.0.2.2 -c 2 -s 100 -W 3", 0,
		"PING 10.0.2.2: 100 data bytes\n"
		"108 bytes from 10.0.2.2: icmp_seq=0 ttl=64 time=1.234 ms\n"
		"108 bytes from 10.0.2.2: icmp_seq=1 ttl=64 time=1.234 ms\n"
		"\n--- 10.0.2.2 ping statistics ---\n"
		"2 packets transmitted, 2 packets received, 0% packet loss\n"
		"round-trip min/avg/max = 1.234/1.234/1.234 ms\n");
	assert_int_equal(fake.ping.timeout_ms, 3000);
	assert_int_equal(fake.ping.sequence, 1);
	fake.ping_status = VMK_TIMEOUT;
	says("network diag ping --host=10.0.2.2 -c 1", 1, "100% packet loss");
	fake.ping_status = VMK_OK;
	fake.pauses_left = 1;
	says("vmkping 10.0.2.2 -c 9", 130, "2 packets transmitted");
}

static void ping_refuses_what_is_no_address(void **state)
{
	static const char *const bad[] = {"10.0.2", "10.0.2.256", "10.0.2.2.", "010.0.2.2", "host",
		"10.0.2.2x", "1000.0.0.1", "10..2.2"};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char line[64];

		snprintf(line, sizeof(line), "vmkping %s", bad[i]);
		says(line, 2, "is no IPv4 address");
	}
	assert_int_equal(fake.pings, 0);
	fake.ping_status = VMK_NOT_PRESENT;
	says("vmkping 1.2.3.4", 1, "console.net=");
	says("vmkping 1.2.3.4 -c 0", 2, "wants a number from 1 to 100000, not '0'");
	says("vmkping 1.2.3.4 -s 99999999999999999999", 2, "wants a number from 0 to 1472");
	says("vmkping", 2, "wants --host");
}

/* --- the table itself */

static void what_is_wrong_is_named(void **state)
{
	says("system modul list", 2, "unknown command or namespace 'modul' in system");
	says("nonsense", 2, "unknown command or namespace 'nonsense'");
	says("system module", 2, "a command is missing after 'module'");
	says("system module list extra", 2, "unexpected word 'extra'");
	says("system module list --loud", 2, "has no option --loud");
	says("system log tail -n", 2, "--lines wants a value");
	says("system log tail -n 1 -n 2", 2, "given twice");
	fake.info_status = VMK_DENIED;
	says("version", 1, "denied");
}

static void help_is_everywhere(void **state)
{
	says("--help", 0, "Available Namespaces:");
	says("system --help", 0, "  health  ");
	says("system settings set --help", 0, "-s|--setting=<enableTboot>");
	says("vmkping --help", 0, "Usage: vmk vmkping <host> [--json] [options]");
	says("system settings list --help", 0, "list [<setting>] [--json]");
	says("version --help", 0, "Usage: vmk version [--json]\n");
	for (const struct command *c = vmk_commands; c->path; c++) {
		char line[128];

		snprintf(line, sizeof(line), "%s --help", c->path);
		says(line, 0, c->help);
	}
}

static void every_namespace_has_its_help(void **state)
{
	for (const struct command *c = vmk_commands; c->path; c++) {
		for (const char *at = strchr(c->path, ' '); at; at = strchr(at + 1, ' ')) {
			bool found = false;

			for (const struct name_space *n = vmk_namespaces; n->path; n++)
				found |= strlen(n->path) == (size_t)(at - c->path) &&
					 !memcmp(n->path, c->path, (size_t)(at - c->path));
			if (!found)
				fail_msg("no help for the namespaces of %s", c->path);
		}
	}
}

static char offered[1024];

static void offer(void *context, const char *word)
{
	strcat(offered, word);
	strcat(offered, " ");
}

static void completes(const char *line, const char *expected)
{
	offered[0] = 0;
	vmk_complete(line, offer, NULL);
	assert_string_equal(offered, expected);
}

static void words_are_completed(void **state)
{
	completes("", "hardware network sched selftest storage system version vm vmkping world ");
	completes("sys", "system ");
	completes("vmk sys", "system ");
	completes("system ",
		"account auditrecords health log module secpolicy settings shutdown version ");
	completes("system log ", "follow tail ");
	completes("system settings set --v", "--value ");
	completes("system settings set --value ", "true false TRUE FALSE default ");
	completes("system settings set -v f", "false ");
	completes("system log tail ", "--lines --json --help ");
	completes("nothing here ", "");
	completes("\"open", "");
}

static void accounts_are_listed(void **state)
{
	says("system account list", 0, "Nobody is asked who he is");
}

static void an_answer_that_does_not_fit_says_so(void **state)
{
	static char log[RECORDS_BYTES * 2];

	memset(log, 'x', sizeof(log) - 2);
	for (size_t i = 99; i < sizeof(log) - 2; i += 100)
		log[i] = '\n';
	log[sizeof(log) - 2] = '\n';
	fake.log = log;
	says("system log tail -n 1000", 1, "the answer is not complete");
}

static void event_logs_are_read_bounded(void **state)
{
	static const uint8_t garbage[100] = {1, 2, 3};

	says("hardware trustedboot log", 0, "there is no event log");
	fake.events = garbage;
	fake.events_bytes = sizeof(garbage);
	says("hardware trustedboot log", 1, "is no TCG event log");
}

/* --- worlds */

static void all_worlds_are_listed(void **state)
{
	json_t *list = json_of("world list --json");

	assert_int_equal(json_array_size(list), 3);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(list, 0), "Kind")), "user");
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(list, 2), "Name")), "idle0");
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(list, 2), "Kind")), "system");
	json_decref(list);
}

static const char *cell(const json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name));
}

static void domains_say_what_they_grant(void **state)
{
	json_t *list = json_of("system secpolicy domain list --json"), *row;

	assert_int_equal(json_array_size(list), 2);
	row = json_array_get(list, 0);
	assert_string_equal(cell(row, "Name"), "console");
	assert_string_equal(cell(row, "SystemCalls"), "log, info");
	assert_string_equal(cell(row, "Console"), "read, write");
	assert_string_equal(cell(row, "Port"), "write");
	assert_string_equal(cell(row, "Information"), "vm, unknown");
	assert_string_equal(cell(row, "VirtualMachines"), "all");
	assert_string_equal(cell(row, "CPULimit"), "none");
	assert_int_equal(json_integer_value(json_object_get(row, "HandleLimit")), 16);
	row = json_array_get(list, 1);
	assert_string_equal(cell(row, "Control"), "reboot");
	assert_string_equal(cell(row, "VirtualMachines"), "web, db");
	assert_string_equal(cell(row, "CPULimit"), "25 %");
	assert_int_equal(json_integer_value(json_object_get(row, "Denials")), 10);
	json_decref(list);
	list = json_of("system secpolicy denial list --json");
	assert_int_equal(json_array_size(list), 3);
	assert_string_equal(cell(json_array_get(list, 1), "Action"), "vm");
	json_decref(list);
}

static void pools_and_vms_are_a_tree(void **state)
{
	json_t *list = json_of("sched pool list --json"), *row;

	assert_int_equal(json_array_size(list), 2);
	row = json_array_get(list, 0);
	assert_string_equal(json_string_value(json_object_get(row, "Path")), "host/user");
	assert_string_equal(json_string_value(json_object_get(row, "Limit")), "none");
	assert_string_equal(json_string_value(json_object_get(row, "Promised")), "50.50");
	row = json_array_get(list, 1);
	assert_string_equal(json_string_value(json_object_get(row, "Kind")), "vm");
	assert_string_equal(json_string_value(json_object_get(row, "Limit")), "150.00");
	json_decref(list);
}

static void a_pool_is_shown_and_set(void **state)
{
	json_t *pool = json_of("sched pool get host/user/agent --json");

	assert_int_equal(json_integer_value(json_object_get(pool, "Shares")), 2000);
	json_decref(pool);
	assert_int_equal(run("sched pool get nobody"), EXIT_FAILED);
	assert_int_equal(run("sched pool set host/user --shares 77"), EXIT_OK);
	assert_int_equal(fake.control, VMK_CONTROL_POOL_SHARES);
	assert_int_equal(fake.control_value, 1ull << 32 | 77);
	assert_int_equal(run("sched pool set -p host/user/agent --limit 0"), EXIT_OK);
	assert_int_equal(fake.control, VMK_CONTROL_POOL_LIMIT);
	assert_int_equal(fake.control_value, 7ull << 32);
	assert_int_equal(run("sched pool set host/user --reservation 50"), EXIT_OK);
	assert_int_equal(fake.control, VMK_CONTROL_POOL_RESERVATION);
	assert_int_equal(run("sched pool set host/user"), EXIT_FAILED);
	assert_int_equal(run("sched pool set host/user --shares 0"), EXIT_USAGE);
	fake.control_status = VMK_NO_RESOURCES;
	assert_int_equal(run("sched pool set host/user --reservation 50"), EXIT_FAILED);
	assert_non_null(strstr(fake.out, "host/user keeps its reservation: 450 % of a CPU needed, "
					 "190 % available in host"));
	assert_int_equal(run("sched pool set host/user --shares 50"), EXIT_FAILED);
	assert_non_null(strstr(fake.out, "host/user keeps its shares"));
}

static void skew_is_of_vms_alone(void **state)
{
	json_t *list = json_of("sched skew list --json"), *row;

	assert_int_equal(json_array_size(list), 1);
	row = json_array_get(list, 0);
	assert_string_equal(json_string_value(json_object_get(row, "LongestMs")), "3.050");
	json_decref(list);
	assert_int_equal(run("sched skew list"), EXIT_OK);
	assert_non_null(strstr(fake.out, " 10 "));
}

/* Of all tables the widest. */
static void statistics_are_a_table(void **state)
{
	fake.pauses_left = 1;
	assert_int_equal(run("sched stats get"), EXIT_OK);
	assert_memory_equal(fake.out, "World ID  Name", 14);
}

static void world_times_are_of_an_interval(void **state)
{
	json_t *list, *row;

	fake.pauses_left = 1;
	fake.scheduled[2].kind = VMK_SCHED_VCPU;
	list = json_of("world stats get -i 2 --json");
	assert_int_equal(json_array_size(list), 3);
	row = json_array_get(list, 1);
	assert_string_equal(json_string_value(json_object_get(row, "Name")), "agent");
	assert_string_equal(json_string_value(json_object_get(row, "USED")), "24.00");
	assert_string_equal(json_string_value(json_object_get(row, "RUN")), "25.00");
	assert_string_equal(json_string_value(json_object_get(row, "SYS")), "3.00");
	assert_string_equal(json_string_value(json_object_get(row, "OVRLP")), "4.00");
	assert_string_equal(json_string_value(json_object_get(row, "WAIT")), "75.00");
	assert_string_equal(json_string_value(json_object_get(row, "VMWAIT")), "");
	assert_string_equal(json_string_value(json_object_get(row, "SWPWT")), "10.00");
	assert_int_equal(json_integer_value(json_object_get(row, "Switches")), 5);
	row = json_array_get(list, 2);
	assert_string_equal(json_string_value(json_object_get(row, "VMWAIT")), "50.00");
	json_decref(list);
	assert_int_equal(run("world stats get"), EXIT_INTERRUPTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(domains_say_what_they_grant, fresh),
		cmocka_unit_test_setup(pools_and_vms_are_a_tree, fresh),
		cmocka_unit_test_setup(a_pool_is_shown_and_set, fresh),
		cmocka_unit_test_setup(skew_is_of_vms_alone, fresh),
		cmocka_unit_test_setup(version_is_one_line, fresh),
		cmocka_unit_test_setup(modules_are_a_table, fresh),
		cmocka_unit_test_setup(trusted_boot_is_a_record, fresh),
		cmocka_unit_test_setup(interfaces_are_blocks, fresh),
		cmocka_unit_test_setup(addresses_are_what_the_worlds_say, fresh),
		cmocka_unit_test_setup(there_are_no_paths, fresh),
		cmocka_unit_test_setup(every_command_that_only_reads_has_json, fresh),
		cmocka_unit_test_setup(json_has_types_and_names_without_blanks, fresh),
		cmocka_unit_test_setup(errors_are_json_too, fresh),
		cmocka_unit_test_setup(names_cannot_steer_the_terminal, fresh),
		cmocka_unit_test_setup(health_is_green, fresh),
		cmocka_unit_test_setup(health_tells_what_is_wrong, fresh),
		cmocka_unit_test_setup(selftest_fails_with_a_rule, fresh),
		cmocka_unit_test_setup(settings_show_what_is_and_what_will_be, fresh),
		cmocka_unit_test_setup(settings_are_set, fresh),
		cmocka_unit_test_setup(the_log_ends_with_its_last_lines, fresh),
		cmocka_unit_test_setup(following_shows_what_is_new, fresh),
		cmocka_unit_test_setup(leaving_takes_a_reason, fresh),
		cmocka_unit_test_setup(ping_counts_and_measures, fresh),
		cmocka_unit_test_setup(ping_refuses_what_is_no_address, fresh),
		cmocka_unit_test_setup(what_is_wrong_is_named, fresh),
		cmocka_unit_test_setup(help_is_everywhere, fresh),
		cmocka_unit_test_setup(all_worlds_are_listed, fresh),
		cmocka_unit_test_setup(world_times_are_of_an_interval, fresh),
		cmocka_unit_test_setup(every_namespace_has_its_help, fresh),
		cmocka_unit_test_setup(words_are_completed, fresh),
		cmocka_unit_test_setup(accounts_are_listed, fresh),
		cmocka_unit_test_setup(an_answer_that_does_not_fit_says_so, fresh),
		cmocka_unit_test_setup(event_logs_are_read_bounded, fresh),
		cmocka_unit_test_setup(statistics_are_a_table, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
