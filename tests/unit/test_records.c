/* sources: tests/unit/shim/audit.c */
/* sources: kernel/vmkuser/records.c kernel/lib/blake2s.c kernel/lib/hex.c */
/* Records for who holds a `system` handle: bounded, zeroed, counted; nothing but what was asked. */
#include "vmkuser/records.h"

#include "arch/x86/hardening_cpu.h"
#include "arch/x86/identify.h"
#include "arch/x86/smp.h"
#include "arch/x86/time.h"
#include "boot/boot_info.h"
#include "lib/log.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "sched/world.h"
#include "sched/world_group.h"
#include "trust/info.h"
#include "trust/raw.h"
#include "vmkdev/device.h"
#include "vmkdev/tty.h"
#include "vmkmod/modules.h"
#include "vmknet/switch.h"
#include "vmkuser/login.h"
#include "vmkuser/secdomain.h"
#include "vmkuser/settings.h"
#include "vmkuser/supervise.h"
#include "vmkuser/vms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* The kernel's code, as the linker would name its ends. */
char __text_start[1];
__asm__(".globl __text_end\n.set __text_end, __text_start + 1\n");

static struct boot_info info = {
	.loader = "GRUB", .memory_count = 2, .memory = {{.bytes = 4096}, {.bytes = 8192}}};
const struct boot_info *boot_info = &info;
static struct device nic, disk;

uint64_t time_ns(void)
{
	return 5;
}
uint64_t time_wall_ns(void)
{
	return 7;
}
enum vmk_stored settings_enable_tboot(void)
{
	return VMK_STORED_TRUE;
}
enum vmk_console settings_console(void)
{
	return VMK_CONSOLE_READ;
}
uint64_t tty_input_lost(void)
{
	return 3;
}
unsigned modules_count(void)
{
	return 2;
}
bool modules_describe(unsigned index, struct vmk_info_module *out)
{
	out->bytes = index;
	return index < 2;
}
unsigned modules_parameter_count(void)
{
	return 1;
}
bool modules_describe_parameter(unsigned index, struct vmk_info_parameter *out)
{
	out->most = 9;
	return index < 1;
}
unsigned worlds_list(unsigned first, struct world_record *records, unsigned room)
{
	if (!room || first >= 4)
		return 0;
	*records = (struct world_record){.id = first,
		.name = "w",
		.kind = WORLD_VCPU,
		.group = "guest",
		.sample = {.run = 9}};
	return 1;
}
unsigned worlds_count(void)
{
	return 4;
}
unsigned groups_count(void)
{
	return 2;
}
unsigned groups_list(unsigned first, struct group_record *records, unsigned room)
{
	if (!room || first >= 2)
		return 0;
	*records = (struct group_record){.path = "host/user",
		.kind = first ? GROUP_VM : GROUP_POOL,
		.promised = 7,
		.vcpu_limit = 9,
		.skew = {.max = 8, .counts = {1, 2}}};
	return 1;
}
uint64_t heap_bytes_used(void)
{
	return 100;
}

unsigned vms_count(void)
{
	return 3;
}
unsigned secdomain_count(void)
{
	return 0;
}

unsigned login_count(void)
{
	return 0;
}

bool login_describe(unsigned index, struct vmk_info_account *out)
{
	return false;
}

bool secdomain_describe(unsigned index, struct vmk_info_domain *out)
{
	return false;
}

