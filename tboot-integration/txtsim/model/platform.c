#include "tboot-integration/txtsim/model/platform.h"

#include <stdarg.h>
#include <stdio.h>

#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/heap.h"

/* IA32_FEATURE_CONTROL: SENTER with all its functions, and VMX inside SMX. */
#define FEATURE_CONTROL_TXT 0xff02u
#define FEATURE_CONTROL_VMX 0x0006u /* inside of SMX and outside */
#define OTHER_CHIPSET       0xb00fu

struct register_row {
	const char *name;
	uint32_t offset;
	uint32_t bytes;
	enum txt_write write;
	enum txt_reset reset;
	uint64_t value;
};

static const struct register_row rows[TXT_REGISTER_COUNT] = {
#define R(name, offset, bytes, write, reset, value) {#name, offset, bytes, write, reset, value},
	TXT_REGISTERS(R)
#undef R
};

void txt_log(struct txt *t, const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	t->ops->log(t->ctx, line);
}

const char *txt_error_text(enum txt_error error)
{
	switch (error) {
	case TXT_ERR_NONE:
		return "none";
#define X(symbol, value, text) \
	case symbol:           \
		return text;
		TXT_ERRORS(X)
#undef X
	}
	return "unknown";
}

bool txt_fault(const struct txt *t, enum txt_fault fault)
{
	return t->config.faults >> fault & 1;
}

bool txt_launched(const struct txt *t)
{
	return t->reg[TXT_REG_STS] & TXT_STS_SENTER_DONE;
}

bool txt_has_smx(const struct txt *t)
{
	return !txt_fault(t, TXT_FAULT_NO_SMX);
}

uint32_t txt_feature_control(const struct txt *t, uint32_t firmware)
{
	if (!txt_fault(t, TXT_FAULT_TXT_DISABLED))
		firmware |= FEATURE_CONTROL_TXT;
	return txt_fault(t, TXT_FAULT_VMX_DISABLED) ? firmware & ~FEATURE_CONTROL_VMX : firmware;
}

void txt_fail(struct txt *t, enum txt_error error, uint64_t detail)
{
	t->reg[TXT_REG_ERRORCODE] = (uint32_t)error;
	t->reg[TXT_REG_ESTS] |= TXT_ESTS_RESET;
	txt_log(t, "refused: %s (%#llx): TXT.ERRORCODE=%#x", txt_error_text(error),
		(unsigned long long)detail, (unsigned)error);
}

/* What the firmware sets at each power-on and reset. */
static void firmware_registers(struct txt *t)
{
	if (txt_fault(t, TXT_FAULT_NO_SINIT))
		t->reg[TXT_REG_SINIT_SIZE] = 0;
	if (txt_fault(t, TXT_FAULT_WRONG_CHIPSET))
		t->reg[TXT_REG_DIDVID] ^= (uint64_t)(TXT_DEVICE_ID ^ OTHER_CHIPSET) << 16;
}

static void firmware_memory(struct txt *t)
{
	memset(t->mem, 0, TXT_MEM_SIZE);
	heap_firmware_init(t);
}

/* What an earlier launch may have left behind. SENTER stays off until the power is cycled. */
static void leave_behind(struct txt *t)
{
	if (txt_fault(t, TXT_FAULT_EARLIER_ERROR)) {
		t->reg[TXT_REG_ERRORCODE] = (uint32_t)TXT_ERR_MLE_PAGE_TABLE;
		t->reg[TXT_REG_ESTS] |= TXT_ESTS_RESET;
	}
	if (txt_fault(t, TXT_FAULT_SECRETS_LEFT)) {
		t->reg[TXT_REG_E2STS] |= TXT_E2STS_SECRETS;
		t->reg[TXT_REG_ESTS] |= TXT_ESTS_RESET;
	}
}

