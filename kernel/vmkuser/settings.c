#include "vmkuser/settings.h"

#include "arch/x86/nvram.h"
#include "vmkmod/modules.h"

#include <string.h>

#define SIGNATURE 0xa0u
#define SET       0x02u
#define CLEAR     0x01u
#define VALUE     (SET | CLEAR)

enum vmk_stored settings_decode(uint8_t byte)
{
	if ((byte & 0xf0) != SIGNATURE)
		return VMK_STORED_NOT;
	if ((byte & VALUE) == SET)
		return VMK_STORED_TRUE;
	return (byte & VALUE) == CLEAR ? VMK_STORED_FALSE : VMK_STORED_NOT;
}

uint8_t settings_encode(enum vmk_stored value)
{
	if (value == VMK_STORED_NOT)
		return 0;
	return value == VMK_STORED_TRUE ? SIGNATURE | SET : SIGNATURE | CLEAR;
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
