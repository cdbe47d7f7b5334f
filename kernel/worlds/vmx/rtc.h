/*
 * MC146818: the time of day in UTC and 114 bytes of memory. No alarm and no periodic interrupt:
 * the enable bits read back as 0, so a system knows.
 */
#ifndef VMX_RTC_H
#define VMX_RTC_H

#include "worlds/vmx/bus.h"
#include "worlds/vmx/host.h"

#define RTC_BASE  0x70u
#define RTC_PORTS 2u

struct rtc {
	struct host host;
	uint8_t index, format; /* format: DM and 24/12 of register B */
	uint8_t memory[128];
};

extern const struct bus_ops rtc_bus;
void rtc_init(struct rtc *rtc, struct host host);

#endif
