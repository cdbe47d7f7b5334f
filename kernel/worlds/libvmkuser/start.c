/* What the kernel told this world at its start: found through the auxiliary vector. */
#include <vmkuser/libvmkuser.h>

#include <string.h>
#include <sys/auxv.h>

/* What came with a log-in; its size is 0 before. */
static struct vmk_start later;

enum vmk_status vmku_login(vmk_handle tty, enum vmk_login_step step, struct vmk_login *login)
{
	enum vmk_status status =
		vmku_syscall(VMK_SYS_LOGIN, tty, step, (uint64_t)(uintptr_t)login, 0, 0).status;

	if (status == VMK_OK && step == VMK_LOGIN_PROVE)
		later = login->start;
	return status;
}

const struct vmk_start *vmku_start(void)
{
	if (later.size)
		return &later;
	return (const struct vmk_start *)getauxval(AT_VMK_START);
}

vmk_handle vmku_find(const char *name, unsigned kind)
{
	const struct vmk_start *start = vmku_start();

	for (unsigned i = 0; i < start->count && i < VMK_START_HANDLES; i++) {
		const struct vmk_start_handle *h = &start->handles[i];

		if (h->kind == kind && strncmp(h->name, name, sizeof(h->name)) == 0)
			return h->handle;
	}
	return VMK_NO_HANDLE;
}
