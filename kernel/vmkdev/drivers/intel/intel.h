/*
 * Intel's gigabit controllers: what the e1000, e1000e and igb drivers have in common, which is
 * nearly all. A driver is a struct intel_model and this folder. Everything but edge.c is pure over
 * struct intel_io and the rings' memory. The device is hostile: it may write anything into
 * descriptors and registers at any time. Callers run one function at a time (vmkapi guarantees it).
 */
#ifndef INTEL_INTEL_H
#define INTEL_INTEL_H

#include <vmkapi/status.h>
#include "regs.h"

#define INTEL_RX_RING      64u /* descriptors; a multiple of 8 (section 10.2.5.7) */
#define INTEL_TX_RING      128u
#define INTEL_TX_FRAMES    (INTEL_TX_RING - 1) /* that wait in it at most */
#define INTEL_BUFFER_BYTES 2048u
#define INTEL_FRAME_MIN    60u /* without FCS; shorter frames are padded with zeroes */
#define INTEL_FRAME_MAX    1514u
/* A transmit ring that moves nothing for so long is started anew. */
#define INTEL_STUCK_NS 2000000000ull

struct intel_io {
	uint32_t (*read)(void *context, uint32_t offset);
	void (*write)(void *context, uint32_t offset, uint32_t value);
	void (*delay_us)(uint32_t microseconds);
	void *context;
};

static inline uint32_t intel_get(const struct intel_io *io, uint32_t offset)
{
	return io->read(io->context, offset);
}
static inline void intel_set(const struct intel_io *io, uint32_t offset, uint32_t value)
{
	io->write(io->context, offset, value);
}
#define QUEUE_TRIES 100u /* until a queue is on or off */
#define QUEUE_US    100u

/* True once (register & mask) == value; asks at most `tries` times, `us` microseconds apart. */
bool intel_wait(const struct intel_io *io, uint32_t offset, uint32_t mask, uint32_t value,
	unsigned tries, uint32_t us);

/* A received frame as its descriptor had it at one moment. */
struct intel_received {
	size_t bytes;
	bool good; /* in one piece and without error */
};
/* How a family writes its descriptors. */
struct intel_format {
	/* Gives the device a buffer; every byte is written anew, as the device may have changed it.
	 */
	void (*arm)(volatile union intel_descriptor *d, uint64_t buffer);
	/* False: the device still has it. */
	bool (*received)(const volatile union intel_descriptor *d, struct intel_received *frame);
	void (*fill)(volatile union intel_descriptor *d, uint64_t buffer, size_t bytes);
	bool (*sent)(const volatile union intel_descriptor *d);
};
extern const struct intel_format intel_legacy, intel_advanced;

/* In what a family differs. */
struct intel_model {
	const char *name;
	const struct intel_format *format;
	bool pcie; /* quiet on the bus before a reset; a PHY and management firmware of its own */
	uint32_t ctrl_set;            /* bits of CTRL once it runs */
	uint32_t causes, causes_msix; /* interrupts that are wanted: IMS */
	enum vmk_status (*read_mac)(const struct intel_io *io, uint8_t mac[6]);
	/* After a reset, before rings: what the family needs. May be NULL. */
	void (*prepare)(const struct intel_io *io);
	/* Rings are set up: switch their queue on. May be NULL. */
	enum vmk_status (*rx_on)(const struct intel_io *io);
	enum vmk_status (*tx_on)(const struct intel_io *io);
	/* All causes to MSI-X vector 0. NULL: the family has no MSI-X. */
	void (*msix_on)(const struct intel_io *io);
	/* Masks what IMC does not. May be NULL. */
	void (*mask)(const struct intel_io *io);
};

