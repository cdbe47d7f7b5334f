/*
 * The 8254: channel 0 interrupts through GSI 2, channel 2 is what systems calibrate with (its gate
 * and output are bits of port 0x61). Modes 0, 2, 3 and 4; binary counting, also where BCD is asked
 * for. Counters are computed from the time when they are looked at.
 */
#ifndef VMX_PIT_H
#define VMX_PIT_H

#include "worlds/vmx/bus.h"
#include "worlds/vmx/host.h"

#define PIT_BASE  0x40u
#define PIT_PORTS 4u
#define PIT_GSI   2u
#define PIT_HZ    1193182ull
#define PORT_B    0x61u /* gate of channel 2, its output, the refresh toggle */

struct pit_channel {
	uint8_t mode, access; /* access: 1 low byte, 2 high, 3 both in turn */
	bool loaded, gate, high_next_write, high_next_read;
	bool latched, status_latched;
	uint8_t low_written, status;
	uint16_t latch;
	uint32_t reload; /* 1..65536 */
	uint64_t start;  /* ns: when the count was loaded, or the gate went up */
};
struct pit {
	struct host host;
	struct pit_channel channel[3];
	uint64_t deadline; /* ns: when channel 0 has its next rising edge; HOST_NEVER */
	bool speaker;
};

extern const struct bus_ops pit_bus, port_b_bus;
void pit_init(struct pit *pit, struct host host);
/* Raises the interrupts that are due. Missed periods are not made up for. */
void pit_tick(struct pit *pit, uint64_t now);

#endif
