/* The system as a whole: what a management world may know of it, and do with it. */
#include "arch/x86/power.h"
#include "arch/x86/time.h"
#include "lib/log.h"
#include "lib/nospec.h"
#include "mem/space.h"
#include "sched/world_group.h"
#include "trust/audit.h"
#include "vmkmod/drivers.h"
#include "vmkmod/modules.h"
#include "vmkuser/call.h"
#include "vmkuser/records.h"
#include "vmkuser/settings.h"
#include "vmkuser/vms.h"

#include <stdio.h>
#include <string.h>

#define LOG_MODULE "vmkuser"

/* What a control says in the log, as call_log() counts it: somebody asks, and what becomes of it.
 */
#define CONTROL_LOG_UNITS 3u

/* (system, VMK_INFO_*, index, record, bytes) -> bytes there */
enum vmk_status call_info(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	enum vmk_status status = call_object(u, args[0], VMK_KIND_SYSTEM, RIGHT_READ, NULL);
	size_t bytes;

	if (status == VMK_OK)
		status = call_may(
			u, &(struct domain_request){.action = VMK_ACTION_INFO, .object = args[1]});
	if (status == VMK_OK)
		status = records_read(args[1], args[2], u->scratch, SCRATCH_BYTES, &bytes);
	if (status != VMK_OK)
		return status;
	*value = bytes;
	return space_copy_out(u->space, args[3], u->scratch, MIN(args[4], bytes));
}

static enum vmk_status set_enable_tboot(const struct uworld *u, uint64_t wanted)
{
	static const char *const names[] = {[VMK_STORED_NOT] = "not set",
		[VMK_STORED_FALSE] = "false",
		[VMK_STORED_TRUE] = "true"};
	enum vmk_status status;

	if (wanted >= ARRAY_SIZE(names))
		return VMK_BAD_PARAM;
	wanted = index_nospec(wanted, ARRAY_SIZE(names));
	status = settings_store_enable_tboot((enum vmk_stored)wanted);
	if (status != VMK_OK)
		return status;
	vmk_log("World %s: from the next boot on, enableTboot is %s", WORLD_NAME(u), names[wanted]);
	audit_record(AUDIT_SETTING, WORLD_NAME(u), "world", WORLD_NAME(u), "setting", "enableTboot",
		"value", names[wanted], NULL);
	return VMK_OK;
}

enum vmk_status call_may_act_on(struct uworld *u, uint32_t vm)
{
	if (!vms_name(vm, u->vm_name))
		return VMK_NOT_FOUND;
	return call_may(u,
		&(struct domain_request){.action = VMK_ACTION_VM, .object = vm, .vm = u->vm_name});
}

/* `package`: what it is made of, where it is made. */
static void audit_vm(const struct uworld *u, const char *action, uint32_t id, const char *package)
{
	char number[12];

	snprintf(number, sizeof(number), "%u", (unsigned)id);
	vmk_log("World %s asks that VM %s be %s", WORLD_NAME(u), u->vm_name, action);
	audit_record(AUDIT_VM_POWER, WORLD_NAME(u), "world", WORLD_NAME(u), "action", action, "vm",
		number, "name", u->vm_name, package ? "package" : NULL, package, NULL);
}

static enum vmk_status act_on_vm(struct uworld *u, uint64_t id, enum vm_action action)
{
	enum vmk_status status = id > UINT32_MAX ? VMK_NOT_FOUND : call_may_act_on(u, (uint32_t)id);

	if (status != VMK_OK)
		return status;
	audit_vm(u, vm_action_name(action), (uint32_t)id, NULL);
	if (action == VM_POWER_ON)
		return vms_start((uint32_t)id);
	if (action == VM_DESTROY)
		return vms_destroy((uint32_t)id);
	return vms_act((uint32_t)id, action);
}

/* The value: address of a struct vmk_vm_making. Whoever makes a VM acts on one of that name. */
static enum vmk_status create_vm(struct uworld *u, uint64_t address)
{
	struct vmk_vm_making making;
	const struct package *image;
	enum vmk_status status = space_copy_in(u->space, &making, address, sizeof(making));

	if (status != VMK_OK)
		return status;
	image = modules_vm_image(making.module);
	if (!image)
		return VMK_NOT_FOUND;
	if (!making.name[0])
		memcpy(making.name, image->name, sizeof(making.name));
	if (making.reserved || !memchr(making.name, 0, sizeof(making.name)) ||
		!package_text_is_plain(making.name, strlen(making.name)))
		return VMK_BAD_PARAM;
	memcpy(u->vm_name, making.name, sizeof(u->vm_name));
	status = call_may(u, &(struct domain_request){.action = VMK_ACTION_VM, .vm = u->vm_name});
	if (status == VMK_OK && modules_have_world(u->vm_name))
		status = VMK_EXISTS;
	if (status == VMK_OK)
		status = vms_create(image, u->vm_name);
	if (status == VMK_OK)
		audit_vm(u, vm_action_name(VM_CREATE), vms_find(u->vm_name), image->name);
	return status;
}

/* The value: id << 32 | KiB. */
static enum vmk_status set_vm_memory(struct uworld *u, uint64_t value)
{
	const uint32_t id = (uint32_t)(value >> 32);
	enum vmk_status status = call_may_act_on(u, id);
	char kib[12];