/* Memory that the device reads and writes, with the addresses that it is told. */
struct intel_ring {
	volatile union intel_descriptor *descriptors;
	uint8_t *buffers; /* INTEL_BUFFER_BYTES for each descriptor */
	uint64_t bus, buffers_bus;
};
struct intel_rx {
	struct intel_ring ring; /* INTEL_RX_RING */
	unsigned next;          /* to look at */
	uint64_t frames, dropped;
};
struct intel_tx {
	struct intel_ring ring; /* INTEL_TX_RING */
	unsigned next, oldest;  /* to fill; not yet known to be sent. Equal: empty */
	uint64_t moved_ns;      /* when the ring last moved, or was filled from empty */
	uint64_t frames, resets;
};

/* It neither interrupts nor moves frames any more. */
void intel_quiet(const struct intel_io *io, const struct intel_model *model);
/* Reset, quiet, link set up; the PHY too where it has no link and may be reset. VMK_IO_ERROR if the
 * device does not answer. */
enum vmk_status intel_reset(const struct intel_io *io, const struct intel_model *model);
/* VMK_OK if it is a station's address: not zero, no group's. */
enum vmk_status intel_check_mac(const uint8_t mac[6]);
/* What the device itself has read from its NVM into the first receive address. */
enum vmk_status intel_loaded_mac(const struct intel_io *io, uint8_t mac[6]);
/* Accept frames to `mac`, to all, and to groups. */
void intel_set_mac(const struct intel_io *io, const uint8_t mac[6]);
bool intel_link_up(const struct intel_io *io);
void intel_interrupts_on(const struct intel_io *io, const struct intel_model *model, bool msix);
void intel_interrupts_off(const struct intel_io *io, const struct intel_model *model);
/* Causes since the last call, which this clears. 0: it was not this device. */
uint32_t intel_interrupt_causes(const struct intel_io *io);

/* What the wire and the device got wrong: X(symbol, offset, name). All clear when read. */
#define INTEL_ERRORS(X)                          \
	X(INTEL_CRC, 0x4000u, "crc")             \
	X(INTEL_ALIGNMENT, 0x4004u, "alignment") \
	X(INTEL_RX_ERROR, 0x400cu, "receive")    \
	X(INTEL_MISSED, 0x4010u, "missed")       \
	X(INTEL_LATE, 0x401cu, "late-collision") \
	X(INTEL_LENGTH, 0x4040u, "length")       \
	X(INTEL_NO_BUFFER, 0x40a0u, "no-buffer") \
	X(INTEL_UNDERSIZE, 0x40a4u, "undersize") \
	X(INTEL_OVERSIZE, 0x40acu, "oversize")
enum intel_error {
#define X(symbol, offset, name) symbol,
	INTEL_ERRORS(X)
#undef X
		INTEL_ERROR_COUNT
};
struct intel_errors {
	uint64_t count[INTEL_ERROR_COUNT];
};
extern const char *const intel_error_names[INTEL_ERROR_COUNT];
/* Adds what happened since the last call; returns how many errors that were. */
uint64_t intel_count_errors(const struct intel_io *io, struct intel_errors *errors);

enum vmk_status intel_rx_start(
	const struct intel_io *io, const struct intel_model *model, struct intel_rx *rx);
/* Hand every frame that has arrived to `take`, at most one ring's worth. */
void intel_rx_poll(const struct intel_io *io, const struct intel_model *model, struct intel_rx *rx,
	void (*take)(const void *frame, size_t bytes));

enum vmk_status intel_tx_start(
	const struct intel_io *io, const struct intel_model *model, struct intel_tx *tx);
/* Copies the frame. VMK_BAD_PARAM, VMK_TOO_LARGE; VMK_NO_RESOURCES when the ring is full; if it has
 * been stuck for INTEL_STUCK_NS it is started anew and the frames in it are lost. */
enum vmk_status intel_tx_send(const struct intel_io *io, const struct intel_model *model,
	struct intel_tx *tx, const void *frame, size_t bytes, uint64_t now_ns);
/* How many frames it takes now: what has been sent since is reclaimed, and a ring that is stuck
 * started anew. */
unsigned intel_tx_room(const struct intel_io *io, const struct intel_model *model,
	struct intel_tx *tx, uint64_t now_ns);

#endif
