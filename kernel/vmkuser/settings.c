#include "vmkuser/settings.h"

#include "arch/x86/nvram.h"
#include "vmkmod/modules.h"

#include <string.h>

/* What settings.h says of the bits, as the boot loader compares them. */
#define STORED_TRUE  0xa2u
#define STORED_FALSE 0xa1u

enum vmk_stored settings_decode(uint8_t byte)
{
	if (byte == STORED_TRUE)
		return VMK_STORED_TRUE;
	return byte == STORED_FALSE ? VMK_STORED_FALSE : VMK_STORED_NOT;
}

uint8_t settings_encode(enum vmk_stored value)
{
	if (value == VMK_STORED_NOT)
		return 0;
	return value == VMK_STORED_TRUE ? STORED_TRUE : STORED_FALSE;
}

enum vmk_console settings_console(void)
{
	char value[8];

	switch (modules_config_get("console", value, sizeof(value))) {
	case VMK_NOT_FOUND:
		return VMK_CONSOLE_CONTROL;
	case VMK_OK:
		break;
	default:
		return VMK_CONSOLE_OFF;
	}
	if (strcmp(value, "control") == 0)
		return VMK_CONSOLE_CONTROL;
	return strcmp(value, "read") == 0 ? VMK_CONSOLE_READ : VMK_CONSOLE_OFF;
}

enum vmk_stored settings_enable_tboot(void)
{
	return settings_decode(nvram_read(SETTINGS_NVRAM_INDEX));
}

enum vmk_status settings_store_enable_tboot(enum vmk_stored value)
{
	nvram_write(SETTINGS_NVRAM_INDEX, settings_encode(value));
	return settings_enable_tboot() == value ? VMK_OK : VMK_IO_ERROR;
}
