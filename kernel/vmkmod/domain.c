#include "vmkmod/domain.h"
#include "lib/nospec.h"

#include <string.h>
#include <vmkuser/info.h>
#include <vmkuser/syscall.h>

/* Of each action, its objects' names by number. */
static const char *const names[][DOMAIN_OBJECTS_END] = {
	[VMK_ACTION_SYSCALL] =
		{
#define X(symbol, name, number, arguments) [number] = name,
			VMK_SYSCALLS(X)
#undef X
		},
	[VMK_ACTION_INFO] =
		{
#define X(symbol, number, structure, name) [number] = name,
			VMK_INFO_KINDS(X)
#undef X
		},
	[VMK_ACTION_CONTROL] =
		{
#define X(symbol, number, name) [number] = name,
			VMK_CONTROLS(X)
#undef X
		},
	[VMK_ACTION_LOG] =
		{
#define X(symbol, number, name) [number] = name,
			VMK_TRUST_LOGS(X)
#undef X
		},
};

static const char *const actions[] = {
#define X(symbol, number, name) [symbol] = name,
	VMK_ACTIONS(X)
#undef X
};
_Static_assert(ARRAY_SIZE(actions) <= VMK_ACTIONS_MAX, "records have room for every action");

const char *domain_action_name(uint64_t action)
{
	return action < ARRAY_SIZE(actions) ? actions[action] : NULL;
}

const char *domain_object_name(enum vmk_action action, uint64_t object)
{
	if ((unsigned)action >= ARRAY_SIZE(names) || object >= DOMAIN_OBJECTS_END)
		return NULL;
	return names[action][index_nospec(object, DOMAIN_OBJECTS_END)];
}

uint64_t domain_object_bit(enum vmk_action action, const char *name, size_t size)
{
	for (unsigned i = 0; i < DOMAIN_OBJECTS_END; i++) {
		const char *known = domain_object_name(action, i);

		if (known && strlen(known) == size && memcmp(known, name, size) == 0)
			return 1ull << i;
	}
	return 0;
}

uint64_t domain_all_objects(enum vmk_action action)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < DOMAIN_OBJECTS_END; i++)
		if (domain_object_name(action, i))
			all |= 1ull << i;
	return all;
}

static bool names_vm(const struct vmk_grants *grants, const char *vm)
{
	if (grants->all_vms)
		return true;
	for (unsigned i = 0; i < VMK_GRANT_VMS; i++)
		if (vm && vm[0] && strncmp(grants->vms[i], vm, sizeof(grants->vms[i])) == 0)
			return true;
	return false;
}

bool domain_allows(const struct vmk_grants *grants, const struct domain_request *request)
{
	switch (request->action) {
	case VMK_ACTION_SYSCALL:
		return domain_allows_syscall(grants, request->object);
	case VMK_ACTION_INFO:
		return domain_has(grants->info, request->object);
	case VMK_ACTION_CONTROL:
		return domain_has(grants->control, request->object);
	case VMK_ACTION_LOG:
		return domain_has(grants->logs, request->object);
	case VMK_ACTION_VM:
		return names_vm(grants, request->vm);
	default:
		return false;
	}
}

static uint32_t system_rights(const struct vmk_grants *grants)
{
	const bool acts = grants->control || domain_has(grants->syscalls, VMK_SYS_VM_ATTACH);

	return (grants->info ? VMK_RIGHT_READ : 0u) |
	       (acts ? VMK_RIGHT_WRITE | VMK_RIGHT_WAIT : 0u);
}

uint32_t domain_start_rights(const struct vmk_grants *grants, uint32_t kind)
{
	switch (kind) {
	case VMK_KIND_PORT:
		return grants->port;
	case VMK_KIND_TTY:
		return grants->tty;
	case VMK_KIND_CONFIG:
		return grants->config;
	case VMK_KIND_TRUST:
		return grants->logs || domain_has(grants->syscalls, VMK_SYS_TRUST_QUOTE)
			       ? VMK_RIGHT_READ
			       : 0;
	case VMK_KIND_SYSTEM:
		return system_rights(grants);
	default:
		return 0;
	}
}
