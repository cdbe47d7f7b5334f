/* sources: kernel/vmkdev/drivers/intel/hw.c kernel/vmkdev/drivers/intel/rx.c */
/* sources: kernel/vmkdev/drivers/intel/tx.c kernel/vmkdev/drivers/intel/descriptor.c */
/* sources: kernel/vmkdev/drivers/e1000/model.c kernel/vmkdev/drivers/e1000e/model.c */
/* sources: kernel/vmkdev/drivers/igb/model.c kernel/vmkdev/drivers/igb/phy.c */
/* Intel's gigabit drivers against a register file and rings in memory, each family in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vmkdev/drivers/intel/models.h"

#define IGB_RXDCTL     0x2828u
#define IGB_SRRCTL     0x280cu
#define REG_MDIC       0x0020u
#define REG_SWSM       0x5b50u
#define REG_SW_FW_SYNC 0x5b5cu

static const uint8_t station[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
static const struct intel_model *const models[] = {&e1000_model, &e1000e_model, &igb_model};
static const struct intel_model *model;

static struct {
	uint32_t registers[0x6000 / 4];
	uint16_t eeprom[3];
	bool gone; /* reads as all ones */
	bool deaf; /* EERD never done, no queue ever on */
	bool busy; /* never quiet on the bus */
	unsigned resets, phy_resets, delays;
	uint64_t waited_us;
	bool slow; /* gives the semaphore of the PHY's owners just before it is too late */
	unsigned asked;
	bool hogged;         /* firmware never lets go of the PHY */
	uint32_t negotiated; /* the last word to the PHY */
	bool noisy_reset;    /* reset while requests were under way */
} nic;

static uint32_t *reg_at(uint32_t offset)
{
	assert_true(offset < sizeof(nic.registers) && offset % 4 == 0);
	return &nic.registers[offset / 4];
}

static uint32_t reg(uint32_t offset)
{
	return *reg_at(offset);
}

static uint32_t read_register(void *context, uint32_t offset)
{
	uint32_t value = reg(offset);

	if (nic.gone)
		return ~0u;
	if (offset >= 0x4000 && offset < 0x4100)
		*reg_at(offset) = 0;
	if (offset == REG_SWSM)
		*reg_at(offset) |= 1;
	if (offset == REG_SWSM && nic.slow)
		return ++nic.asked % 990 ? 1 : value & 2;
	return value;
}

/* What a reset leaves: the address as it was read from the NVM. */
static void reset(void)
{
	nic.resets++;
	nic.noisy_reset = reg(REG_STATUS) & STATUS_GIO_MASTER;
	*reg_at(REG_EECD) = EECD_AUTO_RD;
	*reg_at(REG_RAL) = nic.eeprom[0] | (uint32_t)nic.eeprom[1] << 16;
	*reg_at(REG_RAH) = nic.eeprom[2] | RAH_AV;
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	uint32_t before = reg(offset);

	switch (offset) {
	case REG_CTRL:
		if ((value & CTRL_GIO_DISABLE) && !nic.busy)
			*reg_at(REG_STATUS) &= ~STATUS_GIO_MASTER;
		nic.phy_resets += (value & CTRL_PHY_RST) != 0;
		if (value & CTRL_RST)
			reset();
		value &= ~CTRL_RST;
		break;
	case REG_SWSM:
		if (nic.hogged)
			value &= ~2u;
		break;
	case REG_MDIC:
		assert_int_equal(reg(REG_SW_FW_SYNC) & 0xffff, 2); /* ours */
		assert_int_equal(reg(REG_SWSM) & 3, 0);
		nic.negotiated = value;
		value |= 1u << 28;
		break;
	case REG_EERD:
		if (!nic.deaf)
			value = (uint32_t)nic.eeprom[(value >> 8) % 3] << 16 | 0x10;
		break;
	case REG_ICR:
		value = before & ~value;
		break;
	case IGB_RXDCTL:
	case REG_TXDCTL:
		if (nic.deaf)
			value &= ~QUEUE_ENABLE;
		break;
	}
	*reg_at(offset) = value;
}

