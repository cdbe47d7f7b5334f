#include "phy.h"

#define REG_MDIC           0x0020u /* 82576, section 8.2.4 */
#define REG_SWSM           0x5b50u /* section 8.6.12 */
#define REG_SW_FW_SYNC     0x5b5cu

#define STATUS_LAN_ID(s)   ((s) >> 2 & 3)
#define SWSM_SMBI          0x1u /* reading sets it: who reads 0 has it */
#define SWSM_SWESMBI       0x2u /* stays 0 while firmware has the semaphore */
#define SYNC_FIRMWARE(own) ((own) << 16)
#define MDIC_PHY           (1u << 21)
#define MDIC_WRITE         (1u << 26)
#define MDIC_READY         (1u << 28)
#define MDIC_ERROR         (1u << 30)

/* IEEE 802.3, section 22.2.4.1: control, with auto-negotiation enabled and restarted. */
#define PHY_CONTROL       0u
#define CONTROL_NEGOTIATE 0x1200u

#define TRIES             1000u
#define TRY_US            50u
/* Until firmware lets go of the PHY; each try may take all of the semaphore's time. */
#define OWNER_TRIES  100u
#define OWNER_TRY_US 1000u

/* Section 4.6.11: SWSM guards the register in which each PHY's owner stands. */
static void release_semaphore(const struct intel_io *io)
{
	intel_set(io, REG_SWSM, intel_get(io, REG_SWSM) & ~(SWSM_SMBI | SWSM_SWESMBI));
}

static bool get_semaphore(const struct intel_io *io)
{
	if (!intel_wait(io, REG_SWSM, SWSM_SMBI, 0, TRIES, TRY_US))
		return false;
	for (unsigned i = 0; i < TRIES; i++) {
		intel_set(io, REG_SWSM, intel_get(io, REG_SWSM) | SWSM_SWESMBI);
		if (intel_get(io, REG_SWSM) & SWSM_SWESMBI)
			return true;
		io->delay_us(TRY_US);
	}
	release_semaphore(io);
	return false;
}

static bool get_phy(const struct intel_io *io, uint32_t own)
{
	for (unsigned i = 0; i < OWNER_TRIES; i++) {
		uint32_t sync;

		if (!get_semaphore(io))
			return false;
		sync = intel_get(io, REG_SW_FW_SYNC);
		if (!(sync & (own | SYNC_FIRMWARE(own)))) {
			intel_set(io, REG_SW_FW_SYNC, sync | own);
			release_semaphore(io);
			return true;
		}
		release_semaphore(io);
		io->delay_us(OWNER_TRY_US);
	}
	return false;
}

static void release_phy(const struct intel_io *io, uint32_t own)
{
	if (!get_semaphore(io))
		return;
	intel_set(io, REG_SW_FW_SYNC, intel_get(io, REG_SW_FW_SYNC) & ~own);
	release_semaphore(io);
}

static bool write_phy(const struct intel_io *io, uint32_t number, uint16_t value)
{
	intel_set(io, REG_MDIC, value | number << 16 | MDIC_PHY | MDIC_WRITE);
	return intel_wait(io, REG_MDIC, MDIC_READY | MDIC_ERROR, MDIC_READY, TRIES, TRY_US);
}

bool igb_phy_negotiate(const struct intel_io *io)
{
	/* Bits 1, 2, 5 and 6 are the PHYs of ports 0 to 3. */
	static const uint32_t owners[] = {1u << 1, 1u << 2, 1u << 5, 1u << 6};
	uint32_t own = owners[STATUS_LAN_ID(intel_get(io, REG_STATUS))];
	bool done;

	if (!get_phy(io, own))
		return false;
	done = write_phy(io, PHY_CONTROL, CONTROL_NEGOTIATE);
	release_phy(io, own);
	return done;
}
