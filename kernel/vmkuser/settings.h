/*
 * Settings that outlive a boot or are the configuration's. enableTboot is kept in one byte of the
 * real-time clock's memory, where the boot loader reads it: bits 7..4 are 1010b, bits 3 and 2 are
 * 0, bit 1 is the setting, bit 0 its inverse; any other value says that nothing is stored. It
 * protects nothing: whoever turns it finds the verifier saying that the host was not measured.
 */
#ifndef VMKUSER_SETTINGS_H
#define VMKUSER_SETTINGS_H

#include "lib/types.h"
#include <vmkapi/status.h>
#include <vmkuser/info.h>

#define SETTINGS_NVRAM_INDEX 0x7e

/* The byte's meaning and back. Pure. */
enum vmk_stored settings_decode(uint8_t byte);
uint8_t settings_encode(enum vmk_stored value);
/* `console=` of the configuration: control where it says nothing, off for a value that is none. */
enum vmk_console settings_console(void);
enum vmk_stored settings_enable_tboot(void);
/* VMK_IO_ERROR: the byte did not keep what was written. */
enum vmk_status settings_store_enable_tboot(enum vmk_stored value);

#endif