static void scrub_secrets(struct txt *t)
{
	if (txt_fault(t, TXT_FAULT_SECRETS_LEFT)) {
		txt_log(t, "TXT.E2STS.SECRETS is set and the firmware cannot scrub memory");
		return;
	}
	txt_log(t, "reset with TXT.E2STS.SECRETS set: the firmware scrubs memory");
	t->ops->scrub_ram(t->ctx);
	t->reg[TXT_REG_E2STS] &= ~(uint64_t)TXT_E2STS_SECRETS;
}

void txt_power_on(struct txt *t, const struct txt_ops *ops, void *ctx,
	const struct txt_config *config, uint8_t *mem)
{
	memset(t, 0, sizeof(*t));
	t->ops = ops;
	t->ctx = ctx;
	t->config = *config;
	t->mem = mem;
	for (unsigned i = 0; i < TXT_REGISTER_COUNT; i++)
		t->reg[i] = rows[i].value;
	for (unsigned i = 0; i < 4; i++)
		t->reg[TXT_REG_PUBLIC_KEY0 + i] = le64(config->public_key + 8 * i);
	leave_behind(t);
	firmware_registers(t);
	firmware_memory(t);
}

static void reset_registers(struct txt *t)
{
	for (unsigned i = 0; i < TXT_REGISTER_COUNT; i++) {
		if (rows[i].reset == TXT_LOST)
			t->reg[i] = rows[i].value;
	}
	t->established = false;
	firmware_registers(t);
}

void txt_platform_reset(struct txt *t)
{
	reset_registers(t);
	if (t->reg[TXT_REG_E2STS] & TXT_E2STS_SECRETS)
		scrub_secrets(t);
	firmware_memory(t);
}

void txt_platform_wake(struct txt *t)
{
	if (t->reg[TXT_REG_E2STS] & TXT_E2STS_SECRETS)
		txt_platform_reset(t);
	else
		reset_registers(t);
}

/* The register that holds the byte at this offset, or -1. */
static int register_at(uint32_t offset)
{
	for (unsigned i = 0; i < TXT_REGISTER_COUNT; i++) {
		if (offset >= rows[i].offset && offset < rows[i].offset + rows[i].bytes)
			return (int)i;
	}
	return -1;
}

static bool private_open(const struct txt *t)
{
	return t->reg[TXT_REG_STS] & TXT_STS_PRIVATE_OPEN;
}

uint64_t txt_read(struct txt *t, uint32_t address, unsigned size)
{
	uint32_t offset = address % TXT_WINDOW_SIZE;
	uint64_t value = 0;

	if (address < TXT_PUBLIC_BASE && !private_open(t))
		return size < 8 ? (1ull << 8 * size) - 1 : ~0ull;
	for (unsigned i = 0; i < size && i < 8; i++) {
		int r = register_at(offset + i);
		uint64_t byte = 0;

		if (r >= 0 && rows[r].write != TXT_W_COMMAND)
			byte = t->reg[r] >> 8 * (offset + i - rows[r].offset) & 0xff;
		value |= byte << 8 * i;
	}
	return value;
}

static void run_command(struct txt *t, enum txt_register command)
{
	uint64_t *sts = &t->reg[TXT_REG_STS];

	switch (command) {
	case TXT_REG_CMD_RESET:
		t->ops->request_reset(t->ctx);
		break;
	case TXT_REG_CMD_CLOSE_PRIVATE:
		*sts &= ~(uint64_t)(TXT_STS_PRIVATE_OPEN | TXT_STS_LOCALITY1_OPEN |
				    TXT_STS_LOCALITY2_OPEN);
		break;
	case TXT_REG_CMD_UNLOCK_MEM_CONFIG:
		*sts &= ~(uint64_t)TXT_STS_MEM_CONFIG_LOCK;
		break;
	case TXT_REG_CMD_OPEN_LOCALITY1:
		*sts |= TXT_STS_LOCALITY1_OPEN;
		break;
	case TXT_REG_CMD_CLOSE_LOCALITY1:
		*sts &= ~(uint64_t)TXT_STS_LOCALITY1_OPEN;
		break;
	case TXT_REG_CMD_OPEN_LOCALITY2:
		*sts |= TXT_STS_LOCALITY2_OPEN;
		break;
	case TXT_REG_CMD_CLOSE_LOCALITY2:
		*sts &= ~(uint64_t)TXT_STS_LOCALITY2_OPEN;
		break;
	case TXT_REG_CMD_SECRETS:
		t->reg[TXT_REG_E2STS] |= TXT_E2STS_SECRETS;
		break;
	case TXT_REG_CMD_NO_SECRETS:
		t->reg[TXT_REG_E2STS] &= ~(uint64_t)TXT_E2STS_SECRETS;
		break;
	default:
		break;
	}
}

