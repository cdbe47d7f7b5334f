/* sources: kernel/vmkdev/drivers/intel/hw.c kernel/vmkdev/drivers/intel/rx.c */
/* sources: kernel/vmkdev/drivers/intel/tx.c kernel/vmkdev/drivers/intel/descriptor.c */
/* sources: kernel/vmkdev/drivers/e1000/model.c kernel/vmkdev/drivers/e1000e/model.c */
/* sources: kernel/vmkdev/drivers/igb/model.c kernel/vmkdev/drivers/igb/phy.c */
/* plain: tests/unit/shim/panic.c fuzz/lib/figures.c */
/* coverage: edges, lean */
/*
 * A device of any family that obeys as far as it likes: some registers are stuck at values of the
 * input, any changes at any time, and so do the rings. Nothing is handed on or told to the device
 * that lies outside of its ring, and no frame carries what another left in its buffer.
 * Input: family, four stuck registers {u8 which, u32 value}, then operations of a byte and what
 * each takes.
 */
#include <string.h>

#include "fuzz/lib/figures.h"
#include "lib/panic.h"
#include "lib/reader.h"
#include "vmkdev/drivers/intel/models.h"

#define REGISTERS   0x10000u /* bytes; beyond the last that a driver uses */
#define STUCK       4u
#define STEPS       256u /* more than frames in a ring */
#define STARTS      3u   /* beside the first: each takes as long as a hundred steps */
#define REQUIRE(it) ((it) ? (void)0 : panic("intel: not so: %s", #it))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What drivers wait for or look at: 82576 names, with those of igb/phy.c and igb/model.c. */
static const uint32_t watched[] = {REG_CTRL, REG_STATUS, REG_EECD, REG_EERD, REG_ICR, REG_RAL,
	REG_RAH, REG_MANC, REG_TXDCTL, 0x2828 /* RXDCTL */, 0x5b50 /* SWSM */, 0x20 /* MDIC */,
	0x5b5c /* SW_FW_SYNC */, 0x4000 /* CRC errors */};
static uint32_t registers[REGISTERS / 4];
static bool is_stuck[REGISTERS / 4 + 1]; /* the last stands for none */
static uint32_t stuck[STUCK];            /* which are, by place */
static struct reader input;
static bool scribbling;
static unsigned starts;
static union intel_descriptor rx_ring[INTEL_RX_RING], tx_ring[INTEL_TX_RING];
static uint8_t rx_buffers[INTEL_RX_RING * INTEL_BUFFER_BYTES];
static uint8_t tx_buffers[INTEL_TX_RING * INTEL_BUFFER_BYTES];
static struct intel_rx rx;
static struct intel_tx tx;
static uint8_t frame[INTEL_BUFFER_BYTES];
static size_t sending; /* bytes of `frame` */

/* Overwrites descriptors, as DMA can at any moment. */
static void scribble(void)
{
	unsigned at = reader_u8(&input);

	reader_copy(&input, &rx_ring[at % INTEL_RX_RING], sizeof(rx_ring[0]));
	reader_copy(&input, &tx_ring[at % INTEL_TX_RING], sizeof(tx_ring[0]));
}

static void set_register(uint32_t offset, uint32_t value)
{
	if (!is_stuck[offset / 4])
		registers[offset / 4] = value;
}

static uint32_t read_register(void *context, uint32_t offset)
{
	REQUIRE(offset < REGISTERS && offset % 4 == 0);
	return registers[offset / 4];
}

/* Who is told of a frame finds it whole, and nothing else in its place. */
static void check_sent(uint32_t tail)
{
	const unsigned index = (tail + INTEL_TX_RING - 1) % INTEL_TX_RING;
	const uint8_t *buffer = tx_buffers + index * INTEL_BUFFER_BYTES;

	REQUIRE(tail < INTEL_TX_RING && !memcmp(buffer, frame, sending));
	for (size_t i = sending; i < INTEL_FRAME_MIN; i++)
		REQUIRE(!buffer[i]);
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	REQUIRE(offset < REGISTERS && offset % 4 == 0);
	REQUIRE(offset != REG_RDT || value < INTEL_RX_RING);
	if (offset == REG_TDT && sending)
		check_sent(value);
	if (offset == REG_TDH) /* the ring starts anew */
		sending = 0;
	if (offset == REG_CTRL)
		value &= ~CTRL_RST;
	if (offset == 0x20) /* MDIC: done at once */
		value |= 1u << 28;
	if (offset == REG_EERD) /* and so is this one, its data above */
		value |= 0x10 | (value & 0xff00) << 10 | 0x20000;
	set_register(offset, offset == REG_ICR ? 0 : value);
	if (scribbling)
		scribble();
}

static void delay(uint32_t microseconds)
{
	REQUIRE(microseconds && microseconds <= 10000);
}

static void take(const void *received, size_t bytes)
{
	const uint8_t *at = received;

	REQUIRE(at >= rx_buffers && bytes >= 14 && bytes <= INTEL_FRAME_MAX);
	REQUIRE(at + bytes <= rx_buffers + sizeof(rx_buffers));
	if (scribbling)
		scribble();
}

