/*
 * Event types of firmware and boot loader: TCG PC Client Platform Firmware Profile 1.05, table 27.
 * X(symbol, type, name, whether the digest is that of the logged data).
 */
#ifndef TRUST_TCG_EVENTS_H
#define TRUST_TCG_EVENTS_H

#define TCG_EVENTS(X)                                                                      \
	X(TCG_EV_PREBOOT_CERT, 0x0, "PREBOOT_CERT", 0)                                     \
	X(TCG_EV_POST_CODE, 0x1, "POST_CODE", 0)                                           \
	X(TCG_EV_SEPARATOR, 0x4, "SEPARATOR", 1)                                           \
	X(TCG_EV_ACTION, 0x5, "ACTION", 1)                                                 \
	X(TCG_EV_EVENT_TAG, 0x6, "EVENT_TAG", 1)                                           \
	X(TCG_EV_S_CRTM_CONTENTS, 0x7, "S_CRTM_CONTENTS", 0)                               \
	X(TCG_EV_S_CRTM_VERSION, 0x8, "S_CRTM_VERSION", 1)                                 \
	X(TCG_EV_CPU_MICROCODE, 0x9, "CPU_MICROCODE", 0)                                   \
	X(TCG_EV_PLATFORM_CONFIG_FLAGS, 0xa, "PLATFORM_CONFIG_FLAGS", 0)                   \
	X(TCG_EV_TABLE_OF_DEVICES, 0xb, "TABLE_OF_DEVICES", 0)                             \
	X(TCG_EV_COMPACT_HASH, 0xc, "COMPACT_HASH", 0)                                     \
	X(TCG_EV_IPL, 0xd, "IPL", 0)                                                       \
	X(TCG_EV_IPL_PARTITION_DATA, 0xe, "IPL_PARTITION_DATA", 0)                         \
	X(TCG_EV_NONHOST_CODE, 0xf, "NONHOST_CODE", 0)                                     \
	X(TCG_EV_NONHOST_CONFIG, 0x10, "NONHOST_CONFIG", 0)                                \
	X(TCG_EV_NONHOST_INFO, 0x11, "NONHOST_INFO", 0)                                    \
	X(TCG_EV_OMIT_BOOT_DEVICES, 0x12, "OMIT_BOOT_DEVICE_EVENTS", 1)                    \
	X(TCG_EV_POST_CODE2, 0x13, "POST_CODE2", 0)                                        \
	X(TCG_EV_EFI_VARIABLE_DRIVER_CONFIG, 0x80000001u, "EFI_VARIABLE_DRIVER_CONFIG", 1) \
	X(TCG_EV_EFI_VARIABLE_BOOT, 0x80000002u, "EFI_VARIABLE_BOOT", 0)                   \
	X(TCG_EV_EFI_APPLICATION, 0x80000003u, "EFI_BOOT_SERVICES_APPLICATION", 0)         \
	X(TCG_EV_EFI_BOOT_DRIVER, 0x80000004u, "EFI_BOOT_SERVICES_DRIVER", 0)              \
	X(TCG_EV_EFI_RUNTIME_DRIVER, 0x80000005u, "EFI_RUNTIME_SERVICES_DRIVER", 0)        \
	X(TCG_EV_EFI_GPT, 0x80000006u, "EFI_GPT_EVENT", 0)                                 \
	X(TCG_EV_EFI_ACTION, 0x80000007u, "EFI_ACTION", 1)                                 \
	X(TCG_EV_EFI_FIRMWARE_BLOB, 0x80000008u, "EFI_PLATFORM_FIRMWARE_BLOB", 0)          \
	X(TCG_EV_EFI_HANDOFF_TABLES, 0x80000009u, "EFI_HANDOFF_TABLES", 0)                 \
	X(TCG_EV_EFI_FIRMWARE_BLOB2, 0x8000000au, "EFI_PLATFORM_FIRMWARE_BLOB2", 0)        \
	X(TCG_EV_EFI_HANDOFF_TABLES2, 0x8000000bu, "EFI_HANDOFF_TABLES2", 0)               \
	X(TCG_EV_EFI_VARIABLE_BOOT2, 0x8000000cu, "EFI_VARIABLE_BOOT2", 1)                 \
	X(TCG_EV_EFI_GPT2, 0x8000000du, "EFI_GPT_EVENT2", 0)                               \
	X(TCG_EV_EFI_HCRTM, 0x80000010u, "EFI_HCRTM_EVENT", 0)                             \
	X(TCG_EV_EFI_VARIABLE_AUTHORITY, 0x800000e0u, "EFI_VARIABLE_AUTHORITY", 1)         \
	X(TCG_EV_EFI_SPDM_BLOB, 0x800000e1u, "EFI_SPDM_FIRMWARE_BLOB", 0)                  \
	X(TCG_EV_EFI_SPDM_CONFIG, 0x800000e2u, "EFI_SPDM_FIRMWARE_CONFIG", 0)

enum tcg_event_type {
#define X(symbol, type, name, data) symbol = (type),
	TCG_EVENTS(X)
#undef X
};

#endif
