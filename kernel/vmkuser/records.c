#include "vmkuser/records.h"

#include "arch/x86/hardening_cpu.h"
#include "arch/x86/identify.h"
#include "arch/x86/smp.h"
#include "arch/x86/time.h"
#include "boot/boot_info.h"
#include "boot/image.h"
#include "lib/blake2s.h"
#include "lib/hex.h"
#include "lib/log.h"
#include "lib/nospec.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "sched/world.h"
#include "sched/world_group.h"
#include "trust/audit.h"
#include "trust/audit_log.h"
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
#include "lib/version.h"

#include <stdio.h>
#include <string.h>
#include <vmkuser/info.h>

#define BUILD_BYTES      4u
#define CLASS_ETHERNET   0x0200u
#define CLASS_SHIFT      8
#define RECORD_BYTES_MAX 4096u

/* True if there is a record `index`. `record` is zeroed. */
typedef bool (*fill_record)(uint64_t index, void *record);

static unsigned one(void)
{
	return 1;
}

static uint32_t hash_code(void)
{
	uint8_t digest[BLAKE2S_BYTES];
	struct blake2s state;
	uint32_t build;

	blake2s_init(&state, NULL, 0);
	blake2s_update(&state, __text_start, (size_t)(__text_end - __text_start));
	blake2s_final(&state, digest);
	memcpy(&build, digest, sizeof(build));
	return build;
}

/* Of the code as it runs: which sources it was built from, a name cannot tell. Who comes first
 * finds it out; should two be first, both find the same. */
static void describe_build(char *to, size_t size)
{
	static uint64_t known; /* the hash, and above it that it is one */
	uint64_t build = __atomic_load_n(&known, __ATOMIC_RELAXED);
	char hex[2 * BUILD_BYTES + 1];

	if (!build) {
		build = 1ull << 32 | hash_code();
		__atomic_store_n(&known, build, __ATOMIC_RELAXED);
	}
	hex_encode(hex, &build, BUILD_BYTES);
	snprintf(to, size, "%s", hex);
}

static bool fill_system(uint64_t index, void *record)
{
	struct vmk_info_system *info = record;

	if (index)
		return false;
	snprintf(info->name, sizeof(info->name), "Merlon");
	snprintf(info->version, sizeof(info->version), VMK_VERSION);
	describe_build(info->build, sizeof(info->build));
	snprintf(info->loader, sizeof(info->loader), "%s", boot_info->loader);
	info->uptime_ns = time_ns();
	info->wall_ns = time_wall_ns();
	info->through_tboot = boot_info->tboot.cmdline_address;
	info->enable_tboot = (uint8_t)settings_enable_tboot();
	info->console = (uint8_t)settings_console();
	info->input_lost = tty_input_lost();
	return true;
}

static bool fill_module(uint64_t index, void *record)
{
	return modules_describe((unsigned)index, record);
}

static bool fill_parameter(uint64_t index, void *record)
{
	return modules_describe_parameter((unsigned)index, record);
}

static bool fill_world(uint64_t index, void *record)
{
	return supervise_describe((unsigned)index, record);
}

static bool fill_memory(uint64_t index, void *record)
{
	struct vmk_info_memory *info = record;

	if (index)
		return false;
	for (unsigned i = 0; i < boot_info->memory_count; i++) {
		if (boot_info->memory[i].type != BOOT_MEMORY_RESERVED)
			info->total += boot_info->memory[i].bytes;
	}
	info->free = frames_count(FRAME_FREE) * PAGE_SIZE;
	info->image = boot_info->image_bytes;
	info->kernel = (frames_count(FRAME_KERNEL) + frames_count(FRAME_SHADOW)) * PAGE_SIZE;
	info->heap = frames_count(FRAME_HEAP) * PAGE_SIZE;
	info->page_tables = frames_count(FRAME_PTABLE) * PAGE_SIZE;
	info->user = (frames_count(FRAME_USER) + frames_count(FRAME_USER_TEXT)) * PAGE_SIZE;
	info->dma = frames_count(FRAME_DMA) * PAGE_SIZE;
	info->modules = (frames_count(FRAME_MODULE) + frames_count(FRAME_MODULE_TEXT)) * PAGE_SIZE;
	info->heap_used = heap_bytes_used();
	info->guests = frames_count(FRAME_VM) * PAGE_SIZE;
	info->vtx = frames_count(FRAME_VTX) * PAGE_SIZE;
	return true;
}

