#include "tboot-integration/txtstat/registers.h"

#include "lib/reader.h"
#include "tboot-integration/txtstat/errorcode.h"

/* X(offset, bytes, name) */
#define TXT_REGISTER_NAMES(X)            \
	X(0x000, 8, "STS")               \
	X(0x008, 8, "ESTS")              \
	X(0x030, 8, "ERRORCODE")         \
	X(0x0a0, 8, "SPAD")              \
	X(0x100, 4, "VER.FSBIF")         \
	X(0x110, 8, "DIDVID")            \
	X(0x200, 4, "VER.QPIIF")         \
	X(0x270, 8, "SINIT.BASE")        \
	X(0x278, 8, "SINIT.SIZE")        \
	X(0x290, 8, "MLE.JOIN")          \
	X(0x300, 8, "HEAP.BASE")         \
	X(0x308, 8, "HEAP.SIZE")         \
	X(0x328, 8, "BIOSACM.ERRORCODE") \
	X(0x330, 8, "DPR")               \
	X(0x378, 8, "ACM.POLICY.STATUS") \
	X(0x8f0, 8, "E2STS")

/* X(offset, bit, name) */
#define TXT_REGISTER_BITS(X)                        \
	X(0x000, 0, "SENTER.DONE")                  \
	X(0x000, 1, "SEXIT.DONE")                   \
	X(0x000, 6, "MEM-CONFIG-LOCK")              \
	X(0x000, 7, "PRIVATE-OPEN")                 \
	X(0x000, 15, "LOCALITY1.OPEN")              \
	X(0x000, 16, "LOCALITY2.OPEN")              \
	X(0x008, 0, "TXT_RESET")                    \
	X(0x008, 6, "WAKE-ERROR")                   \
	X(0x0a0, 30, "startup-success")             \
	X(0x0a0, 47, "memory-power-down")           \
	X(0x0a0, 59, "bios-trusted")                \
	X(0x0a0, 60, "disabled-by-firmware-policy") \
	X(0x0a0, 61, "bootguard-startup-error")     \
	X(0x0a0, 62, "error")                       \
	X(0x0a0, 63, "startup-acm-ran")             \
	X(0x100, 31, "production-fused")            \
	X(0x200, 31, "production-fused")            \
	X(0x330, 0, "locked")                       \
	X(0x8f0, 0, "SLP-ENTRY-ERROR")              \
	X(0x8f0, 1, "SECRETS")                      \
	X(0x8f0, 2, "BLOCK-MEM")                    \
	X(0x8f0, 3, "RESET")

struct name {
	uint32_t offset;
	unsigned bytes;
	const char *name;
};
static const struct name names[] = {
#define X(offset, bytes, name) {offset, bytes, name},
	TXT_REGISTER_NAMES(X)
#undef X
};

struct bit {
	uint32_t offset;
	unsigned bit;
	const char *name;
};
static const struct bit bits[] = {
#define X(offset, bit, name) {offset, bit, name},
	TXT_REGISTER_BITS(X)
#undef X
};

#define COUNT(array)     (sizeof(array) / sizeof((array)[0]))
#define PUBLIC_KEY       0x400u
#define PUBLIC_KEY_BYTES 32u

uint64_t txtregs_read(const struct txtregs *regs, uint32_t offset, unsigned bytes)
{
	struct reader r = reader_of(regs->bytes, regs->size);
	uint64_t value;

	reader_seek(&r, offset);
	value = reader_le(&r, bytes);
	return r.failed ? UINT64_MAX >> (64 - 8 * bytes) : value;
}

bool txtregs_present(const struct txtregs *regs)
{
	uint16_t vendor = (uint16_t)txtregs_read(regs, TXTREG_DIDVID, 2);

	return vendor != 0 && vendor != 0xffff;
}

static void report_details(const struct report *r, uint32_t offset, uint64_t value)
{
	switch (offset) {
	case 0x110:
		report_hex(r, "vendor", value & 0xffff);
		report_hex(r, "device", value >> 16 & 0xffff);
		report_hex(r, "revision", value >> 32 & 0xffff);
		report_hex(r, "extended", value >> 48);
		return;
	case 0x330:
		report_hex(r, "top", value & 0xfff00000u);
		report_number(r, "MiB", value >> 4 & 0xff);
		return;
	}
}

void txtregs_report(const struct report *r, const struct txtregs *regs)
{
	struct reader key = reader_of(regs->bytes, regs->size);
	const uint8_t *hash;

	report_group(r, "registers");
	for (size_t i = 0; i < COUNT(names); i++) {
		uint32_t offset = names[i].offset;
		uint64_t value = txtregs_read(regs, offset, names[i].bytes);

		if (offset == TXTREG_ERRORCODE) {
			txterr_report(r, names[i].name, (uint32_t)value);
			continue;
		}
		report_group(r, names[i].name);
		report_hex(r, "value", value);
		for (size_t b = 0; b < COUNT(bits); b++) {
			if (bits[b].offset == offset)
				report_flag(r, bits[b].name, value >> bits[b].bit & 1);
		}
		report_details(r, offset, value);
		report_end(r);
	}
	reader_seek(&key, PUBLIC_KEY);
	hash = reader_bytes(&key, PUBLIC_KEY_BYTES);
	if (hash)
		report_bytes(r, "PUBLIC.KEY", hash, PUBLIC_KEY_BYTES);
	report_end(r);
}