/* The bytes of a register that an access covers: a mask, and the value moved into place. */
static uint64_t merge(const struct register_row *row, uint32_t offset, uint64_t value,
	unsigned size, uint64_t *mask)
{
	unsigned first = offset - row->offset;
	unsigned last = first + size < row->bytes ? first + size : row->bytes;

	*mask = 0;
	for (unsigned i = first; i < last; i++)
		*mask |= 0xffull << 8 * i;
	return value << 8 * first & *mask;
}

static void trace_write(
	struct txt *t, int r, uint32_t offset, uint64_t value, unsigned size, bool ignored)
{
	const char *name = r < 0 ? "reserved" : rows[r].name;

	txt_log(t, "TXT.%s[%#x] <- %#llx/%u%s", name, offset, (unsigned long long)value, size,
		ignored ? " ignored" : "");
}

void txt_write(struct txt *t, uint32_t address, uint64_t value, unsigned size)
{
	uint32_t offset = address % TXT_WINDOW_SIZE;
	int r = register_at(offset);
	bool ignored = address >= TXT_PUBLIC_BASE || !private_open(t) || r < 0 ||
		       rows[r].write == TXT_W_NONE;
	uint64_t mask;

	if (t->config.trace)
		trace_write(t, r, offset, value, size, ignored);
	if (ignored)
		return;
	value = merge(&rows[r], offset, value, size, &mask);
	switch (rows[r].write) {
	case TXT_W_STORE:
		t->reg[r] = (t->reg[r] & ~mask) | value;
		break;
	case TXT_W_CLEAR:
		t->reg[r] &= ~value;
		break;
	case TXT_W_COMMAND:
		if (offset == rows[r].offset)
			run_command(t, (enum txt_register)r);
		break;
	case TXT_W_NONE:
		break;
	}
}

/* The TPM's higher localities are reached through the open private space. */
static bool gate_works(const struct txt *t)
{
	return private_open(t) && !txt_fault(t, TXT_FAULT_LOCALITY_CLOSED);
}

bool txt_locality_open(const struct txt *t, unsigned locality)
{
	switch (locality) {
	case 0:
		return true;
	case 1:
		return gate_works(t) && t->reg[TXT_REG_STS] & TXT_STS_LOCALITY1_OPEN;
	case 2:
		return gate_works(t) && t->reg[TXT_REG_STS] & TXT_STS_LOCALITY2_OPEN;
	default:
		return false;
	}
}

bool txt_read_memory(struct txt *t, uint64_t pa, void *to, size_t size)
{
	const uint64_t high_end = 0x100000000ull + t->config.ram_above_4g;

	if (pa + size < pa)
		return false;
	if (pa >= TXT_MEM_BASE && pa + size <= TXT_MEM_BASE + TXT_MEM_SIZE) {
		memcpy(to, t->mem + (pa - TXT_MEM_BASE), size);
		return true;
	}
	if (pa + size > t->config.ram_below_4g && (pa < 0x100000000ull || pa + size > high_end))
		return false;
	return t->ops->read_ram(t->ctx, pa, to, size);
}
