/*
 * The 82571 to 82583: PCI Express, legacy descriptors as long as RFCTL leaves the extended ones
 * off, MSI and (82574) MSI-X. 82574 GbE Controller Family Datasheet.
 */
#include "../intel/models.h"

#define REG_IVAR   0x00e4u /* section 10.2.4.9 */
#define REG_RFCTL  0x5008u
#define IVAR_VALID 0x8u /* of each field: vector in 2:0 */
#define IVAR_RXQ0  0
#define IVAR_TXQ0  8
#define IVAR_OTHER 16
#define INT_RXQ0   0x00100000u
#define INT_OTHER  0x01000000u

/* Write each descriptor back at once; bit 22 must be set (sections 7.2.6, 10.2.6.11). */
#define TXDCTL_VALUE 0x01410000u

static void prepare(const struct intel_io *io)
{
	intel_set(io, REG_RFCTL, 0);
}

static enum vmk_status tx_on(const struct intel_io *io)
{
	intel_set(io, REG_TXDCTL, TXDCTL_VALUE);
	return VMK_OK;
}

static void msix_on(const struct intel_io *io)
{
	intel_set(io, REG_IVAR,
		IVAR_VALID << IVAR_RXQ0 | IVAR_VALID << IVAR_TXQ0 | IVAR_VALID << IVAR_OTHER);
}

const struct intel_model e1000e_model = {
	.name = "e1000e",
	.format = &intel_legacy,
	.pcie = true,
	.ctrl_set = CTRL_SLU,
	.causes = INT_SHARED,
	.causes_msix = INT_RXQ0 | INT_OTHER | INT_LSC | INT_RXO,
	.read_mac = intel_loaded_mac,
	.prepare = prepare,
	.tx_on = tx_on,
	.msix_on = msix_on,
};
