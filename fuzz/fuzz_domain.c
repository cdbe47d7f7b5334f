/* sources: kernel/vmkmod/manifest.c kernel/vmkmod/parameters.c kernel/vmkmod/domain.c */
/* sources: kernel/vmkmod/manifest_text.c */
/* sources: kernel/vmkmod/package.c kernel/lib/keyval.c */
/* coverage: edges */
/*
 * A manifest of a world, and what it may do by it: a thing is allowed where its name stands in the
 * manifest's line of that kind, or `all`, and nowhere else; a world without a line may do nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/keyval.h"
#include "vmkmod/domain.h"
#include "vmkmod/package.h"
#include <vmkuser/syscall.h>

#define HEAD "name=a\nversion=1\nprovider=p\nkind=world\nlevel=Accepted\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char text[4096];
static size_t text_bytes;

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Does the line `key=` have that word between its commas? */
static bool line_names(const char *key, const char *word)
{
	struct keyval pair = keyval_of(text, text_bytes);
	const size_t bytes = strlen(word);

	while (keyval_next(&pair) == VMK_OK) {
		const char *at = pair.value, *end = pair.value + pair.value_length;

		if (!keyval_is(&pair, key))
			continue;
		for (; at < end; at++) {
			const char *comma = memchr(at, ',', (size_t)(end - at));
			const char *stop = comma ? comma : end;

			if ((size_t)(stop - at) == bytes && memcmp(at, word, bytes) == 0)
				return true;
			at = stop;
		}
	}
	return false;
}

static bool allows(
	const struct vmk_grants *grants, enum vmk_action action, uint64_t object, const char *vm)
{
	return domain_allows(
		grants, &(struct domain_request){.action = action, .object = object, .vm = vm});
}

static void check_kind(const struct vmk_grants *grants, enum vmk_action action, const char *key)
{
	const bool all = action != VMK_ACTION_SYSCALL && line_names(key, "all");

	for (uint64_t object = 0; object < 80; object++) {
		const char *name = domain_object_name(action, object);
		const bool always = action == VMK_ACTION_SYSCALL && object == VMK_SYS_EXIT;

		require(allows(grants, action, object, NULL) ==
			(always || (name && (all || line_names(key, name)))));
		require(!allows(grants, action, object << 32 | 1ull << 63, NULL));
	}
}

static void check_vms(const struct vmk_grants *grants)
{
	static const char *const names[] = {"a", "web", "db-1", "all", "0", "no-such-machine"};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		require(allows(grants, VMK_ACTION_VM, 1, names[i]) ==
			(line_names("vms", "all") || line_names("vms", names[i])));
	require(!allows(grants, VMK_ACTION_VM, 1, "") || grants->all_vms);
}

/* What it is handed when it starts: no right without a line that asks for it. */
static void check_start(const struct vmk_grants *grants)
{
	const uint32_t system = domain_start_rights(grants, VMK_KIND_SYSTEM);
	const uint32_t trust = domain_start_rights(grants, VMK_KIND_TRUST);
	const bool quotes = allows(grants, VMK_ACTION_SYSCALL, VMK_SYS_TRUST_QUOTE, NULL);

	require(!(system & VMK_RIGHT_READ) == !grants->info);
	require(!(system & VMK_RIGHT_WRITE) ==
		!(grants->control || allows(grants, VMK_ACTION_SYSCALL, VMK_SYS_VM_ATTACH, NULL)));
	require(trust == (grants->logs || quotes ? VMK_RIGHT_READ : 0u));
	require(domain_start_rights(grants, VMK_KIND_PORT) == grants->port);
	require(domain_start_rights(grants, VMK_KIND_TTY) == grants->tty);
	require(domain_start_rights(grants, VMK_KIND_CONFIG) == grants->config);
	require(!domain_start_rights(grants, VMK_KIND_VM) && !domain_start_rights(grants, 99));
}

static void check_names(void)
{
	for (uint64_t action = 0; action < 80; action++) {
		require(!domain_action_name(action) == (action > VMK_ACTION_EXECUTE));
		require(!domain_object_name((enum vmk_action)action, UINT64_MAX));
		require(action <= VMK_ACTION_LOG ||
			!domain_object_name((enum vmk_action)action, 1));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct package package = {0};
	const char *why;

	size = MIN(size, sizeof(text) - sizeof(HEAD));
	memcpy(text, HEAD, sizeof(HEAD) - 1);
	memcpy(text + sizeof(HEAD) - 1, data, size);
	text_bytes = sizeof(HEAD) - 1 + size;
	if (manifest_parse(text, text_bytes, &package, &why) != VMK_OK)
		return 0;
	check_kind(&package.grants, VMK_ACTION_SYSCALL, "syscalls");
	check_kind(&package.grants, VMK_ACTION_INFO, "info");
	check_kind(&package.grants, VMK_ACTION_CONTROL, "control");
	check_kind(&package.grants, VMK_ACTION_LOG, "logs");
	check_vms(&package.grants);
	check_start(&package.grants);
	check_names();
	for (unsigned action = VMK_ACTION_HANDLE; action < 64; action++)
		require(!allows(&package.grants, action, 1, "a"));
	return 0;
}
