/* Reset, station address, link, interrupt causes and error counters. */
#include "intel.h"

#define RESET_US        1000u /* section 4.2.1.6; 8254x 14.4: at least 1 us */
#define BUS_QUIET_TRIES 800u  /* section 5.2.5.2 */
#define BUS_QUIET_US    100u
#define NVM_TRIES       100u
#define NVM_US          1000u
#define PHY_RESET_US    10000u /* section 4.2.1.9; also what the PHY needs before it is used */
#define MTA_WORDS       128u

const char *const intel_error_names[INTEL_ERROR_COUNT] = {
#define X(symbol, offset, name) [symbol] = name,
	INTEL_ERRORS(X)
#undef X
};

bool intel_wait(const struct intel_io *io, uint32_t offset, uint32_t mask, uint32_t value,
	unsigned tries, uint32_t us)
{
	while (tries--) {
		if ((intel_get(io, offset) & mask) == value)
			return true;
		io->delay_us(us);
	}
	return false;
}

/* No request of the device may be under way when it is reset: a bus may hang on it. If it does not
 * become quiet, a reset is still better than what it does. */
static void quiet_bus(const struct intel_io *io)
{
	intel_set(io, REG_CTRL, intel_get(io, REG_CTRL) | CTRL_GIO_DISABLE);
	intel_wait(io, REG_STATUS, STATUS_GIO_MASTER, 0, BUS_QUIET_TRIES, BUS_QUIET_US);
}

/* Its last owner may have switched the PHY off. With a link there is nothing to mend, and
 * renegotiation would cost seconds. */
static void reset_phy(const struct intel_io *io)
{
	uint32_t ctrl = intel_get(io, REG_CTRL);

	if (intel_link_up(io) || (intel_get(io, REG_MANC) & MANC_BLOCK_RESET))
		return;
	intel_set(io, REG_CTRL, ctrl | CTRL_PHY_RST);
	io->delay_us(PHY_RESET_US);
	intel_set(io, REG_CTRL, ctrl);
	io->delay_us(PHY_RESET_US);
}

void intel_quiet(const struct intel_io *io, const struct intel_model *model)
{
	intel_interrupts_off(io, model);
	intel_set(io, REG_RCTL, 0);
	intel_set(io, REG_TCTL, 0);
	if (model->pcie)
		quiet_bus(io);
}

enum vmk_status intel_reset(const struct intel_io *io, const struct intel_model *model)
{
	const uint32_t clear = CTRL_GIO_DISABLE | CTRL_LRST | CTRL_ILOS | CTRL_FORCE | CTRL_PHY_RST;

	intel_quiet(io, model);
	intel_set(io, REG_CTRL, intel_get(io, REG_CTRL) | CTRL_RST);
	io->delay_us(RESET_US);
	if (intel_get(io, REG_CTRL) & CTRL_RST) /* all ones, too, when nobody is there */
		return VMK_IO_ERROR;
	/* Without NVM this never comes; then the station's address is missing. */
	if (model->pcie)
		intel_wait(io, REG_EECD, EECD_AUTO_RD, EECD_AUTO_RD, NVM_TRIES, NVM_US);
	intel_interrupts_off(io, model);
	intel_set(io, REG_CTRL, (intel_get(io, REG_CTRL) | model->ctrl_set) & ~clear);
	if (model->pcie) {
		intel_set(io, REG_CTRL_EXT, intel_get(io, REG_CTRL_EXT) | CTRL_EXT_DRV_LOAD);
		reset_phy(io);
	}
	if (model->prepare)
		model->prepare(io);
	return VMK_OK;
}

enum vmk_status intel_check_mac(const uint8_t mac[6])
{
	uint8_t any = 0;

	for (unsigned i = 0; i < 6; i++)
		any |= mac[i];
	/* IEEE 802-2014 section 8.2.2: bit 0 of the first byte is set for groups. */
	return any == 0 || (mac[0] & 1) ? VMK_IO_ERROR : VMK_OK;
}

enum vmk_status intel_loaded_mac(const struct intel_io *io, uint8_t mac[6])
{
	uint32_t low = intel_get(io, REG_RAL), high = intel_get(io, REG_RAH);

	for (unsigned i = 0; i < 6; i++)
		mac[i] = (uint8_t)(i < 4 ? low >> (8 * i) : high >> (8 * (i - 4)));
	return high & RAH_AV ? intel_check_mac(mac) : VMK_IO_ERROR;
}

void intel_set_mac(const struct intel_io *io, const uint8_t mac[6])
{
	for (unsigned i = 0; i < MTA_WORDS; i++)
		intel_set(io, REG_MTA + 4 * i, 0);
	intel_set(io, REG_RAL,
		mac[0] | (uint32_t)mac[1] << 8 | (uint32_t)mac[2] << 16 | (uint32_t)mac[3] << 24);
	intel_set(io, REG_RAH, mac[4] | (uint32_t)mac[5] << 8 | RAH_AV);
}

bool intel_link_up(const struct intel_io *io)
{
	return intel_get(io, REG_STATUS) & STATUS_LU;
}

void intel_interrupts_on(const struct intel_io *io, const struct intel_model *model, bool msix)
{
	if (msix)
		model->msix_on(io);
	intel_set(io, REG_IMS, msix ? model->causes_msix : model->causes);
}

void intel_interrupts_off(const struct intel_io *io, const struct intel_model *model)
{
	intel_set(io, REG_IMC, ~0u);
	if (model->mask)
		model->mask(io);
	intel_get(io, REG_ICR);
}

/* Reading clears the causes except with MSI-X, writing ones always (section 10.2.4.1). What arrives
 * in between is seen all the same: the caller looks at rings and link afterwards. */
uint32_t intel_interrupt_causes(const struct intel_io *io)
{
	uint32_t causes = intel_get(io, REG_ICR);

	if (causes)
		intel_set(io, REG_ICR, causes);
	return causes;
}

uint64_t intel_count_errors(const struct intel_io *io, struct intel_errors *errors)
{
	static const uint32_t offsets[INTEL_ERROR_COUNT] = {
#define X(symbol, offset, name) [symbol] = offset,
		INTEL_ERRORS(X)
#undef X
	};
	uint64_t sum = 0;

	for (unsigned i = 0; i < INTEL_ERROR_COUNT; i++) {
		uint32_t count = intel_get(io, offsets[i]);

		errors->count[i] += count;
		sum += count;
	}
	return sum;
}
