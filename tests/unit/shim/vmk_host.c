#include "tests/unit/shim/vmk_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000ull

struct fake_host fake;

static const uint8_t mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

static const struct vmk_info_domain usual_domains[] = {
	{.name = "console",
		.worlds = 1,
		.grants = {.syscalls = 1ull << VMK_SYS_LOG | 1ull << VMK_SYS_INFO,
			.tty = VMK_RIGHT_READ | VMK_RIGHT_WRITE,
			.port = VMK_RIGHT_WRITE,
			.info = 1ull << VMK_INFO_VM | 1ull << 63,
			.logs = 1ull << VMK_LOG_VMK,
			.all_vms = 1}},
	{.name = "probe",
		.grants = {.control = 1ull << VMK_CONTROL_REBOOT,
			.config = VMK_RIGHT_READ,
			.vms = {"web", "db"},
			.handles = 3,
			.cpu_limit = 25},
		.denials =
			{[VMK_ACTION_SYSCALL] = 7, [VMK_ACTION_VM] = 2, [VMK_ACTIONS_MAX - 1] = 1}},
};

static const struct vmk_info_group usual_groups[] = {
	{.path = "host/user",
		.id = 1,
		.shares = 8000,
		.promised = 505000,
		.borrowed = 505000,
		.expandable = 1},
	{.path = "host/user/agent",
		.vm = 1,
		.id = 7,
		.shares = 2000,
		.reservation = 505000,
		.limit = 1500000,
		.vcpu_limit = 400000,
		.skew_max = 3050999,
		.skews = {10, 9, 8, 7, 6, 5}},
};

static void add_module(unsigned i, const char *name, const char *kind)
{
	struct vmk_info_module *m = &fake.modules[i];

	strcpy(m->name, name);
	snprintf(m->file, sizeof(m->file), "%s.pkg", name);
	strcpy(m->version, "1.0");
	strcpy(m->kind, kind);
	strcpy(m->provider, "Merlon");
	strcpy(m->level, "PartnerSupported");
	strcpy(m->signer, "A signer");
	m->sha256[0] = 0xab;
	m->bytes = 1234;
	m->loaded = m->enabled = 1;
}

static void add_world(unsigned i, const char *name)
{
	strcpy(fake.worlds[i].name, name);
	strcpy(fake.worlds[i].version, "1.0");
	fake.worlds[i].id = 100 + i;
	fake.worlds[i].lives = 1;
	fake.worlds[i].state = VMK_WORLD_LIVES;
	fake.worlds[i].memory_used = 1 << 20;
	fake.worlds[i].memory_limit = 4 << 20;
	snprintf(fake.ports[i].name, sizeof(fake.ports[i].name), "vmk%u", i);
	strcpy(fake.ports[i].world, name);
	memcpy(fake.ports[i].mac, mac, sizeof(mac));
	fake.ports[i].mtu = 1500;
}

