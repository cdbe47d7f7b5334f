/* sources: kernel/vmkdev/drivers/e1000/hw.c kernel/vmkdev/drivers/e1000/rx.c */
/* sources: kernel/vmkdev/drivers/e1000/tx.c */
/* The e1000 driver's logic against a register file and rings in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vmkdev/drivers/e1000/e1000.h"

static const uint16_t eeprom[3] = {0x5452, 0x1200, 0x5634};

static struct {
	uint32_t registers[0x6000 / 4];
	uint16_t eeprom[3];
	bool gone; /* reads as all ones */
	bool deaf; /* EERD never done */
	unsigned resets, delays;
} nic;

static uint32_t read_register(void *context, uint32_t offset)
{
	uint32_t value;

	assert_true(offset < sizeof(nic.registers) && offset % 4 == 0);
	if (nic.gone)
		return ~0u;
	value = nic.registers[offset / 4];
	if (offset == E1000_ICR)
		nic.registers[offset / 4] = 0;
	return value;
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	assert_true(offset < sizeof(nic.registers) && offset % 4 == 0);
	if (offset == E1000_CTRL && (value & CTRL_RST)) {
		nic.resets++;
		value &= ~CTRL_RST;
	}
	if (offset == E1000_EERD && !nic.deaf)
		value = (uint32_t)nic.eeprom[(value >> 8) % 3] << 16 | EERD_DONE;
	nic.registers[offset / 4] = value;
}

static void delay(uint32_t microseconds)
{
	nic.delays++;
}

static const struct e1000_io io = {read_register, write_register, delay, NULL};

static struct e1000_rx_descriptor rx_ring[E1000_RX_RING];
static struct e1000_tx_descriptor tx_ring[E1000_TX_RING];
static uint8_t *rx_buffers, *tx_buffers;
static struct e1000_rx rx;
static struct e1000_tx tx;

static struct {
	unsigned frames;
	size_t bytes[2 * E1000_RX_RING];
	uint8_t first[2 * E1000_RX_RING];
} taken;

static void take(const void *frame, size_t bytes)
{
	assert_true(taken.frames < 2 * E1000_RX_RING);
	taken.first[taken.frames] = *(const uint8_t *)frame;
	taken.bytes[taken.frames++] = bytes;
}

static uint32_t reg(uint32_t offset)
{
	return nic.registers[offset / 4];
}

static int set_up(void **state)
{
	memset(&nic, 0, sizeof(nic));
	memset(&taken, 0, sizeof(taken));
	memset(rx_ring, 0xa5, sizeof(rx_ring));
	memset(tx_ring, 0xa5, sizeof(tx_ring));
	memcpy(nic.eeprom, eeprom, sizeof(eeprom));
	rx_buffers = malloc(E1000_RX_RING * E1000_BUFFER_BYTES);
	tx_buffers = malloc(E1000_TX_RING * E1000_BUFFER_BYTES);
	rx = (struct e1000_rx){.ring = rx_ring,
		.buffers = rx_buffers,
		.ring_bus = 0x123450000,
		.buffers_bus = 0x200000};
	tx = (struct e1000_tx){.ring = tx_ring,
		.buffers = tx_buffers,
		.ring_bus = 0x40000,
		.buffers_bus = 0x300000};
	memset(rx_buffers, 0xee, E1000_RX_RING * E1000_BUFFER_BYTES);
	memset(tx_buffers, 0xee, E1000_TX_RING * E1000_BUFFER_BYTES);
	return 0;
}

static int tear_down(void **state)
{
	free(rx_buffers);
	free(tx_buffers);
	return 0;
}

/* The device puts a frame where descriptor `index` says. */
static void arrive(unsigned index, uint8_t first, unsigned bytes)
{
	assert_int_equal(rx_ring[index].status, 0);
	assert_int_equal(rx_ring[index].address, 0x200000 + index * E1000_BUFFER_BYTES);
	rx_buffers[index * E1000_BUFFER_BYTES] = first;
	rx_ring[index].bytes = (uint16_t)bytes;
	rx_ring[index].status = RX_STATUS_DD | RX_STATUS_EOP;
}

static void test_reset(void **state)
{
	nic.registers[E1000_CTRL / 4] = CTRL_LRST | CTRL_PHY_RST | CTRL_ILOS;
	nic.registers[E1000_RCTL / 4] = RCTL_EN;
	assert_int_equal(e1000_reset(&io), VMK_OK);
	assert_int_equal(nic.resets, 1);
	assert_int_equal(reg(E1000_CTRL), CTRL_SLU | CTRL_ASDE);
	assert_int_equal(reg(E1000_RCTL), 0);
	assert_int_equal(reg(E1000_IMC), ~0u);
	nic.gone = true;
	assert_int_equal(e1000_reset(&io), VMK_IO_ERROR);
}

