/* The two ways in which descriptors are written: legacy, which all know up to the 82574, and
 * advanced, from the 82575 on. A field that the device writes is read once. */
#include "intel.h"

#define ADVANCED_DATA   0x3u /* DTYP, 82576 7.2.2.3.4 */
#define ADVANCED_ERRORS 0xfff00000u

static void legacy_arm(volatile union intel_descriptor *d, uint64_t buffer)
{
	d->legacy_rx.address = buffer;
	d->legacy_rx.bytes = 0;
	d->legacy_rx.checksum = 0;
	d->legacy_rx.special = 0;
	d->legacy_rx.errors = 0;
	d->legacy_rx.status = 0;
}

static bool legacy_received(const volatile union intel_descriptor *d, struct intel_received *frame)
{
	uint8_t status = d->legacy_rx.status;

	if (!(status & RX_DD))
		return false;
	/* The rest of the descriptor and the frame are read after DD. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	frame->bytes = d->legacy_rx.bytes;
	frame->good = (status & RX_EOP) && d->legacy_rx.errors == 0;
	return true;
}

static void legacy_fill(volatile union intel_descriptor *d, uint64_t buffer, size_t bytes)
{
	d->legacy_tx.address = buffer;
	d->legacy_tx.bytes = (uint16_t)bytes;
	d->legacy_tx.checksum_offset = d->legacy_tx.checksum_start = 0;
	d->legacy_tx.special = 0;
	d->legacy_tx.status = 0;
	d->legacy_tx.command = TX_EOP | TX_IFCS | TX_RS;
}

static bool legacy_sent(const volatile union intel_descriptor *d)
{
	return d->legacy_tx.status & TX_DD;
}

const struct intel_format intel_legacy = {legacy_arm, legacy_received, legacy_fill, legacy_sent};

static void advanced_arm(volatile union intel_descriptor *d, uint64_t buffer)
{
	d->advanced_rx.header = 0; /* DD among it */
	d->advanced_rx.packet = buffer;
}

static bool advanced_received(
	const volatile union intel_descriptor *d, struct intel_received *frame)
{
	uint32_t status = d->advanced_rx.status;

	if (!(status & RX_DD))
		return false;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	frame->bytes = d->advanced_rx.bytes;
	frame->good = (status & RX_EOP) && !(status & ADVANCED_ERRORS);
	return true;
}

static void advanced_fill(volatile union intel_descriptor *d, uint64_t buffer, size_t bytes)
{
	const uint32_t command = TX_EOP | TX_IFCS | TX_RS | TX_DEXT;

	d->advanced_tx.address = buffer;
	d->advanced_tx.status = (uint32_t)bytes << 14;
	d->advanced_tx.command = command << 24 | ADVANCED_DATA << 20 | (uint32_t)bytes;
}

static bool advanced_sent(const volatile union intel_descriptor *d)
{
	return d->advanced_tx.status & TX_DD;
}

const struct intel_format intel_advanced = {
	advanced_arm, advanced_received, advanced_fill, advanced_sent};