static bool fill_cpu(uint64_t index, void *record)
{
	return identify_describe((unsigned)index, record);
}

static bool fill_hardening(uint64_t index, void *record)
{
	return hardening_look((unsigned)index, record);
}

static unsigned count_pci(void)
{
	unsigned count = 0;

	while (device_at(count))
		count++;
	return count;
}

/* Read once: the module may give its device back meanwhile. NULL: nobody has it. */
static const char *driver_of(const struct device *device)
{
	return __atomic_load_n(&device->driver, __ATOMIC_RELAXED);
}

static bool fill_pci(uint64_t index, void *record)
{
	const struct device *device = device_at((unsigned)index);
	struct vmk_info_pci *info = record;
	const char *driver;

	if (!device)
		return false;
	driver = driver_of(device);
	info->bus = device->pci.address.bus;
	info->slot = device->pci.address.slot;
	info->function = device->pci.address.function;
	info->irq_line = device->pci.irq_line;
	info->vendor = device->pci.vendor;
	info->device = device->pci.device;
	info->class_code = device->pci.class_code;
	if (driver)
		snprintf(info->driver, sizeof(info->driver), "%s", driver);
	return true;
}

/* The Ethernet controller that a driver has: there is one uplink. */
static const struct device *find_nic(const char **driver)
{
	const struct device *device;

	for (unsigned i = 0; (device = device_at(i)) != NULL; i++) {
		*driver = driver_of(device);
		if (*driver && device->pci.class_code >> CLASS_SHIFT == CLASS_ETHERNET)
			return device;
	}
	return NULL;
}

static unsigned count_nics(void)
{
	struct vmk_info_nic info;
	unsigned count = 0;

	while (switch_describe_uplink(count, &info))
		count++;
	return count;
}

static bool fill_nic(uint64_t index, void *record)
{
	const char *driver;
	const struct device *device = find_nic(&driver);
	struct vmk_info_nic *info = record;

	if (!switch_describe_uplink((unsigned)index, info))
		return false;
	if (!device)
		return true;
	info->bus = device->pci.address.bus;
	info->slot = device->pci.address.slot;
	info->function = device->pci.address.function;
	snprintf(info->driver, sizeof(info->driver), "%s", driver);
	return true;
}

static bool fill_port(uint64_t index, void *record)
{
	return switch_describe_port((unsigned)index, record);
}

static bool fill_launch(uint64_t index, void *record)
{
	if (index)
		return false;
	trust_describe_launch(record);
	return true;
}

static unsigned count_signs(void)
{
	return TRUST_SIGNS;
}

static bool fill_sign(uint64_t index, void *record)
{
	return trust_describe_sign((unsigned)index, record);
}

static bool fill_log(uint64_t index, void *record)
{
	struct vmk_info_log *info = record;

	info->next = index;
	info->bytes = (uint32_t)log_read(&info->next, info->text, sizeof(info->text));
	info->first = info->next - info->bytes;
	return true;
}

_Static_assert((int)VMK_SCHED_NEW == (int)WORLD_NEW && (int)VMK_SCHED_DEAD == (int)WORLD_DEAD,
	"states have the same numbers");