static void delay(uint32_t microseconds)
{
	nic.delays++;
	nic.waited_us += microseconds;
}

static const struct intel_io io = {read_register, write_register, delay, NULL};

static union intel_descriptor rx_ring[INTEL_RX_RING], tx_ring[INTEL_TX_RING];
static uint8_t *rx_buffers, *tx_buffers;
static struct intel_rx rx;
static struct intel_tx tx;

static struct {
	unsigned frames;
	size_t bytes[2 * INTEL_RX_RING];
	uint8_t first[2 * INTEL_RX_RING];
} taken;

static void take(const void *frame, size_t bytes)
{
	assert_true(taken.frames < 2 * INTEL_RX_RING);
	taken.first[taken.frames] = *(const uint8_t *)frame;
	taken.bytes[taken.frames++] = bytes;
}

static int set_up(void **state)
{
	model = models[(uintptr_t)*state];
	memset(&nic, 0, sizeof(nic));
	memset(&taken, 0, sizeof(taken));
	memset(rx_ring, 0xa5, sizeof(rx_ring));
	memset(tx_ring, 0xa5, sizeof(tx_ring));
	memcpy(nic.eeprom, station, sizeof(station));
	*reg_at(REG_STATUS) = STATUS_GIO_MASTER;
	rx_buffers = malloc(INTEL_RX_RING * INTEL_BUFFER_BYTES);
	tx_buffers = malloc(INTEL_TX_RING * INTEL_BUFFER_BYTES);
	rx = (struct intel_rx){.ring = {rx_ring, rx_buffers, 0x123450000, 0x200000}};
	tx = (struct intel_tx){.ring = {tx_ring, tx_buffers, 0x40000, 0x300000}};
	memset(rx_buffers, 0xee, INTEL_RX_RING * INTEL_BUFFER_BYTES);
	memset(tx_buffers, 0xee, INTEL_TX_RING * INTEL_BUFFER_BYTES);
	return 0;
}

static int tear_down(void **state)
{
	free(rx_buffers);
	free(tx_buffers);
	return 0;
}

static bool is_advanced(void)
{
	return model->format == &intel_advanced;
}

/* --- what the device does to descriptors */

static void put_status(unsigned index, unsigned bytes, uint8_t status, bool error)
{
	union intel_descriptor *d = &rx_ring[index];

	if (is_advanced()) {
		d->advanced_rx.bytes = (uint16_t)bytes;
		d->advanced_rx.status = status | (error ? 1u << 31 : 0);
		return;
	}
	d->legacy_rx.bytes = (uint16_t)bytes;
	d->legacy_rx.errors = error;
	d->legacy_rx.status = status;
}

/* Puts a frame where descriptor `index` says. */
static void arrive(unsigned index, uint8_t first, unsigned bytes)
{
	assert_int_equal(rx_ring[index].legacy_rx.address, 0x200000 + index * INTEL_BUFFER_BYTES);
	assert_int_equal(rx_ring[index].advanced_rx.header, 0); /* DD clear in both formats */
	rx_buffers[index * INTEL_BUFFER_BYTES] = first;
	put_status(index, bytes, RX_DD | RX_EOP, false);
}

static void sent(unsigned index)
{
	if (is_advanced())
		tx_ring[index].advanced_tx.status = TX_DD;
	else
		tx_ring[index].legacy_tx.status = TX_DD;
}

static unsigned tx_bytes(unsigned index)
{
	return is_advanced() ? tx_ring[index].advanced_tx.command & 0xfffff
			     : tx_ring[index].legacy_tx.bytes;
}

/* --- hardware */