void fake_reset(void)
{
	/* What was written is long, and ends where it says. */
	memset(&fake.out_bytes, 0, sizeof(fake) - offsetof(struct fake_host, out_bytes));
	fake.out[0] = 0;
	strcpy(fake.system.name, "Merlon");
	strcpy(fake.system.version, "0.1.0");
	strcpy(fake.system.build, "12345678");
	strcpy(fake.system.loader, "GRUB");
	fake.system.uptime_ns = 100 * SECOND;
	fake.system.wall_ns = 1735787145 * SECOND; /* 2025-01-02T03:05:45Z */
	fake.system.through_tboot = 1;
	fake.system.console = VMK_CONSOLE_CONTROL;
	add_module(0, "config", "config");
	add_module(1, "e1000", "driver");
	add_module(2, "agent", "world");
	fake.module_count = 3;
	fake.parameters[0] = (struct vmk_info_parameter){
		.module = "other", .name = "speed", .value = 1, .most = 2};
	fake.parameters[1] = (struct vmk_info_parameter){.module = "e1000",
		.name = "error-log-seconds",
		.value = 10,
		.least = 1,
		.most = 86400,
		.usual = 10};
	add_world(0, "agent");
	add_world(1, "console");
	fake.ports[0].ip = (struct vmk_port_address){
		.address = {10, 0, 2, 15}, .gateway = {10, 0, 2, 2}, .prefix = 24, .dhcp = 1};
	fake.world_count = 2;
	fake.memory.total = 512ull << 20;
	fake.memory.free = 500ull << 20;
	strcpy(fake.cpu.vendor, "GenuineIntel");
	fake.cpu.signature = 0x806c1;
	fake.cpu.online = 1;
	fake.pci = (struct vmk_info_pci){
		.slot = 3, .vendor = 0x8086, .device = 0x100e, .class_code = 0x020000};
	strcpy(fake.pci.driver, "e1000");
	fake.hardening[0] = (struct vmk_info_hardening){.name = "wx",
		.rule = "no page is both",
		.found = "0 of 9",
		.state = VMK_HARDENING_HOLDS};
	fake.hardening[1] = (struct vmk_info_hardening){
		.name = "smap", .rule = "ring 0 keeps off", .state = VMK_HARDENING_ABSENT};
	strcpy(fake.nic.name, "vmnic0");
	strcpy(fake.nic.driver, "e1000");
	memcpy(fake.nic.mac, mac, sizeof(mac));
	fake.nic.link_up = 1;
	fake.nic.mtu = 1500;
	fake.nic_count = 1;
	fake.scheduled[0] =
		(struct vmk_info_sched){.id = 1, .name = "idle0", .state = VMK_SCHED_READY};
	fake.scheduled[1] =
		(struct vmk_info_sched){.id = 100, .name = "agent", .state = VMK_SCHED_WAITING};
	fake.scheduled[2] =
		(struct vmk_info_sched){.id = 101, .name = "console", .state = VMK_SCHED_RUNNING};
	fake.vms[0] = (struct vmk_info_vm){.id = 1,
		.name = "agent",
		.version = "1.0",
		.state = VMK_VM_RUNNING,
		.vcpus = 2,
		.memory_kib = 4096,
		.memory_limit_kib = 2048,
		.memory_granted_kib = 1024,
		.balloon_kib = 2048,
		.guest = {.known = 0x38, .value = {0, 0, 0, 9, 512 << 10, 4096 << 10, 1}},
		.shares = 2000,
		.cpu_limit = 150,
		.vcpu_limit = 75,
		.latency_high = 1,
		.affinity = {0xd},
		.starts = 3};
	fake.vms[1] = (struct vmk_info_vm){.id = 2, .name = "other", .shares = 1000};
	fake.vm_count = 2;
	memcpy(fake.domains, usual_domains, sizeof(fake.domains));
	memcpy(fake.groups, usual_groups, sizeof(fake.groups));
	strcpy(fake.accounts[0].name, "root");
	strcpy(fake.accounts[1].name, "guest");
	fake.accounts[0].control = 1;
	fake.launch = (struct vmk_info_launch){.measured = 1, .tpm_present = 1, .tpm_ready = 1};
	strcpy(fake.launch.tpm_manufacturer, "IBM");
	strcpy(fake.sign.name, "pcr17");
	fake.sign.holds = 1;
	fake.log = "first line\nsecond line\nthird line\n";
}

static const struct vmk_info_raw *raw_part(enum vmk_info_kind kind, uint64_t index)
{
	static struct vmk_info_raw part;
	unsigned which = kind - VMK_INFO_TXT_REGISTERS;

	if (!fake.raw[which] || index >= fake.raw_bytes[which] / VMK_INFO_RAW_BYTES)
		return NULL;
	part.base = fake.raw_base[which];
	part.total = fake.raw_total[which] ? fake.raw_total[which] : fake.raw_bytes[which];
	part.bytes = VMK_INFO_RAW_BYTES;
	memcpy(part.data, fake.raw[which] + index * VMK_INFO_RAW_BYTES, VMK_INFO_RAW_BYTES);
	return &part;
}

static const void *record_of(enum vmk_info_kind kind, uint64_t index)
{
	switch (kind) {
	case VMK_INFO_SYSTEM:
		return index ? NULL : &fake.system;
	case VMK_INFO_MODULE:
		return index < fake.module_count ? &fake.modules[index] : NULL;
	case VMK_INFO_WORLD:
		return index < fake.world_count ? &fake.worlds[index] : NULL;
	case VMK_INFO_MEMORY:
		return index ? NULL : &fake.memory;
	case VMK_INFO_CPU:
		return index ? NULL : &fake.cpu;
	case VMK_INFO_PCI:
		return index ? NULL : &fake.pci;
	case VMK_INFO_HARDENING:
		return index < 2 ? &fake.hardening[index] : NULL;
	case VMK_INFO_NIC:
		return index < fake.nic_count ? &fake.nic : NULL;
	case VMK_INFO_PORT:
		return index < fake.world_count ? &fake.ports[index] : NULL;
	case VMK_INFO_LAUNCH:
		return index ? NULL : &fake.launch;
	case VMK_INFO_SIGN:
		return index ? NULL : &fake.sign;
	case VMK_INFO_PARAMETER:
		return index < 2 ? &fake.parameters[index] : NULL;
	case VMK_INFO_VM:
		return index < fake.vm_count ? &fake.vms[index] : NULL;
	case VMK_INFO_AUDIT:
		return index ? NULL : &fake.audit;
	case VMK_INFO_GROUP:
		return index < 2 ? &fake.groups[index] : NULL;
	case VMK_INFO_DOMAIN:
		return index < 2 ? &fake.domains[index] : NULL;
	case VMK_INFO_ACCOUNT:
		return index < fake.account_count ? &fake.accounts[index] : NULL;
	case VMK_INFO_SCHED:
		return index < 3 ? &fake.scheduled[index] : NULL;
	case VMK_INFO_TXT_REGISTERS:
	case VMK_INFO_TXT_HEAP:
	case VMK_INFO_TBOOT_LOG:
		return raw_part(kind, index);
	default:
		return NULL;
	}
}