static bool fill_scheduled(uint64_t index, void *record)
{
	struct vmk_info_sched *info = record;
	struct world_record world;

	if (!worlds_list((unsigned)index, &world, 1))
		return false;
	info->id = world.id;
	info->cpu = world.cpu;
	info->state = world.state;
	snprintf(info->name, sizeof(info->name), "%s", world.name);
	info->at = world.sample.at;
	info->run = world.sample.run;
	info->ready = world.sample.ready;
	info->parked = world.sample.parked;
	info->costop = world.sample.costop;
	info->wait = world.sample.wait;
	info->idle = world.sample.idle;
	info->memory = world.sample.memory;
	info->served = world.sample.served;
	info->overlap = world.sample.overlap;
	info->switches = world.sample.switches;
	info->migrations = world.sample.migrations;
	info->shortfall = world.sample.shortfall;
	info->kind = world.kind;
	info->latency_high = world.latency_high;
	snprintf(info->vm, sizeof(info->vm), "%s", world.group);
	return true;
}

_Static_assert((int)VMK_SCHED_SYSTEM == (int)WORLD_SYSTEM && (int)VMK_SCHED_IDLE == (int)WORLD_IDLE,
	"kinds have the same numbers");

static bool fill_group(uint64_t index, void *record)
{
	struct vmk_info_group *info = record;
	struct group_record group;

	if (!groups_list((unsigned)index, &group, 1))
		return false;
	_Static_assert(sizeof(info->path) == sizeof(group.path), "paths have the same size");
	_Static_assert(sizeof(info->skews) == sizeof(group.skew.counts), "the same buckets");
	memcpy(info->path, group.path, sizeof(info->path));
	info->vm = group.kind == GROUP_VM;
	info->shares = group.shares;
	info->reservation = group.reservation;
	info->limit = group.limit;
	info->vcpu_limit = group.vcpu_limit;
	info->promised = group.promised;
	info->borrowed = group.borrowed;
	info->expandable = group.expandable;
	info->id = group.id;
	info->skew_max = group.skew.max;
	memcpy(info->skews, group.skew.counts, sizeof(info->skews));
	info->refusals = group.refusals;
	info->needed = group.needed;
	info->available = group.available;
	_Static_assert(sizeof(info->lacking) == sizeof(group.lacking), "the same size");
	memcpy(info->lacking, group.lacking, sizeof(info->lacking));
	return true;
}

static bool fill_audit(uint64_t index, void *record)
{
	struct vmk_info_audit *info = record;
	struct audit_status status;

	if (index)
		return false;
	audit_get_status(&status);
	info->records = status.records;
	info->bytes = status.bytes;
	info->bytes_max = AUDIT_LOG_MAX;
	info->anchored = status.anchored;
	info->checkpoints = status.anchors;
	info->suppressed = status.suppressed;
	info->lost = status.lost;
	info->full = status.full;
	memcpy(info->digest, status.head, sizeof(info->digest));
	return true;
}

static bool fill_account(uint64_t index, void *record)
{
	return login_describe((unsigned)index, record);
}

static bool fill_vm(uint64_t index, void *record)
{
	return vms_describe((unsigned)index, record);
}

static bool fill_domain(uint64_t index, void *record)
{
	return secdomain_describe((unsigned)index, record);
}

static unsigned count_registers(void)
{
	return trust_raw_parts(VMK_INFO_TXT_REGISTERS);
}

static unsigned count_heap(void)
{
	return trust_raw_parts(VMK_INFO_TXT_HEAP);
}

static unsigned count_tboot_log(void)
{
	return trust_raw_parts(VMK_INFO_TBOOT_LOG);
}

static bool fill_registers(uint64_t index, void *record)
{
	return trust_raw_part(VMK_INFO_TXT_REGISTERS, (unsigned)index, record);
}

static bool fill_heap(uint64_t index, void *record)
{
	return trust_raw_part(VMK_INFO_TXT_HEAP, (unsigned)index, record);
}

static bool fill_tboot_log(uint64_t index, void *record)
{
	return trust_raw_part(VMK_INFO_TBOOT_LOG, (unsigned)index, record);
}

