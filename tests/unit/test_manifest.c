/* sources: kernel/vmkmod/manifest.c kernel/vmkmod/package.c kernel/lib/keyval.c */
/* sources: kernel/vmkmod/manifest_text.c */
/* sources: kernel/vmkmod/parameters.c kernel/vmkmod/domain.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <vmkuser/info.h>
#include "vmkmod/domain.h"
#include "vmkmod/package.h"
#include <vmkuser/syscall.h>

#define HEAD(kind) \
	"name=agent\nversion=1.0\nprovider=merlon\nkind=" kind "\nlevel=PartnerSupported\n"
#define API    "vmkapi=3\n"
#define WORLD  HEAD("world") "syscalls=exit,log\n"
#define VM     HEAD("vm") "vcpus=2\nmemory-kib=4096\n"
#define IDS_4  "8086:0001,8086:0002,8086:0003,8086:0004"
#define IDS_16 IDS_4 "," IDS_4 "," IDS_4 "," IDS_4

static struct package package;

static enum vmk_status parse(const char *text, const char **why)
{
	memset(&package, 0, sizeof(package));
	return manifest_parse(text, strlen(text), &package, why);
}

static void test_world(void **state)
{
	const char *why;

	assert_int_equal(
		parse("# a world\n\n" HEAD(
			      "world") "syscalls=exit,log,port-send,config\nport=yes\nlogs=vmk\n"
				       "config=yes\nrestart=yes\nmemory-limit-kib=2048\n",
			&why),
		VMK_OK);
	assert_null(why);
	assert_string_equal(package.name, "agent");
	assert_int_equal(package.kind, PACKAGE_WORLD);
	assert_int_equal(package.grants.syscalls, 1ull << VMK_SYS_EXIT | 1ull << VMK_SYS_LOG |
							  1ull << VMK_SYS_PORT_SEND |
							  1ull << VMK_SYS_CONFIG_READ);
	assert_int_equal(package.grants.port, VMK_RIGHT_READ | VMK_RIGHT_WRITE | VMK_RIGHT_WAIT);
	assert_int_equal(package.grants.config, VMK_RIGHT_READ);
	assert_true(package.restart);
	assert_int_equal(package.grants.logs, 1ull << VMK_LOG_VMK);
	assert_int_equal(package.grants.info | package.grants.control | package.grants.tty, 0);
	assert_int_equal(package.grants.all_vms | package.grants.vms[0][0], 0);
	assert_int_equal(package.grants.memory_limit_kib, 2048);
}

static void test_devices(void **state)
{
	const char *why;

	assert_int_equal(parse(HEAD("driver") API, &why), VMK_OK);
	assert_int_equal(package.pci_count, 0);
	assert_int_equal(package.vmkapi, 3);
	assert_int_equal(package.security_version, 0);
	assert_int_equal(parse(HEAD("driver") API "pci=" IDS_16 "\n", &why), VMK_OK);
	assert_int_equal(package.pci_count, PACKAGE_PCI_MAX);
	assert_int_equal(package.pci[15].vendor, 0x8086);
	assert_int_equal(package.pci[15].device, 4);
}

static void test_vm_cpu(void **state)
{
	const char *why;

	assert_int_equal(parse(VM, &why), VMK_OK);
	assert_int_equal(package.vm_shares | package.vm_shares_each, 0);
	assert_int_equal(package.vm_cpu_reservation | package.vm_cpu_limit, 0);
	assert_int_equal(parse(VM "cpu-shares=high\ncpu-reservation=150\ncpu-limit=150\n"
				  "cpu-affinity=1,62-65,1023\n",
				 &why),
		VMK_OK);
	assert_int_equal(package.vm_shares_each, 2000);
	assert_int_equal(package.vm_cpu_reservation, 150);
	assert_int_equal(package.vm_cpu_limit, 150);
	assert_int_equal(package.vm_vcpu_limit, 0);
	assert_int_equal(package.vm_affinity[0], 3ull << 62 | 2);
	assert_int_equal(package.vm_affinity[1], 3);
	assert_int_equal(package.vm_affinity[15], 1ull << 63);
	assert_int_equal(parse(VM "cpu-pool=host/user/gold\n", &why), VMK_OK);
	assert_false(package.vm_latency_high);
	assert_string_equal(package.cpu_pool, "host/user/gold");
	assert_int_equal(parse(VM "cpu-reservation=150\nvcpu-limit=75\n", &why), VMK_OK);
	assert_int_equal(package.vm_vcpu_limit, 75);
	assert_int_equal(parse(VM "cpu-shares=1000000\n", &why), VMK_OK);
	assert_int_equal(package.vm_shares, 1000000);
	assert_int_equal(parse(VM "latency-sensitivity=high\ncpu-reservation=180\n", &why), VMK_OK);
	assert_true(package.vm_latency_high);
	assert_int_equal(parse(VM "latency-sensitivity=normal\n", &why), VMK_OK);
	assert_false(package.vm_latency_high);
}

static void test_vm_memory(void **state)
{
	const char *why;

	assert_int_equal(parse(VM, &why), VMK_OK);
	assert_int_equal(package.vm_memory_limit_kib, package.vm_memory_kib);
	assert_int_equal(package.vm_memory_reservation_kib, package.vm_memory_kib);
	assert_int_equal(parse(VM "memory-limit-kib=2048\n", &why), VMK_OK);
	assert_int_equal(package.vm_memory_limit_kib, 2048);
	assert_int_equal(package.vm_memory_reservation_kib, 2048);
	assert_int_equal(parse(VM "memory-reservation-kib=0\n", &why), VMK_OK);
	assert_int_equal(package.vm_memory_limit_kib, package.vm_memory_kib);
	assert_int_equal(package.vm_memory_reservation_kib, 0);
}

static void test_vm_rest(void **state)
{
	const char *why;

	assert_int_equal(parse(VM, &why), VMK_OK);
	assert_int_equal(package.vm_tsc_khz, 0);
	assert_int_equal(parse(VM "tsc-khz=1000\n", &why), VMK_OK);
	assert_int_equal(package.vm_tsc_khz, 1000);
	assert_int_equal(parse(VM "tsc-khz=64000000\n", &why), VMK_OK);
	assert_int_equal(package.vm_tsc_khz, 64000000);
	assert_int_equal(parse(WORLD "vm=yes\n", &why), VMK_OK);
	assert_int_equal(package.vm_calls, 1);
	assert_int_equal(parse(WORLD "vm=yes\nvm-calls=65535\n", &why), VMK_OK);
	assert_int_equal(package.vm_calls, 65535);
}

static void test_grants(void **state)
{
	const struct vmk_grants *g = &package.grants;
	const char *why;

	assert_int_equal(parse(WORLD "port=read\ntty=write\ninfo=all\ncontrol=vm-start,reboot\n"
				     "logs=all\nvms=a,b-2\nhandles=5\nlog-rate=7\ncpu-shares=low\n"
				     "cpu-limit=25\n",
				 &why),
		VMK_OK);
	assert_int_equal(g->port, VMK_RIGHT_READ | VMK_RIGHT_WAIT);
	assert_int_equal(g->tty, VMK_RIGHT_WRITE);
	assert_int_equal(g->info, domain_all_objects(VMK_ACTION_INFO));
	assert_int_equal(g->logs, domain_all_objects(VMK_ACTION_LOG));
	assert_int_equal(g->control, 1u << VMK_CONTROL_VM_START | 1u << VMK_CONTROL_REBOOT);
	assert_string_equal(g->vms[0], "a");
	assert_string_equal(g->vms[1], "b-2");
	assert_string_equal(g->vms[2], "");
	assert_int_equal(g->handles, 5);
	assert_int_equal(g->log_rate, 7);
	assert_int_equal(g->cpu_shares, 500);
	assert_int_equal(g->cpu_limit, 25);
	assert_int_equal(parse(WORLD "vms=all\n", &why), VMK_OK);
	assert_true(g->all_vms);
}

static void test_levels_and_kinds(void **state)
{
	static const char *const levels[] = {
		"CommunitySupported", "PartnerSupported", "Accepted", "Certified"};
	char text[256];
	const char *why;

	for (unsigned i = 0; i < ARRAY_SIZE(levels); i++) {
		snprintf(text, sizeof(text),
			"name=a\nversion=1\nprovider=p\nkind=policy\nlevel=%s\n", levels[i]);
		assert_int_equal(parse(text, &why), VMK_OK);
		assert_int_equal(package.level, i);
		assert_string_equal(acceptance_level_name(package.level), levels[i]);
	}
}

#define SHARES_ERROR \
	"manifest: cpu-shares is neither low, normal, high nor a number from 1 to 1000000"
#define AFFINITY_ERROR "manifest: cpu-affinity is no list of pCPUs like 0,2-3"
#define VMS_ERROR      "manifest: vms is neither all nor up to 4 names of virtual machines"
#define MEMORY_LIMIT \
	"manifest: memory-limit-kib is no number from 1 to 4194304, or 16777216 for a VM"
#define TOO_MUCH                                                                                 \
	"manifest: cpu-reservation is more than cpu-limit, or than vcpu-limit (without it 100) " \
	"for "                                                                                   \
	"each vCPU"
#define VCPU_LIMIT     "manifest: vcpu-limit is no percentage of one pCPU from 1 to 100"
#define LATENCY_CPU    "manifest: latency-sensitivity=high needs cpu-reservation=90 for each vCPU"
#define LATENCY_MEMORY "manifest: latency-sensitivity=high needs all of memory-kib reserved"

#define NOT_PLAIN(key, most)                                                                       \
	"manifest: " key " is not 1 to " most " letters, digits and ._+~-, the first a letter or " \
	"digit"

static const struct {
	const char *text, *why;
} bad[] = {
	{"", "manifest: the key name is missing"},
	{"name=agent\n", "manifest: the key version is missing"},
	{HEAD("world"), "manifest: the key syscalls is missing"},
	{HEAD("vm") "memory-kib=4096\n", "manifest: the key vcpus is missing"},
	{HEAD("vm") "vcpus=1\n", "manifest: the key memory-kib is missing"},
	{"name=a\nversion=1\n", "manifest: the key provider is missing"},
	{"name=a\nversion=1\nprovider=A\n", "manifest: the key kind is missing"},
	{"name=a\nversion=1\nprovider=A\nkind=vm\n", "manifest: the key level is missing"},
	{HEAD("config") "name=b\n", "manifest: a key stands twice"},
	{HEAD("config") "colour=blue\n", "manifest: unknown key"},
	{HEAD("config") "Name=b\n", "manifest: unknown key"},
	{HEAD("driver"), "manifest: the key vmkapi is missing"},
	{HEAD("config") API, "manifest: a key does not belong to this kind of package"},
	{HEAD("driver") "vmkapi=two\n", "manifest: vmkapi is no number from 1 to 65535"},
	{HEAD("config") "security-version=0\n",
		"manifest: security-version is no number from 1 to 1000000000"},
	{HEAD("config") "security-version=1000000001\n",
		"manifest: security-version is no number from 1 to 1000000000"},
	/* Modulo 2^32 it is one. */
	{HEAD("config") "security-version=5000000000\n",
		"manifest: security-version is no number from 1 to 1000000000"},
	{HEAD("demon"), "manifest: kind is none of driver world config vm policy replay"},
	{HEAD("config") "syscalls=exit\n",
		"manifest: a key does not belong to this kind of package"},
	{HEAD("config") "pci=8086:100e\n",
		"manifest: a key does not belong to this kind of package"},
	{HEAD("driver") API "port=yes\n",
		"manifest: a key does not belong to this kind of package"},
	{HEAD("driver") API "pci=8086-100e\n", "manifest: pci is not vvvv:dddd"},
	{HEAD("driver") API "pci=8086:100E\n", "manifest: pci is not vvvv:dddd"},
	{HEAD("driver") API "pci=8086:100\n", "manifest: pci is not vvvv:dddd"},
	{HEAD("driver") API "pci=0000:100e\n", "manifest: pci is not vvvv:dddd"},
	{HEAD("driver") API "pci=8086:100e,\n", "manifest: pci is not vvvv:dddd"},
	{HEAD("driver") API "pci=" IDS_16 ",8086:100e\n", "manifest: pci names too many devices"},
	{HEAD("world") "syscalls=\n", "manifest: syscalls: no name"},
	{HEAD("world") "syscalls=exit,\n", "manifest: syscalls: no name"},
	{HEAD("world") "syscalls=exit,,log\n", "manifest: syscalls: no name"},
	{HEAD("world") "syscalls=exit, log\n", "manifest: syscalls: a name that is not known"},
	{HEAD("world") "syscalls=exit,exit\n", "manifest: syscalls: a name stands twice"},
	{HEAD("world") "syscalls=ioctl\n", "manifest: syscalls: a name that is not known"},
	{WORLD "port=true\n", "manifest: port is not yes, no, read or write"},
	{WORLD "trust=yes\n", "manifest: unknown key"},
	{HEAD("world") "syscalls=all\n", "manifest: syscalls: a name that is not known"},
	{WORLD "tty=\n", "manifest: tty is not yes, no, read or write"},
	{WORLD "info=\n", "manifest: info: no name"},
	{WORLD "info=all,vm\n", "manifest: info: a name that is not known"},
	{WORLD "info=vm,vm\n", "manifest: info: a name stands twice"},
	{WORLD "control=reboot,\n", "manifest: control: no name"},
	{WORLD "control=explode\n", "manifest: control: a name that is not known"},
	{WORLD "logs=pcr\n", "manifest: logs: a name that is not known"},
	{WORLD "vms=\n", VMS_ERROR},
	{WORLD "vms=a,b,c,d,e\n", VMS_ERROR},
	{WORLD "vms=a,,b\n", VMS_ERROR},
	{WORLD "vms=0123456789012345678901234567890x\n", VMS_ERROR},
	{WORLD "handles=0\n", "manifest: handles is no number from 1 to 32"},
	{WORLD "handles=33\n", "manifest: handles is no number from 1 to 32"},
	{WORLD "log-rate=1001\n", "manifest: log-rate is no number from 1 to 1000"},
	{WORLD "config=1\n", "manifest: config is neither yes nor no"},
	{WORLD "restart=Yes\n", "manifest: restart is neither yes nor no"},
	{WORLD "memory-limit-kib=\n", MEMORY_LIMIT},
	{WORLD "memory-limit-kib=0\n", MEMORY_LIMIT},
	{WORLD "memory-limit-kib=-1\n", MEMORY_LIMIT},
	{WORLD "memory-limit-kib=4294967297\n", MEMORY_LIMIT},
	{WORLD "cpu-reservation=10\n", "manifest: a key does not belong to this kind of package"},
	{VM "tsc-khz=999\n", "manifest: tsc-khz is no number from 1000 to 64000000"},
	{VM "tsc-khz=64000001\n", "manifest: tsc-khz is no number from 1000 to 64000000"},
	{WORLD "vm=yes\nvm-calls=0\n", "manifest: vm-calls is no number from 1 to 65535"},
	{WORLD "vm-calls=1\n", "manifest: vm-calls is for a world with vm=yes"},
	{VM "cpu-shares=higher\n", SHARES_ERROR},
	{VM "cpu-shares=0\n", SHARES_ERROR},
	{VM "cpu-shares=1000001\n", SHARES_ERROR},
	{VM "cpu-reservation=0\n",
		"manifest: cpu-reservation is no percentage of one pCPU from 1 to 1600"},
	{VM "cpu-limit=1601\n", "manifest: cpu-limit is no percentage of one pCPU from 1 to 1600"},
	{VM "cpu-reservation=201\n", TOO_MUCH},
	{VM "cpu-limit=50\ncpu-reservation=51\n", TOO_MUCH},
	{VM "vcpu-limit=75\ncpu-reservation=151\n", TOO_MUCH},
	{VM "vcpu-limit=0\n", VCPU_LIMIT},
	{VM "vcpu-limit=101\n", VCPU_LIMIT},
	{WORLD "vcpu-limit=50\n", "manifest: a key does not belong to this kind of package"},
	{VM "latency-sensitivity=low\ncpu-reservation=1\n",
		"manifest: latency-sensitivity is neither normal nor high"},
	{VM "latency-sensitivity=high\n", LATENCY_CPU},
	{VM "latency-sensitivity=high\ncpu-reservation=179\n", LATENCY_CPU},
	{VM "latency-sensitivity=high\ncpu-reservation=200\nmemory-reservation-kib=4092\n",
		LATENCY_MEMORY},
	{VM "latency-sensitivity=high\ncpu-reservation=200\nmemory-limit-kib=4092\n",
		LATENCY_MEMORY},
	{WORLD "latency-sensitivity=high\n",
		"manifest: a key does not belong to this kind of package"},
	{WORLD "memory-limit-kib=4194305\n", MEMORY_LIMIT},
	{WORLD "memory-reservation-kib=4\n",
		"manifest: a key does not belong to this kind of package"},
	{VM "memory-limit-kib=16777217\n", MEMORY_LIMIT},
	{VM "memory-limit-kib=4098\n",
		"manifest: memory-limit-kib or memory-reservation-kib is no multiple of 4"},
	{VM "memory-limit-kib=4100\n", "manifest: memory-limit-kib is more than memory-kib"},
	{VM "memory-reservation-kib=16777217\n",
		"manifest: memory-reservation-kib is no number to 16777216"},
	{VM "memory-reservation-kib=2049\n",
		"manifest: memory-limit-kib or memory-reservation-kib is no multiple of 4"},
	{VM "memory-limit-kib=2048\nmemory-reservation-kib=2052\n",
		"manifest: memory-reservation-kib is more than the limit or memory-kib"},
	{VM "cpu-pool=host/\n", "manifest: cpu-pool is no path like host/user/NAME"},
	{VM "cpu-pool=user\n", "manifest: cpu-pool is no path like host/user/NAME"},
	{VM "cpu-pool=host/a b\n", "manifest: cpu-pool has a character that no pool's name has"},
	{VM "cpu-affinity=\n", AFFINITY_ERROR},
	{VM "cpu-affinity=-\n", AFFINITY_ERROR},
	{VM "cpu-affinity=3-2\n", AFFINITY_ERROR},
	{VM "cpu-affinity=1,\n", AFFINITY_ERROR},
	{VM "cpu-affinity=0-1-2\n", AFFINITY_ERROR},
	{VM "cpu-affinity=1024\n", AFFINITY_ERROR},
	{"name=a b\n", NOT_PLAIN("name", "31")},
	{"name=\n", NOT_PLAIN("name", "31")},
	{"name=-a\n", NOT_PLAIN("name", "31")},
	{"name=a=b\n", NOT_PLAIN("name", "31")},
	{"name=a/b\n", NOT_PLAIN("name", "31")},
	{"name=0123456789012345678901234567890x\n", NOT_PLAIN("name", "31")},
	{"version=1 sha256=00\n", NOT_PLAIN("version", "31")},
	{"provider=Some One\n", NOT_PLAIN("provider", "63")},
	{"level=High\n", "manifest: level is none of CommunitySupported PartnerSupported Accepted "
			 "Certified"},
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *why = NULL;

		if (parse(bad[i].text, &why) == VMK_OK)
			fail_msg("accepted: %s", bad[i].text);
		assert_string_equal(why, bad[i].why);
	}
}

static void test_longest(void **state)
{
	const char *why;

	assert_int_equal(parse("name=0123456789012345678901234567890\nversion=1\nprovider=p\n"
			       "kind=config\nlevel=Certified\n",
				 &why),
		VMK_OK);
	assert_int_equal(strlen(package.name), PACKAGE_NAME_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_world),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_vm_cpu),
		cmocka_unit_test(test_vm_memory),
		cmocka_unit_test(test_vm_rest),
		cmocka_unit_test(test_grants),
		cmocka_unit_test(test_levels_and_kinds),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
