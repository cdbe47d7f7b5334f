/* What the kernel told this world at its start: found through the auxiliary vector. */
#include <vmkuser/libvmkuser.h>

#include <string.h>
#include <sys/auxv.h>

const struct vmk_start *vmku_start(void)
{
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
