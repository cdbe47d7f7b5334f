#include "worlds/console/console.h"

#include <vmkuser/libvmkuser.h>

#include "lib/keyval.h"

#define CONFIG_MAX 16384

enum vmk_status config_get(const char *key, char *value, size_t size)
{
	static char text[CONFIG_MAX];
	vmk_handle handle = vmku_find("config", VMK_KIND_CONFIG);
	uint64_t total = 0;

	if (handle == VMK_NO_HANDLE ||
		vmku_config_read(handle, 0, text, sizeof(text), &total) != VMK_OK)
		return VMK_NOT_FOUND;
	if (total > sizeof(text))
		return VMK_TOO_LARGE;
	return keyval_get(text, (size_t)total, key, value, size);
}
