/*
 * TXT configuration registers (Intel TXT MLE Developer's Guide, appendix B).
 *
 * They are seen through two windows of 64 KiB: the private one reads as all ones and ignores
 * writes unless TXT.STS says that it is open; the public one is read-only.
 */
#ifndef TXTSIM_REGISTERS_H
#define TXTSIM_REGISTERS_H

#include <stdint.h>

#define TXT_PRIVATE_BASE 0xfed20000u
#define TXT_PUBLIC_BASE  0xfed30000u
#define TXT_WINDOW_SIZE  0x10000u

/* Device memory: heap, SINIT and the ACPI tables that the platform adds. */
#define TXT_MEM_BASE    0xfe000000u
#define TXT_MEM_SIZE    0x400000u
#define TXT_HEAP_BASE   TXT_MEM_BASE
#define TXT_HEAP_SIZE   0x100000u
#define TXT_SINIT_BASE  (TXT_MEM_BASE + 0x200000u)
#define TXT_SINIT_SIZE  0x40000u
#define TXT_ACPI_BASE   (TXT_MEM_BASE + 0x3f0000u)

#define TXT_VENDOR_ID   0x8086u
#define TXT_DEVICE_ID   0xb001u
#define TXT_REVISION_ID 1u

/* What a write through the private window does. */
enum txt_write {
	TXT_W_NONE,    /* set and locked by the firmware */
	TXT_W_STORE,   /* an ordinary register */
	TXT_W_CLEAR,   /* ones clear bits */
	TXT_W_COMMAND, /* any write is the command; reads as zero */
};

/* Whether a platform reset keeps it. */
enum txt_reset { TXT_LOST, TXT_STICKY };

/* R(name, offset, bytes, write, after a platform reset, value at power-on) */
#define TXT_REGISTERS(R)                                                               \
	R(STS, 0x000, 8, TXT_W_NONE, TXT_LOST, 0)                                      \
	R(ESTS, 0x008, 8, TXT_W_CLEAR, TXT_STICKY, 0)                                  \
	R(ERRORCODE, 0x030, 8, TXT_W_STORE, TXT_STICKY, 0)                             \
	R(CMD_RESET, 0x038, 8, TXT_W_COMMAND, TXT_LOST, 0)                             \
	R(CMD_CLOSE_PRIVATE, 0x048, 8, TXT_W_COMMAND, TXT_LOST, 0)                     \
	R(VER_FSBIF, 0x100, 4, TXT_W_NONE, TXT_LOST, 0x80000001u)                      \
	R(DIDVID, 0x110, 8, TXT_W_NONE, TXT_LOST,                                      \
		TXT_VENDOR_ID | TXT_DEVICE_ID << 16 | (uint64_t)TXT_REVISION_ID << 32) \
	R(VER_QPIIF, 0x200, 4, TXT_W_NONE, TXT_LOST, 0x80000001u)                      \
	R(CMD_UNLOCK_MEM_CONFIG, 0x218, 8, TXT_W_COMMAND, TXT_LOST, 0)                 \
	R(SINIT_BASE, 0x270, 8, TXT_W_NONE, TXT_LOST, TXT_SINIT_BASE)                  \
	R(SINIT_SIZE, 0x278, 8, TXT_W_NONE, TXT_LOST, TXT_SINIT_SIZE)                  \
	R(MLE_JOIN, 0x290, 8, TXT_W_STORE, TXT_LOST, 0)                                \
	R(HEAP_BASE, 0x300, 8, TXT_W_NONE, TXT_LOST, TXT_HEAP_BASE)                    \
	R(HEAP_SIZE, 0x308, 8, TXT_W_NONE, TXT_LOST, TXT_HEAP_SIZE)                    \
	R(BIOSACM_ERRORCODE, 0x328, 8, TXT_W_NONE, TXT_LOST, 0)                        \
	R(DPR, 0x330, 8, TXT_W_NONE, TXT_LOST,                                         \
		(TXT_MEM_BASE + TXT_MEM_SIZE) | TXT_MEM_SIZE >> 20 << 4 | 1u)          \
	R(ACM_POLICY_STATUS, 0x378, 8, TXT_W_NONE, TXT_LOST, 0)                        \
	R(CMD_OPEN_LOCALITY1, 0x380, 8, TXT_W_COMMAND, TXT_LOST, 0)                    \
	R(CMD_CLOSE_LOCALITY1, 0x388, 8, TXT_W_COMMAND, TXT_LOST, 0)                   \
	R(CMD_OPEN_LOCALITY2, 0x390, 8, TXT_W_COMMAND, TXT_LOST, 0)                    \
	R(CMD_CLOSE_LOCALITY2, 0x398, 8, TXT_W_COMMAND, TXT_LOST, 0)                   \
	R(PUBLIC_KEY0, 0x400, 8, TXT_W_NONE, TXT_STICKY, 0)                            \
	R(PUBLIC_KEY1, 0x408, 8, TXT_W_NONE, TXT_STICKY, 0)                            \
	R(PUBLIC_KEY2, 0x410, 8, TXT_W_NONE, TXT_STICKY, 0)                            \
	R(PUBLIC_KEY3, 0x418, 8, TXT_W_NONE, TXT_STICKY, 0)                            \
	R(CMD_SECRETS, 0x8e0, 8, TXT_W_COMMAND, TXT_LOST, 0)                           \
	R(CMD_NO_SECRETS, 0x8e8, 8, TXT_W_COMMAND, TXT_LOST, 0)                        \
	R(E2STS, 0x8f0, 8, TXT_W_NONE, TXT_STICKY, 0)

enum txt_register {
#define R(name, offset, bytes, write, reset, value) TXT_REG_##name,
	TXT_REGISTERS(R)
#undef R
		TXT_REGISTER_COUNT
};

enum txt_sts {
	TXT_STS_SENTER_DONE = 1 << 0,
	TXT_STS_SEXIT_DONE = 1 << 1,
	TXT_STS_MEM_CONFIG_LOCK = 1 << 6,
	TXT_STS_PRIVATE_OPEN = 1 << 7,
	TXT_STS_LOCALITY1_OPEN = 1 << 15,
	TXT_STS_LOCALITY2_OPEN = 1 << 16,
};

enum txt_ests { TXT_ESTS_RESET = 1 << 0 };
enum txt_e2sts { TXT_E2STS_SECRETS = 1 << 1 };

#endif