static void test_reset(void **state)
{
	*reg_at(REG_CTRL) = CTRL_LRST | CTRL_PHY_RST | CTRL_ILOS | CTRL_FORCE;
	*reg_at(REG_RCTL) = RCTL_EN;
	*reg_at(REG_STATUS) |= STATUS_LU;
	assert_int_equal(intel_reset(&io, model), VMK_OK);
	assert_int_equal(nic.resets, 1);
	assert_int_equal(nic.noisy_reset, !model->pcie);
	assert_int_equal(reg(REG_CTRL), model->ctrl_set);
	assert_true(reg(REG_CTRL) & CTRL_SLU);
	assert_int_equal(reg(REG_CTRL_EXT), model->pcie ? CTRL_EXT_DRV_LOAD : 0);
	assert_int_equal(reg(REG_RCTL), 0);
	assert_int_equal(reg(REG_IMC), ~0u);
	nic.gone = true;
	assert_int_equal(intel_reset(&io, model), VMK_IO_ERROR);
}

/* A device that never becomes quiet is reset all the same, in bounded time. */
static void test_reset_of_a_busy_device(void **state)
{
	nic.busy = true;
	assert_int_equal(intel_reset(&io, model), VMK_OK);
	assert_int_equal(nic.resets, 1);
	assert_in_range(nic.delays, 1, 2000);
}

static void test_phy_reset(void **state)
{
	*reg_at(REG_STATUS) |= STATUS_LU;
	intel_reset(&io, model);
	assert_int_equal(nic.phy_resets, 0);
	*reg_at(REG_STATUS) &= ~STATUS_LU;
	*reg_at(REG_MANC) = MANC_BLOCK_RESET;
	intel_reset(&io, model);
	assert_int_equal(nic.phy_resets, 0);
	*reg_at(REG_MANC) = 0;
	intel_reset(&io, model);
	assert_int_equal(nic.phy_resets, model->pcie);
	assert_false(reg(REG_CTRL) & CTRL_PHY_RST);
}

/* The PHY is shared with firmware: taken by its protocol, and given back. */
static void test_phy_negotiation(void **state)
{
	uint32_t expected = model == &igb_model ? 0x1200u | 1u << 21 | 1u << 26 : 0;

	intel_reset(&io, model);
	assert_int_equal(nic.negotiated, expected);
	assert_int_equal(reg(REG_SW_FW_SYNC), 0);
	assert_int_equal(reg(REG_SWSM), 0);
	nic.negotiated = 0;
	*reg_at(REG_SW_FW_SYNC) = 2u << 16; /* firmware is at it */
	intel_reset(&io, model);
	*reg_at(REG_SW_FW_SYNC) = 0;
	nic.hogged = true;
	intel_reset(&io, model);
	assert_int_equal(nic.negotiated, 0);
	assert_int_equal(reg(REG_SWSM), 0);
	assert_in_range(nic.delays, 0, 5000);
}

/* However late it answers each question, and though firmware never lets go. */
static void test_slow_phy(void **state)
{
	nic.slow = true;
	*reg_at(REG_SW_FW_SYNC) = 2u << 16;
	assert_int_equal(intel_reset(&io, model), VMK_OK);
	assert_int_equal(nic.negotiated, 0);
	assert_in_range(nic.waited_us, 0, 10000000);
}

static enum vmk_status read_mac(uint8_t mac[6])
{
	intel_reset(&io, model);
	return model->read_mac(&io, mac);
}

static void test_mac(void **state)
{
	uint8_t mac[6];

	assert_int_equal(read_mac(mac), VMK_OK);
	assert_memory_equal(mac, station, 6);
	*reg_at(REG_RAL) = *reg_at(REG_RAH) = 0;
	intel_set_mac(&io, mac);
	assert_int_equal(reg(REG_RAL), 0x12005452);
	assert_int_equal(reg(REG_RAH), 0x80005634);
	nic.eeprom[0] |= 1;
	assert_int_equal(read_mac(mac), VMK_IO_ERROR);
	memset(nic.eeprom, 0, sizeof(nic.eeprom));
	assert_int_equal(read_mac(mac), VMK_IO_ERROR);
	nic.eeprom[0] = 2;
	assert_int_equal(read_mac(mac), VMK_OK);
	nic.deaf = true;
	*reg_at(REG_RAH) = 0;
	nic.delays = 0;
	assert_int_equal(model->read_mac(&io, mac), VMK_IO_ERROR);
	assert_in_range(nic.delays, 0, 10000);
}