/* Few bytes at a time, so that lines come in pieces. */
static const struct vmk_info_log *log_part(uint64_t offset)
{
	static struct vmk_info_log part;
	size_t end = strlen(fake.log);

	memset(&part, 0, sizeof(part));
	part.first = offset < fake.log_start ? fake.log_start : (offset < end ? offset : end);
	part.bytes = (uint32_t)(end - part.first < 7 ? end - part.first : 7);
	part.next = part.first + part.bytes;
	memcpy(part.text, fake.log + part.first, part.bytes);
	return &part;
}

static enum vmk_status info(
	void *context, enum vmk_info_kind kind, uint64_t index, void *record, size_t size)
{
	static const size_t sizes[] = {
#define X(symbol, number, structure, name) [number] = sizeof(structure),
		VMK_INFO_KINDS(X)
#undef X
	};
	const void *from = kind == VMK_INFO_LOG ? log_part(index) : record_of(kind, index);

	if (fake.info_status != VMK_OK)
		return fake.info_status;
	if (fake.info_later != VMK_OK && !fake.info_left)
		return fake.info_later;
	fake.info_left -= fake.info_left > 0;
	if (!from)
		return VMK_NOT_FOUND;
	if (size != sizes[kind])
		abort();
	memcpy(record, from, size);
	return VMK_OK;
}

/* The group has not what it is to reserve. */
static void refuse(uint32_t id)
{
	for (unsigned i = 0; i < sizeof(fake.groups) / sizeof(fake.groups[0]); i++) {
		struct vmk_info_group *group = &fake.groups[i];

		if (group->id != id)
			continue;
		group->refusals++;
		group->needed = 4500000;
		group->available = 1900000;
		strcpy(group->lacking, "host");
	}
}

static enum vmk_status control(void *context, enum vmk_control what, uint64_t value)
{
	fake.controls++;
	fake.control = what;
	fake.control_value = value;
	if (what == VMK_CONTROL_VM_CREATE)
		fake.making = *(const struct vmk_vm_making *)(uintptr_t)value;
	if (what == VMK_CONTROL_POOL_RESERVATION && fake.control_status == VMK_NO_RESOURCES)
		refuse((uint32_t)(value >> 32));
	return fake.control_status;
}

static enum vmk_status trust_log(void *context, enum vmk_trust_log log, uint64_t offset, void *to,
	size_t size, uint64_t *total)
{
	size_t bytes = fake.events_bytes < size ? fake.events_bytes : size;

	if (fake.log_status != VMK_OK)
		return fake.log_status;
	if (log == VMK_LOG_AUDIT) {
		*total = fake.audit.bytes;
		if (offset < *total)
			memcpy(to, fake.audit_log + offset,
				*total - offset < size ? *total - offset : size);
		return VMK_OK;
	}
	*total = log == VMK_LOG_VMK || fake.drtm ? fake.events_bytes : 0;
	if (*total)
		memcpy(to, fake.events, bytes);
	return VMK_OK;
}

static enum vmk_status ping(
	void *context, const struct ping_request *request, struct ping_reply *reply)
{
	fake.pings++;
	fake.ping = *request;
	*reply = (struct ping_reply){.ttl = 64,
		.bytes = (uint16_t)(request->bytes + 8),
		.time_ns = 1234567 - (fake.pings - 1) * fake.ping_step};
	return fake.ping_status;
}

static enum vmk_status vm_console(void *context, uint32_t id)
{
	fake.console_vm = id;
	return fake.console_status;
}

static bool pause_for(void *context, unsigned milliseconds)
{
	for (unsigned i = 0; i < 3; i++) {
		fake.scheduled[i].at += milliseconds * 1000000ull;
		fake.scheduled[i].run += milliseconds * 250000ull;
		fake.scheduled[i].wait += milliseconds * 750000ull;
		fake.scheduled[i].idle += milliseconds * 250000ull;
		fake.scheduled[i].memory += milliseconds * 100000ull;
		fake.scheduled[i].served += milliseconds * 30000ull;
		fake.scheduled[i].overlap += milliseconds * 40000ull;
		fake.scheduled[i].switches += 5;
	}
	if (fake.log_grown)
		fake.log = fake.log_grown;
	return fake.pauses_left && fake.pauses_left--;
}

static void write_out(void *context, const char *text, size_t bytes)
{
	if (bytes > FAKE_OUT_BYTES - 1 - fake.out_bytes)
		bytes = FAKE_OUT_BYTES - 1 - fake.out_bytes;
	memcpy(fake.out + fake.out_bytes, text, bytes);
	fake.out_bytes += bytes;
	fake.out[fake.out_bytes] = 0;
}

static void note(void *context, const char *line)
{
	snprintf(fake.noted, sizeof(fake.noted), "%s", line);
}

const struct vmk_host fake_ops = {
	.info = info,
	.control = control,
	.trust_log = trust_log,
	.ping = ping,
	.vm_console = vm_console,
	.pause = pause_for,
	.write = write_out,
	.log = note,
};
