/* The handles that a world is given: what its package grants, less what the configuration and,
 * where that asks for a log-in, the account leave of it. */
#include "vmkuser/accounts.h"
#include "vmkuser/call.h"
#include "vmkuser/login.h"
#include "vmkuser/settings.h"

#include <string.h>

/* Who is at the console may do no more than the configuration says of it, and of him. */
static bool only_looks(const struct uworld *u)
{
	return u->grants.tty &&
	       (settings_console() != VMK_CONSOLE_CONTROL || (u->account && !u->account->control));
}

/* None but the terminal's, until somebody has logged in. */
static bool is_withheld(const struct uworld *u, uint32_t kind)
{
	return u->grants.tty && kind != VMK_KIND_TTY && login_required() && !u->account;
}

static uint32_t rights_of(const struct uworld *u, uint32_t kind)
{
	uint32_t rights = domain_start_rights(&u->grants, kind);

	if (is_withheld(u, kind))
		return 0;
	if (kind == VMK_KIND_VM)
		return u->vm ? RIGHT_READ | RIGHT_WRITE : 0;
	return kind == VMK_KIND_SYSTEM && only_looks(u) ? rights & RIGHT_READ : rights;
}

static void *object_of(const struct uworld *u, uint32_t kind)
{
	if (kind == VMK_KIND_PORT)
		return u->port;
	return kind == VMK_KIND_VM ? u->vm : NULL;
}

static enum vmk_status give(struct uworld *u, uint32_t kind)
{
	uint32_t rights = rights_of(u, kind);
	vmk_handle handle;

	if (!rights || handle_first(&u->handles, kind) != VMK_NO_HANDLE)
		return VMK_OK;
	return handle_add(&u->handles, kind, rights, object_of(u, kind), &handle);
}

static const struct {
	uint32_t kind;
	const char *name;
} kinds[] = {
#define X(symbol, number, name_) {symbol, name_},
	VMK_KINDS(X)
#undef X
};

enum vmk_status grant_handles(struct uworld *u)
{
	enum vmk_status status = VMK_OK;

	for (unsigned i = 0; status == VMK_OK && i < ARRAY_SIZE(kinds); i++)
		status = give(u, kinds[i].kind);
	return status;
}

/* `to` is zero already, and keeps its last byte so. */
static void copy_name(char *to, size_t size, const char *name)
{
	memcpy(to, name, MIN(strlen(name), size - 1));
}

void grant_describe(const struct uworld *u, struct vmk_start *start)
{
	start->size = sizeof(*start);
	copy_name(start->world, sizeof(start->world), WORLD_NAME(u));
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct vmk_start_handle *h = &start->handles[start->count];

		h->handle = handle_first(&u->handles, kinds[i].kind);
		if (h->handle == VMK_NO_HANDLE)
			continue;
		h->kind = kinds[i].kind;
		copy_name(h->name, sizeof(h->name), kinds[i].name);
		start->count++;
	}
}