bool vms_describe(unsigned index, struct vmk_info_vm *out)
{
	out->id = index + 1;
	return index < 3;
}
unsigned supervise_count(void)
{
	return 0;
}
bool supervise_describe(unsigned index, struct vmk_info_world *out)
{
	return false;
}
uint64_t frames_count(enum frame_owner owner)
{
	return owner == FRAME_FREE ? 2 : 1;
}
unsigned cpu_count(void)
{
	return 1;
}
unsigned hardening_count(void)
{
	return 3;
}
bool hardening_look(unsigned rule, struct vmk_info_hardening *row)
{
	return rule < 3;
}
bool identify_describe(unsigned index, struct vmk_info_cpu *out)
{
	return index < 1;
}
const struct device *device_at(unsigned index)
{
	return index == 0 ? &disk : index == 1 ? &nic : NULL;
}
bool switch_describe_uplink(unsigned index, struct vmk_info_nic *out)
{
	return index < 1;
}
unsigned switch_port_count(void)
{
	return 0;
}
bool switch_describe_port(unsigned index, struct vmk_info_port *out)
{
	return false;
}
void trust_describe_launch(struct vmk_info_launch *out)
{
	out->measured = 1;
}
bool trust_describe_sign(unsigned index, struct vmk_info_sign *out)
{
	return index < TRUST_SIGNS;
}
unsigned trust_raw_parts(enum vmk_info_kind what)
{
	return what == VMK_INFO_TXT_HEAP ? 2 : 0;
}
bool trust_raw_part(enum vmk_info_kind what, unsigned part, struct vmk_info_raw *out)
{
	return part < trust_raw_parts(what);
}
size_t log_read(uint64_t *offset, char *to, size_t size)
{
	uint64_t from = *offset < 10 ? 10 : *offset; /* what was before is gone */
	size_t bytes = from < 20 ? 20 - from : 0;

	memset(to, 'a', bytes);
	*offset = from + bytes;
	return bytes;
}

/* A record in the middle of bytes that must stay. */
static union {
	uint8_t bytes[8192];
	struct vmk_info_head head;
	struct vmk_info_system system;
	struct vmk_info_memory memory;
	struct vmk_info_module module;
	struct vmk_info_nic nic;
	struct vmk_info_log log;
	struct vmk_info_sched scheduled;
	struct vmk_info_group group;
} r;

static enum vmk_status get(uint64_t kind, uint64_t index, size_t *bytes)
{
	memset(&r, 0xee, sizeof(r));
	return records_read(kind, index, &r, sizeof(r), bytes);
}

static void each_kind_has_its_size_and_version(void **state)
{
	size_t bytes;
	static const size_t sizes[] = {
#define X(symbol, number, structure, name) [number] = sizeof(structure),
		VMK_INFO_KINDS(X)
#undef X
	};

	for (unsigned kind = 1; kind < sizeof(sizes) / sizeof(sizes[0]); kind++) {
		enum vmk_status status = get(kind, 0, &bytes);

		if (!sizes[kind]) {
			assert_int_equal(status, VMK_BAD_PARAM);
			continue;
		}
		if (status == VMK_NOT_FOUND)
			continue;
		assert_int_equal(status, VMK_OK);
		assert_int_equal(bytes, sizes[kind]);
		assert_int_equal(r.head.bytes, sizes[kind]);
		assert_int_equal(r.head.version, VMK_INFO_VERSION);
		assert_int_equal(r.bytes[bytes], 0xee);
		assert_int_equal(records_read(kind, 0, &r, sizes[kind] - 1, &bytes), VMK_TOO_LARGE);
	}
}

static void what_there_is_not_is_refused(void **state)
{
	size_t bytes;

	assert_int_equal(get(0, 0, &bytes), VMK_BAD_PARAM);
	assert_int_equal(get(1000, 0, &bytes), VMK_BAD_PARAM);
	assert_int_equal(get(UINT64_MAX, 0, &bytes), VMK_BAD_PARAM);
	assert_int_equal(get(VMK_INFO_SYSTEM, 1, &bytes), VMK_NOT_FOUND);
	assert_int_equal(get(VMK_INFO_MODULE, 2, &bytes), VMK_NOT_FOUND);
	assert_int_equal(get(VMK_INFO_MODULE, 1ull << 32, &bytes), VMK_NOT_FOUND);
	assert_int_equal(get(VMK_INFO_TXT_HEAP, 2, &bytes), VMK_NOT_FOUND);
	assert_int_equal(get(VMK_INFO_TXT_HEAP, UINT64_MAX, &bytes), VMK_NOT_FOUND);
	assert_int_equal(get(VMK_INFO_WORLD, 0, &bytes), VMK_NOT_FOUND);
	assert_int_equal(get(VMK_INFO_SCHED, 4, &bytes), VMK_NOT_FOUND);
}