static void test_interrupts(void **state)
{
	*reg_at(REG_ICR) = INT_RXT0 | INT_LSC;
	assert_int_equal(intel_interrupt_causes(&io), INT_RXT0 | INT_LSC);
	assert_int_equal(intel_interrupt_causes(&io), 0);
	intel_interrupts_on(&io, model, false);
	assert_int_equal(reg(REG_IMS), INT_LSC | INT_RXDMT0 | INT_RXO | INT_RXT0);
	*reg_at(REG_STATUS) = STATUS_LU;
	assert_true(intel_link_up(&io));
}

/* Every cause reaches vector 0, and no register names another. */
static void test_msix(void **state)
{
	if (!model->msix_on)
		return;
	intel_interrupts_on(&io, model, true);
	assert_int_equal(reg(REG_IMS), model->causes_msix);
	assert_true(reg(REG_IMS) & INT_LSC);
	if (model == &e1000e_model) {
		assert_int_equal(reg(0x00e4), 0x00080808);
		return;
	}
	assert_int_equal(reg(0x1700), 0x8080);
	assert_int_equal(reg(0x1740), 0x8000);
	assert_int_equal(reg(0x1524), 1);
	intel_interrupts_off(&io, model);
	assert_int_equal(reg(0x1528), ~0u);
}

static void test_errors(void **state)
{
	struct intel_errors errors = {0};

	*reg_at(0x4000) = 3;
	*reg_at(0x4010) = ~0u;
	assert_int_equal(intel_count_errors(&io, &errors), 3 + 0xffffffffull);
	assert_int_equal(intel_count_errors(&io, &errors), 0);
	*reg_at(0x4010) = 1;
	assert_int_equal(intel_count_errors(&io, &errors), 1);
	assert_int_equal(errors.count[INTEL_CRC], 3);
	assert_int_equal(errors.count[INTEL_MISSED], 0x100000000ull);
	assert_string_equal(intel_error_names[INTEL_MISSED], "missed");
}

/* --- receiving */

static void test_rx_start(void **state)
{
	assert_int_equal(intel_rx_start(&io, model, &rx), VMK_OK);
	assert_int_equal(reg(REG_RDBAL), 0x23450000);
	assert_int_equal(reg(REG_RDBAH), 1);
	assert_int_equal(reg(REG_RDLEN), sizeof(rx_ring));
	assert_int_equal(reg(REG_RDT), INTEL_RX_RING - 1);
	assert_true(reg(REG_RCTL) & RCTL_EN);
	if (model == &igb_model)
		assert_int_equal(reg(IGB_SRRCTL) & 0x0e00007f, 1u << 25 | 2);
	nic.deaf = true;
	assert_int_equal(
		intel_rx_start(&io, model, &rx), model == &igb_model ? VMK_IO_ERROR : VMK_OK);
}

static void test_rx_frames(void **state)
{
	intel_rx_start(&io, model, &rx);
	intel_rx_poll(&io, model, &rx, take);
	assert_int_equal(taken.frames, 0);
	for (unsigned i = 0; i < 3 * INTEL_RX_RING; i++) {
		taken.frames = 0;
		arrive(i % INTEL_RX_RING, (uint8_t)i, 60 + i);
		intel_rx_poll(&io, model, &rx, take);
		assert_int_equal(taken.frames, 1);
		assert_int_equal(taken.first[0], (uint8_t)i);
		assert_int_equal(taken.bytes[0], 60 + i);
		assert_int_equal(reg(REG_RDT), i % INTEL_RX_RING);
	}
	assert_int_equal(rx.frames, 3 * INTEL_RX_RING);
}