static void test_mac(void **state)
{
	static const uint8_t expected[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
	uint8_t mac[6];

	assert_int_equal(e1000_read_mac(&io, mac), VMK_OK);
	assert_memory_equal(mac, expected, 6);
	e1000_set_mac(&io, mac);
	assert_int_equal(reg(E1000_RAL), 0x12005452);
	assert_int_equal(reg(E1000_RAH), 0x80005634);
	nic.eeprom[0] |= 1;
	assert_int_equal(e1000_read_mac(&io, mac), VMK_IO_ERROR);
	memset(nic.eeprom, 0, sizeof(nic.eeprom));
	assert_int_equal(e1000_read_mac(&io, mac), VMK_IO_ERROR);
	nic.deaf = true;
	assert_int_equal(e1000_read_mac(&io, mac), VMK_IO_ERROR);
	assert_in_range(nic.delays, 1, 10000);
}

static void test_rx_start(void **state)
{
	e1000_rx_start(&io, &rx);
	assert_int_equal(reg(E1000_RDBAL), 0x23450000);
	assert_int_equal(reg(E1000_RDBAH), 1);
	assert_int_equal(reg(E1000_RDLEN), sizeof(rx_ring));
	assert_int_equal(reg(E1000_RDT), E1000_RX_RING - 1);
	assert_true(reg(E1000_RCTL) & RCTL_EN);
	for (unsigned i = 0; i < E1000_RX_RING; i++) {
		assert_int_equal(rx_ring[i].status, 0);
		assert_int_equal(rx_ring[i].address, 0x200000 + i * E1000_BUFFER_BYTES);
	}
}

static void test_rx_frames(void **state)
{
	e1000_rx_start(&io, &rx);
	e1000_rx_poll(&io, &rx, take);
	assert_int_equal(taken.frames, 0);
	for (unsigned i = 0; i < 3 * E1000_RX_RING; i++) {
		taken.frames = 0;
		arrive(i % E1000_RX_RING, (uint8_t)i, 60 + i);
		e1000_rx_poll(&io, &rx, take);
		assert_int_equal(taken.frames, 1);
		assert_int_equal(taken.first[0], (uint8_t)i);
		assert_int_equal(taken.bytes[0], 60 + i);
		assert_int_equal(reg(E1000_RDT), i % E1000_RX_RING);
	}
	assert_int_equal(rx.frames, 3 * E1000_RX_RING);
}

static void test_rx_hostile(void **state)
{
	static const uint16_t sizes[] = {0, 13, 1515, 2048, 2049, 65535};
	unsigned at = 0;

	e1000_rx_start(&io, &rx);
	for (; at < ARRAY_SIZE(sizes); at++)
		arrive(at, 1, sizes[at]);
	arrive(at, 1, 60);
	rx_ring[at++].errors = 1; /* bad checksum */
	arrive(at, 1, 60);
	rx_ring[at++].status = RX_STATUS_DD; /* a frame in pieces */
	arrive(at, 2, 60);
	rx_ring[at++].address = 0; /* points elsewhere: our own buffer is read all the same */
	e1000_rx_poll(&io, &rx, take);
	assert_int_equal(taken.frames, 1);
	assert_int_equal(taken.first[0], 2);
	assert_int_equal(rx.dropped, ARRAY_SIZE(sizes) + 2);
	assert_int_equal(rx_ring[at - 1].address, 0x200000 + (at - 1) * E1000_BUFFER_BYTES);
}

/* A device that sets DD again at once keeps one interrupt busy for one ring's worth at most. */
static void take_and_set_again(const void *frame, size_t bytes)
{
	take(frame, bytes);
	for (unsigned i = 0; i < E1000_RX_RING; i++) {
		rx_ring[i].status = RX_STATUS_DD | RX_STATUS_EOP;
		rx_ring[i].bytes = 60;
	}
}

static void test_rx_endless(void **state)
{
	e1000_rx_start(&io, &rx);
	arrive(0, 1, 60);
	e1000_rx_poll(&io, &rx, take_and_set_again);
	assert_in_range(taken.frames, 1, E1000_RX_RING);
}

static enum vmk_status send(unsigned bytes, uint64_t now)
{
	uint8_t frame[E1000_FRAME_MAX + 1];

	memset(frame, 0x77, sizeof(frame));
	return e1000_tx_send(&io, &tx, frame, bytes, now);
}

static void test_tx(void **state)
{
	const uint8_t zero[E1000_FRAME_MIN] = {0};

	e1000_tx_start(&io, &tx);
	assert_int_equal(reg(E1000_TDLEN), sizeof(tx_ring));
	assert_int_equal(send(0, 0), VMK_BAD_PARAM);
	assert_int_equal(send(E1000_FRAME_MAX + 1, 0), VMK_TOO_LARGE);
	assert_int_equal(reg(E1000_TDT), 0);
	assert_int_equal(send(42, 0), VMK_OK);
	assert_int_equal(reg(E1000_TDT), 1);
	assert_int_equal(tx_ring[0].address, 0x300000);
	assert_int_equal(tx_ring[0].bytes, 60);
	assert_int_equal(tx_ring[0].command, TX_COMMAND_EOP | TX_COMMAND_IFCS | TX_COMMAND_RS);
	assert_int_equal(tx_buffers[41], 0x77);
	assert_memory_equal(tx_buffers + 42, zero, 18);
	assert_int_equal(send(E1000_FRAME_MAX, 0), VMK_OK);
	assert_int_equal(tx_ring[1].bytes, E1000_FRAME_MAX);
}

static void test_tx_full_and_around(void **state)
{
	e1000_tx_start(&io, &tx);
	for (unsigned i = 0; i < E1000_TX_RING - 1; i++)
		assert_int_equal(send(60, 10), VMK_OK);
	assert_int_equal(send(60, 10), VMK_NO_RESOURCES);
	tx_ring[0].status = TX_STATUS_DD;
	assert_int_equal(send(60, 20), VMK_OK);
	assert_int_equal(send(60, 20), VMK_NO_RESOURCES);
	for (unsigned i = 0; i < 5 * E1000_TX_RING; i++) {
		tx_ring[(i + 1) % E1000_TX_RING].status = TX_STATUS_DD;
		assert_int_equal(send(60, 20), VMK_OK);
		assert_true(reg(E1000_TDT) < E1000_TX_RING);
	}
	assert_int_equal(tx.resets, 0);
}

static void test_tx_stuck(void **state)
{
	uint64_t now = 5;

	e1000_tx_start(&io, &tx);
	for (unsigned i = 0; i < E1000_TX_RING - 1; i++)
		assert_int_equal(send(60, now), VMK_OK);
	assert_int_equal(send(60, now + E1000_STUCK_NS - 1), VMK_NO_RESOURCES);
	assert_int_equal(tx.resets, 0);
	assert_int_equal(send(60, now + E1000_STUCK_NS), VMK_NO_RESOURCES);
	assert_int_equal(tx.resets, 1);
	assert_int_equal(send(60, now + E1000_STUCK_NS), VMK_OK);
	assert_int_equal(reg(E1000_TDT), 1);
	assert_true(reg(E1000_TCTL) & TCTL_EN);
}

/* A ring that was idle for long is not stuck. */
static void test_tx_idle(void **state)
{
	e1000_tx_start(&io, &tx);
	for (unsigned i = 0; i < E1000_TX_RING - 1; i++)
		assert_int_equal(send(60, 100 * E1000_STUCK_NS), VMK_OK);
	assert_int_equal(send(60, 100 * E1000_STUCK_NS + 1), VMK_NO_RESOURCES);
	assert_int_equal(tx.resets, 0);
}

static void test_interrupts(void **state)
{
	nic.registers[E1000_ICR / 4] = INT_RXT0 | INT_LSC;
	assert_int_equal(e1000_interrupt_causes(&io), INT_RXT0 | INT_LSC);
	assert_int_equal(e1000_interrupt_causes(&io), 0);
	e1000_interrupts_on(&io);
	assert_int_equal(reg(E1000_IMS), INT_WANTED);
	nic.registers[E1000_STATUS / 4] = STATUS_LU;
	assert_true(e1000_link_up(&io));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_reset),
		TEST(test_mac),
		TEST(test_rx_start),
		TEST(test_rx_frames),
		TEST(test_rx_hostile),
		TEST(test_rx_endless),
		TEST(test_tx),
		TEST(test_tx_full_and_around),
		TEST(test_tx_stuck),
		TEST(test_tx_idle),
		TEST(test_interrupts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