	if (status == VMK_OK)
		status = vms_set_memory(id, (uint32_t)value);
	snprintf(kib, sizeof(kib), "%u", (unsigned)value);
	if (status == VMK_OK)
		audit_record(AUDIT_SETTING, WORLD_NAME(u), "world", WORLD_NAME(u), "setting",
			"vm memory", "vm", u->vm_name, "value", kib, NULL);
	return status;
}

static enum vmk_status act_on_module(const struct uworld *u, uint64_t index, bool load)
{
	if (index > UINT32_MAX)
		return VMK_NOT_FOUND;
	vmk_log("World %s asks that module %u be %s", WORLD_NAME(u), (unsigned)index,
		load ? "loaded" : "unloaded");
	return load ? drivers_load((unsigned)index, WORLD_NAME(u))
		    : drivers_unload((unsigned)index, WORLD_NAME(u));
}

static void audit_pool(
	const struct uworld *u, enum group_setting setting, const char *path, uint32_t amount)
{
	static const char *const names[] = {[GROUP_SHARES] = "pool shares",
		[GROUP_RESERVATION] = "pool reservation",
		[GROUP_LIMIT] = "pool limit",
		[GROUP_VCPU_LIMIT] = "pool vCPU limit"};
	char number[12];

	snprintf(number, sizeof(number), "%u", (unsigned)amount);
	audit_record(AUDIT_SETTING, WORLD_NAME(u), "world", WORLD_NAME(u), "setting",
		names[setting], "pool", path, "value", number, NULL);
}

/* The value: id << 32 | amount. Whoever sets a VM's share acts on it. */
static enum vmk_status set_pool(struct uworld *u, enum group_setting setting, uint64_t value)
{
	struct group_record group;
	enum vmk_status status = VMK_OK;

	if (!groups_find((uint32_t)(value >> 32), &group))
		return VMK_NOT_FOUND;
	if (group.kind == GROUP_VM)
		status = call_may_act_on(u, vms_find(strrchr(group.path, '/') + 1));
	if (status == VMK_OK)
		status = groups_set(group.id, setting, (uint32_t)value);
	if (status == VMK_OK)
		audit_pool(u, setting, group.path, (uint32_t)value);
	return status;
}

/* (system, VMK_CONTROL_*, value) */
enum vmk_status call_control(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	enum vmk_status status = call_object(u, args[0], VMK_KIND_SYSTEM, RIGHT_WRITE, NULL);

	if (status == VMK_OK)
		status = call_may(u,
			&(struct domain_request){.action = VMK_ACTION_CONTROL, .object = args[1]});
	if (status != VMK_OK)
		return status;
	if (!budget_take_units(&u->log_budget, time_ns(), CONTROL_LOG_UNITS))
		return VMK_NO_RESOURCES;
	switch (args[1]) {
	case VMK_CONTROL_ENABLE_TBOOT:
		return set_enable_tboot(u, args[2]);
	case VMK_CONTROL_POWER_OFF:
	case VMK_CONTROL_REBOOT:
		vmk_log("World %s asks to leave", WORLD_NAME(u));
		audit_record(AUDIT_HOST_POWER, WORLD_NAME(u), "world", WORLD_NAME(u), "action",
			args[1] == VMK_CONTROL_REBOOT ? "reboot" : "power-off", NULL);
		power_leave(args[1] == VMK_CONTROL_REBOOT ? POWER_REBOOT : POWER_OFF);
	case VMK_CONTROL_VM_START:
		return act_on_vm(u, args[2], VM_POWER_ON);
	case VMK_CONTROL_VM_STOP:
		return act_on_vm(u, args[2], VM_STOP);
	case VMK_CONTROL_VM_HARD_STOP:
		return act_on_vm(u, args[2], VM_HARD_STOP);
	case VMK_CONTROL_VM_PAUSE:
		return act_on_vm(u, args[2], VM_PAUSE);
	case VMK_CONTROL_VM_RESUME:
		return act_on_vm(u, args[2], VM_RESUME);
	case VMK_CONTROL_VM_RESET:
		return act_on_vm(u, args[2], VM_RESET);
	case VMK_CONTROL_VM_DESTROY:
		return act_on_vm(u, args[2], VM_DESTROY);
	case VMK_CONTROL_VM_CREATE:
		return create_vm(u, args[2]);
	case VMK_CONTROL_VM_MEMORY:
		return set_vm_memory(u, args[2]);
	case VMK_CONTROL_MODULE_LOAD:
	case VMK_CONTROL_MODULE_UNLOAD:
		return act_on_module(u, args[2], args[1] == VMK_CONTROL_MODULE_LOAD);
	case VMK_CONTROL_MODULE_PARAMETER:
		return drivers_set_parameter(
			(unsigned)(args[2] >> 32), (uint32_t)args[2], WORLD_NAME(u));
	case VMK_CONTROL_POOL_SHARES:
		return set_pool(u, GROUP_SHARES, args[2]);
	case VMK_CONTROL_POOL_RESERVATION:
		return set_pool(u, GROUP_RESERVATION, args[2]);
	case VMK_CONTROL_POOL_LIMIT:
		return set_pool(u, GROUP_LIMIT, args[2]);
	case VMK_CONTROL_POOL_VCPU_LIMIT:
		return set_pool(u, GROUP_VCPU_LIMIT, args[2]);
	default:
		return VMK_BAD_PARAM;
	}
}