static void test_rx_hostile(void **state)
{
	static const uint16_t sizes[] = {0, 13, 1515, 2048, 2049, 65535};
	unsigned at = 0;

	intel_rx_start(&io, model, &rx);
	for (; at < ARRAY_SIZE(sizes); at++)
		arrive(at, 1, sizes[at]);
	put_status(at++, 60, RX_DD | RX_EOP, true);
	put_status(at++, 60, RX_DD, false); /* a frame in pieces */
	arrive(at, 2, 60);
	rx_ring[at++].legacy_rx.address = 0; /* our own buffer is read all the same */
	intel_rx_poll(&io, model, &rx, take);
	assert_int_equal(taken.frames, 1);
	assert_int_equal(taken.first[0], 2);
	assert_int_equal(rx.dropped, ARRAY_SIZE(sizes) + 2);
	assert_int_equal(
		rx_ring[at - 1].legacy_rx.address, 0x200000 + (at - 1) * INTEL_BUFFER_BYTES);
}

/* A device that sets DD again at once keeps one interrupt busy for one ring's worth at most. */
static void take_and_set_again(const void *frame, size_t bytes)
{
	take(frame, bytes);
	for (unsigned i = 0; i < INTEL_RX_RING; i++)
		put_status(i, 60, RX_DD | RX_EOP, false);
}

static void test_rx_endless(void **state)
{
	intel_rx_start(&io, model, &rx);
	arrive(0, 1, 60);
	intel_rx_poll(&io, model, &rx, take_and_set_again);
	assert_in_range(taken.frames, 1, INTEL_RX_RING);
}

/* --- sending */

static enum vmk_status send(unsigned bytes, uint64_t now)
{
	uint8_t frame[INTEL_FRAME_MAX + 1];

	memset(frame, 0x77, sizeof(frame));
	return intel_tx_send(&io, model, &tx, frame, bytes, now);
}

static void test_tx(void **state)
{
	const uint8_t zero[INTEL_FRAME_MIN] = {0};

	assert_int_equal(intel_tx_start(&io, model, &tx), VMK_OK);
	assert_int_equal(reg(REG_TDLEN), sizeof(tx_ring));
	assert_int_equal(send(0, 0), VMK_BAD_PARAM);
	assert_int_equal(send(INTEL_FRAME_MAX + 1, 0), VMK_TOO_LARGE);
	assert_int_equal(reg(REG_TDT), 0);
	assert_int_equal(send(42, 0), VMK_OK);
	assert_int_equal(reg(REG_TDT), 1);
	assert_int_equal(tx_ring[0].legacy_tx.address, 0x300000);
	assert_int_equal(tx_bytes(0), 60);
	assert_int_equal(tx_buffers[41], 0x77);
	assert_memory_equal(tx_buffers + 42, zero, 18);
	assert_int_equal(send(INTEL_FRAME_MAX, 0), VMK_OK);
	assert_int_equal(tx_bytes(1), INTEL_FRAME_MAX);
	if (is_advanced()) {
		assert_int_equal(tx_ring[0].advanced_tx.command, 0x2b300000 | 60);
		assert_int_equal(tx_ring[0].advanced_tx.status, 60 << 14);
	} else {
		assert_int_equal(tx_ring[0].legacy_tx.command, TX_EOP | TX_IFCS | TX_RS);
		assert_int_equal(tx_ring[0].legacy_tx.status, 0);
	}
}