static void send(const struct intel_io *io, const struct intel_model *model)
{
	const unsigned before = tx.next;
	const size_t bytes = reader_le16(&input) % (sizeof(frame) + 1);
	const uint64_t now = (uint64_t)reader_le32(&input) << 10;
	enum vmk_status status;

	sending = bytes;
	memset(frame, reader_u8(&input) | 1, sizeof(frame));
	status = intel_tx_send(io, model, &tx, frame, bytes, now);
	sending = 0;
	REQUIRE((status == VMK_BAD_PARAM) == !bytes);
	REQUIRE((status == VMK_TOO_LARGE) == (bytes > INTEL_FRAME_MAX));
	REQUIRE(status != VMK_OK || tx.next == (before + 1) % INTEL_TX_RING);
	REQUIRE(intel_tx_room(io, model, &tx, now) <= INTEL_TX_FRAMES);
}

/* Frames arrive, whole unless `how` says otherwise; or the device has sent what it was told of. */
static void complete(const struct intel_model *model, unsigned how, uint8_t count)
{
	const uint32_t status = RX_DD | (how & 2 ? 0 : RX_EOP);

	for (unsigned i = 0; i < count % (INTEL_RX_RING + 1); i++) {
		union intel_descriptor *d = &rx_ring[(rx.next + i) % INTEL_RX_RING];

		if (!(how & 1)) {
			tx_ring[(tx.oldest + i) % INTEL_TX_RING].advanced_tx.status |= TX_DD;
		} else if (model->format == &intel_advanced) {
			d->advanced_rx.bytes = (uint16_t)(count * 8u);
			d->advanced_rx.status = status | (how & 4 ? 1u << 20 : 0);
		} else {
			d->legacy_rx.bytes = (uint16_t)(count * 8u);
			d->legacy_rx.status = (uint8_t)status;
			d->legacy_rx.errors = how & 4 ? 1 : 0;
		}
	}
}

static void start(const struct intel_io *io, const struct intel_model *model)
{
	uint8_t mac[6];

	intel_reset(io, model);
	if (model->read_mac(io, mac) == VMK_OK) {
		REQUIRE(!(mac[0] & 1));
		intel_set_mac(io, mac);
	}
	intel_rx_start(io, model, &rx);
	intel_tx_start(io, model, &tx);
}

static void interrupts(const struct intel_io *io, const struct intel_model *model, uint8_t how)
{
	if (how & 1)
		intel_interrupts_on(io, model, how & 2 && model->msix_on);
	else if (how & 2)
		intel_interrupts_off(io, model);
	else
		intel_interrupt_causes(io);
}

static void step(const struct intel_io *io, const struct intel_model *model, uint8_t what)
{
	struct intel_errors errors = {0};
	unsigned which;

	switch (what % 8) {
	case 0:
		intel_rx_poll(io, model, &rx, take);
		break;
	case 1:
		send(io, model);
		break;
	case 2:
		complete(model, what >> 3, reader_u8(&input));
		break;
	case 3:
		which = reader_u8(&input) % ARRAY_SIZE(watched);
		set_register(watched[which], reader_le32(&input));
		break;
	case 4:
		scribble();
		break;
	case 5:
		interrupts(io, model, what >> 3);
		break;
	case 6:
		if (starts++ < STARTS)
			start(io, model);
		break;
	default:
		if (what & 8)
			intel_count_errors(io, &errors);
		else
			scribbling = !scribbling;
	}
}

/* Of two values for one register, the first. */
static void stick(void)
{
	memset(registers, 0, sizeof(registers));
	for (unsigned i = 0; i < STUCK; i++)
		is_stuck[stuck[i]] = false;
	for (unsigned i = 0; i < STUCK; i++) {
		const unsigned which = reader_u8(&input);
		const uint32_t value = reader_le32(&input);

		stuck[i] = (which < ARRAY_SIZE(watched) ? watched[which] : REGISTERS) / 4;
		if (stuck[i] < ARRAY_SIZE(registers) && !is_stuck[stuck[i]])
			registers[stuck[i]] = value;
		is_stuck[stuck[i]] = true;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct intel_model *const models[] = {&e1000_model, &e1000e_model, &igb_model};
	const struct intel_io io = {read_register, write_register, delay, NULL};
	const struct intel_model *model;
	unsigned i;

	memset(rx_ring, 0, sizeof(rx_ring));
	memset(tx_ring, 0, sizeof(tx_ring));
	rx = (struct intel_rx){.ring = {.descriptors = rx_ring, .buffers = rx_buffers}};
	tx = (struct intel_tx){.ring = {.descriptors = tx_ring, .buffers = tx_buffers}};
	scribbling = false;
	sending = starts = 0;
	input = reader_of(data, size);
	model = models[reader_u8(&input) % ARRAY_SIZE(models)];
	stick();
	start(&io, model);
	for (i = 0; i < STEPS && reader_left(&input); i++)
		step(&io, model, reader_u8(&input));
	figures_operations(i);
	return 0;
}