static void records_say_how_many_there_are(void **state)
{
	size_t bytes;

	assert_int_equal(get(VMK_INFO_MODULE, 1, &bytes), VMK_OK);
	assert_int_equal(r.head.count, 2);
	assert_int_equal(r.module.bytes, 1);
	assert_int_equal(get(VMK_INFO_SCHED, 3, &bytes), VMK_OK);
	assert_int_equal(r.head.count, 4);
	assert_int_equal(r.scheduled.id, 3);
	assert_int_equal(r.scheduled.run, 9);
	assert_int_equal(get(VMK_INFO_PCI, 0, &bytes), VMK_OK);
	assert_int_equal(r.head.count, 2);
	assert_int_equal(get(VMK_INFO_GROUP, 2, &bytes), VMK_NOT_FOUND);
	assert_int_equal(get(VMK_INFO_GROUP, 1, &bytes), VMK_OK);
	assert_int_equal(r.head.count, 2);
	assert_true(r.group.vm);
	assert_int_equal(r.group.promised, 7);
	assert_int_equal(r.group.vcpu_limit, 9);
	assert_int_equal(r.group.skew_max, 8);
	assert_int_equal(r.group.skews[1], 2);
}

static void system_and_memory(void **state)
{
	size_t bytes;

	assert_int_equal(get(VMK_INFO_SYSTEM, 0, &bytes), VMK_OK);
	assert_string_equal(r.system.name, "Merlon");
	assert_string_equal(r.system.loader, "GRUB");
	assert_int_equal(strlen(r.system.build), 8);
	assert_int_equal(r.system.enable_tboot, VMK_STORED_TRUE);
	assert_int_equal(r.system.console, VMK_CONSOLE_READ);
	assert_int_equal(r.system.input_lost, 3);
	info.memory[1].type = BOOT_MEMORY_RESERVED;
	assert_int_equal(get(VMK_INFO_MEMORY, 0, &bytes), VMK_OK);
	assert_int_equal(r.memory.total, 4096);
	assert_int_equal(r.memory.free, 2 * 4096);
	assert_int_equal(r.memory.heap_used, 100);
}

/* The code does not change, and is long: it is hashed once. */
static void the_build_is_found_out_once(void **state)
{
	char build[sizeof(r.system.build)];
	size_t bytes;

	assert_int_equal(get(VMK_INFO_SYSTEM, 0, &bytes), VMK_OK);
	memcpy(build, r.system.build, sizeof(build));
	__text_start[0] ^= 1;
	assert_int_equal(get(VMK_INFO_SYSTEM, 0, &bytes), VMK_OK);
	assert_string_equal(r.system.build, build);
}

static void an_adapter_has_the_driver_of_its_device(void **state)
{
	size_t bytes;

	nic.pci.class_code = 0x020000;
	nic.pci.address.slot = 9;
	nic.driver = NULL;
	assert_int_equal(get(VMK_INFO_NIC, 0, &bytes), VMK_OK);
	assert_string_equal(r.nic.driver, "");
	nic.driver = "e1000";
	assert_int_equal(get(VMK_INFO_NIC, 0, &bytes), VMK_OK);
	assert_string_equal(r.nic.driver, "e1000");
	assert_int_equal(r.nic.slot, 9);
}

static void a_log_part_says_where_it_begins(void **state)
{
	size_t bytes;

	assert_int_equal(get(VMK_INFO_LOG, 0, &bytes), VMK_OK);
	assert_int_equal(r.log.first, 10);
	assert_int_equal(r.log.next, 20);
	assert_int_equal(r.log.bytes, 10);
	assert_int_equal(get(VMK_INFO_LOG, 20, &bytes), VMK_OK);
	assert_int_equal(r.log.bytes, 0);
	assert_int_equal(get(VMK_INFO_LOG, UINT64_MAX, &bytes), VMK_OK);
	assert_int_equal(r.log.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_has_its_size_and_version),
		cmocka_unit_test(what_there_is_not_is_refused),
		cmocka_unit_test(records_say_how_many_there_are),
		cmocka_unit_test(system_and_memory),
		cmocka_unit_test(the_build_is_found_out_once),
		cmocka_unit_test(an_adapter_has_the_driver_of_its_device),
		cmocka_unit_test(a_log_part_says_where_it_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
