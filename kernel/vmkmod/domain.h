/*
 * Security domains: what a world's manifest grants, and the one place that decides whether a world
 * may do something (vmkuser/secpolicy.h). What is not granted is denied. Pure.
 */
#ifndef VMKMOD_DOMAIN_H
#define VMKMOD_DOMAIN_H

#include "lib/types.h"
#include <vmkuser/secpolicy.h>
#include <vmkuser/syscall.h>

/* Who asks for nothing else has these. */
#define DOMAIN_MEMORY_KIB (16u << 10)
#define DOMAIN_HANDLES    16u
#define DOMAIN_LOG_RATE   50u
/* No world can be granted more. */
#define DOMAIN_MEMORY_MAX_KIB (4u << 20)
#define DOMAIN_HANDLES_MAX    32u
#define DOMAIN_LOG_RATE_MAX   1000u

/* Objects of an action have numbers below: each is a bit of a mask of struct vmk_grants. */
#define DOMAIN_OBJECTS_END 64u

struct domain_request {
	enum vmk_action action;
	uint64_t object; /* as the action says: any number */
	const char *vm;  /* of VMK_ACTION_VM: its name */
};
static inline bool domain_has(uint64_t mask, uint64_t object)
{
	return object < DOMAIN_OBJECTS_END && (mask >> object & 1);
}
/* VMK_ACTION_SYSCALL, which each call asks for. Nobody can be kept from ending. */
static inline bool domain_allows_syscall(const struct vmk_grants *grants, uint64_t number)
{
	return domain_has(grants->syscalls, number) || number == VMK_SYS_EXIT;
}
bool domain_allows(const struct vmk_grants *grants, const struct domain_request *request);
/* VMK_RIGHT_* of the handle of that kind (VMK_KIND_*) that a world starts with; 0: it has none. */
uint32_t domain_start_rights(const struct vmk_grants *grants, uint32_t kind);

/* Names, for manifests and people. NULL: there is no such number. */
const char *domain_action_name(uint64_t action);
const char *domain_object_name(enum vmk_action action, uint64_t object);
/* The bit of a named object in its mask of struct vmk_grants; 0: there is none of that name. The
 * text is not terminated. */
uint64_t domain_object_bit(enum vmk_action action, const char *name, size_t size);
/* The bits of all objects of that action. */
uint64_t domain_all_objects(enum vmk_action action);

#endif