static const struct source {
	size_t bytes;
	unsigned (*count)(void);
	fill_record fill;
} sources[] = {
	[VMK_INFO_SYSTEM] = {sizeof(struct vmk_info_system), one, fill_system},
	[VMK_INFO_MODULE] = {sizeof(struct vmk_info_module), modules_count, fill_module},
	[VMK_INFO_WORLD] = {sizeof(struct vmk_info_world), supervise_count, fill_world},
	[VMK_INFO_MEMORY] = {sizeof(struct vmk_info_memory), one, fill_memory},
	[VMK_INFO_CPU] = {sizeof(struct vmk_info_cpu), cpu_count, fill_cpu},
	[VMK_INFO_PCI] = {sizeof(struct vmk_info_pci), count_pci, fill_pci},
	[VMK_INFO_NIC] = {sizeof(struct vmk_info_nic), count_nics, fill_nic},
	[VMK_INFO_PORT] = {sizeof(struct vmk_info_port), switch_port_count, fill_port},
	[VMK_INFO_LAUNCH] = {sizeof(struct vmk_info_launch), one, fill_launch},
	[VMK_INFO_SIGN] = {sizeof(struct vmk_info_sign), count_signs, fill_sign},
	[VMK_INFO_LOG] = {sizeof(struct vmk_info_log), one, fill_log},
	[VMK_INFO_TXT_REGISTERS] = {sizeof(struct vmk_info_raw), count_registers, fill_registers},
	[VMK_INFO_TXT_HEAP] = {sizeof(struct vmk_info_raw), count_heap, fill_heap},
	[VMK_INFO_TBOOT_LOG] = {sizeof(struct vmk_info_raw), count_tboot_log, fill_tboot_log},
	[VMK_INFO_HARDENING] = {sizeof(struct vmk_info_hardening), hardening_count, fill_hardening},
	[VMK_INFO_SCHED] = {sizeof(struct vmk_info_sched), worlds_count, fill_scheduled},
	[VMK_INFO_PARAMETER] = {sizeof(struct vmk_info_parameter), modules_parameter_count,
		fill_parameter},
	[VMK_INFO_VM] = {sizeof(struct vmk_info_vm), vms_count, fill_vm},
	[VMK_INFO_GROUP] = {sizeof(struct vmk_info_group), groups_count, fill_group},
	[VMK_INFO_DOMAIN] = {sizeof(struct vmk_info_domain), secdomain_count, fill_domain},
	[VMK_INFO_AUDIT] = {sizeof(struct vmk_info_audit), one, fill_audit},
	[VMK_INFO_ACCOUNT] = {sizeof(struct vmk_info_account), login_count, fill_account},
};

#define X(symbol, number, structure, name)                                                 \
	_Static_assert(sizeof(structure) <= RECORD_BYTES_MAX, "a record fits the buffer"); \
	_Static_assert(sizeof(structure) % 8 == 0, "a record has no padding at its end");
VMK_INFO_KINDS(X)
#undef X

enum vmk_status records_read(
	uint64_t kind, uint64_t index, void *record, size_t size, size_t *bytes)
{
	struct vmk_info_head *head = record;
	const struct source *source;
	unsigned count;

	if (kind >= ARRAY_SIZE(sources))
		return VMK_BAD_PARAM;
	source = &sources[index_nospec(kind, ARRAY_SIZE(sources))];
	if (!source->fill)
		return VMK_BAD_PARAM;
	if (size < source->bytes)
		return VMK_TOO_LARGE;
	count = source->count();
	/* An offset in the log is no index. */
	if (kind != VMK_INFO_LOG) {
		if (index >= count)
			return VMK_NOT_FOUND;
		index = index_nospec(index, count);
	}
	memset(record, 0, source->bytes);
	if (!source->fill(index, record))
		return VMK_NOT_FOUND;
	head->version = VMK_INFO_VERSION;
	head->bytes = (uint16_t)source->bytes;
	head->count = count;
	*bytes = source->bytes;
	return VMK_OK;
}
