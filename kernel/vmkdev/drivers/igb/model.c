/*
 * The 82576, I350 and I210: advanced descriptors, queues that are switched on one by one, and with
 * MSI-X a second set of interrupt registers. 82576 GbE Controller Datasheet; queue 0 alone is used,
 * whose registers have kept their old offsets (section 8.1.3).
 */
#include "../intel/models.h"
#include "phy.h"

#define REG_SRRCTL      0x280cu /* section 8.10.2 */
#define REG_RXDCTL      0x2828u
#define REG_GPIE        0x1514u /* section 8.8.14 */
#define REG_EIMS        0x1524u
#define REG_EIMC        0x1528u
#define REG_EIAC        0x152cu
#define REG_EIAM        0x1530u
#define REG_IVAR0       0x1700u
#define REG_IVAR_MISC   0x1740u

#define SRRCTL_2K       2u /* buffers, in KiB */
#define SRRCTL_ADVANCED (1u << 25)
#define SRRCTL_DROP     (1u << 31) /* without a buffer, rather than hold up the port */
#define GPIE_NSICR      0x00000001u
#define GPIE_MSIX       0x00000010u
#define GPIE_PBA        0x80000000u
#define IVAR_RX_TX_0    0x00008080u /* both of queue 0 to vector 0, valid */
#define IVAR_MISC_OTHER 0x00008000u /* other causes to vector 0, valid */
#define VECTOR_0        0x1u

static void prepare(const struct intel_io *io)
{
	if (!intel_link_up(io))
		igb_phy_negotiate(io);
}

static enum vmk_status queue_on(const struct intel_io *io, uint32_t control)
{
	intel_set(io, control, intel_get(io, control) | QUEUE_ENABLE);
	return intel_wait(io, control, QUEUE_ENABLE, QUEUE_ENABLE, QUEUE_TRIES, QUEUE_US)
		       ? VMK_OK
		       : VMK_IO_ERROR;
}

static enum vmk_status rx_on(const struct intel_io *io)
{
	intel_set(io, REG_SRRCTL, SRRCTL_2K | SRRCTL_ADVANCED | SRRCTL_DROP);
	return queue_on(io, REG_RXDCTL);
}

static enum vmk_status tx_on(const struct intel_io *io)
{
	return queue_on(io, REG_TXDCTL);
}

static void msix_on(const struct intel_io *io)
{
	intel_set(io, REG_GPIE, GPIE_NSICR | GPIE_MSIX | GPIE_PBA);
	intel_set(io, REG_IVAR0, IVAR_RX_TX_0);
	intel_set(io, REG_IVAR_MISC, IVAR_MISC_OTHER);
	intel_set(io, REG_EIAM, 0);
	intel_set(io, REG_EIAC, VECTOR_0);
	intel_set(io, REG_EIMS, VECTOR_0);
}

static void mask(const struct intel_io *io)
{
	intel_set(io, REG_EIMC, ~0u);
}

const struct intel_model igb_model = {
	.name = "igb",
	.format = &intel_advanced,
	.pcie = true,
	.ctrl_set = CTRL_SLU,
	.causes = INT_SHARED,
	.causes_msix = INT_LSC,
	.read_mac = intel_loaded_mac,
	.prepare = prepare,
	.rx_on = rx_on,
	.tx_on = tx_on,
	.msix_on = msix_on,
	.mask = mask,
};