static void test_tx_full_and_around(void **state)
{
	intel_tx_start(&io, model, &tx);
	for (unsigned i = 0; i < INTEL_TX_RING - 1; i++)
		assert_int_equal(send(60, 10), VMK_OK);
	assert_int_equal(send(60, 10), VMK_NO_RESOURCES);
	sent(0);
	assert_int_equal(send(60, 20), VMK_OK);
	assert_int_equal(send(60, 20), VMK_NO_RESOURCES);
	for (unsigned i = 0; i < 5 * INTEL_TX_RING; i++) {
		sent((i + 1) % INTEL_TX_RING);
		assert_int_equal(send(60, 20), VMK_OK);
		assert_true(reg(REG_TDT) < INTEL_TX_RING);
	}
	assert_int_equal(tx.resets, 0);
}

static void test_tx_stuck(void **state)
{
	uint64_t now = 5;

	intel_tx_start(&io, model, &tx);
	for (unsigned i = 0; i < INTEL_TX_RING - 1; i++)
		assert_int_equal(send(60, now), VMK_OK);
	assert_int_equal(send(60, now + INTEL_STUCK_NS - 1), VMK_NO_RESOURCES);
	assert_int_equal(tx.resets, 0);
	assert_int_equal(send(60, now + INTEL_STUCK_NS), VMK_NO_RESOURCES);
	assert_int_equal(tx.resets, 1);
	assert_int_equal(send(60, now + INTEL_STUCK_NS), VMK_OK);
	assert_int_equal(reg(REG_TDT), 1);
	assert_true(reg(REG_TCTL) & TCTL_EN);
}

static void test_tx_room(void **state)
{
	uint64_t now = 5;

	intel_tx_start(&io, model, &tx);
	assert_int_equal(intel_tx_room(&io, model, &tx, now), INTEL_TX_FRAMES);
	for (unsigned i = 1; i <= INTEL_TX_FRAMES; i++) {
		assert_int_equal(send(60, now), VMK_OK);
		assert_int_equal(intel_tx_room(&io, model, &tx, now), INTEL_TX_FRAMES - i);
	}
	sent(0);
	sent(1);
	assert_int_equal(intel_tx_room(&io, model, &tx, now + INTEL_STUCK_NS), 2);
	assert_int_equal(tx.resets, 0);
	/* Who asks only for room finds out, too, that nothing moves. */
	assert_int_equal(intel_tx_room(&io, model, &tx, now + 2 * INTEL_STUCK_NS), INTEL_TX_FRAMES);
	assert_int_equal(tx.resets, 1);
	assert_int_equal(intel_tx_room(&io, model, &tx, now + 9 * INTEL_STUCK_NS), INTEL_TX_FRAMES);
	assert_int_equal(tx.resets, 1);
}

/* A ring that was idle for long is not stuck. */
static void test_tx_idle(void **state)
{
	intel_tx_start(&io, model, &tx);
	for (unsigned i = 0; i < INTEL_TX_RING - 1; i++)
		assert_int_equal(send(60, 100 * INTEL_STUCK_NS), VMK_OK);
	assert_int_equal(send(60, 100 * INTEL_STUCK_NS + 1), VMK_NO_RESOURCES);
	assert_int_equal(tx.resets, 0);
}

int main(void)
{
#define TEST(name)                                                                            \
	cmocka_unit_test_prestate_setup_teardown(name, set_up, tear_down, (void *)0),         \
		cmocka_unit_test_prestate_setup_teardown(name, set_up, tear_down, (void *)1), \
		cmocka_unit_test_prestate_setup_teardown(name, set_up, tear_down, (void *)2)
	const struct CMUnitTest tests[] = {
		TEST(test_reset),
		TEST(test_reset_of_a_busy_device),
		TEST(test_phy_reset),
		TEST(test_phy_negotiation),
		TEST(test_slow_phy),
		TEST(test_mac),
		TEST(test_interrupts),
		TEST(test_msix),
		TEST(test_errors),
		TEST(test_rx_start),
		TEST(test_rx_frames),
		TEST(test_rx_hostile),
		TEST(test_rx_endless),
		TEST(test_tx),
		TEST(test_tx_full_and_around),
		TEST(test_tx_stuck),
		TEST(test_tx_room),
		TEST(test_tx_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
