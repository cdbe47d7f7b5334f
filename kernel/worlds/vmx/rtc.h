/*
 * MC146818: the time of day in UTC, alarm, update-ended and periodic interrupts through GSI 8, and
 * 111 bytes of memory. The time is the host's: writes to it have no effect. Flags and interrupts
 * follow from the time when they are looked at, so that what is not enabled costs nothing.
 */
#ifndef VMX_RTC_H
#define VMX_RTC_H

#include "worlds/vmx/bus.h"
#include "worlds/vmx/host.h"

#define RTC_BASE  0x70u
#define RTC_PORTS 2u
#define RTC_GSI   8u

enum rtc_alarm { RTC_ALARM_SECONDS, RTC_ALARM_MINUTES, RTC_ALARM_HOURS, RTC_ALARMS };

struct rtc {
	struct host host;
	uint8_t index, rate, control, flags; /* of registers A, B, C; IRQF is `line` */
	uint8_t alarm[RTC_ALARMS];
	bool line;
	uint64_t second;       /* since 1970: up to it flags are as they must be */
	uint64_t began, ticks; /* the periodic rate: since when, ns; periods that are over */
	uint64_t deadline;     /* ns: when it has to be looked at again; HOST_NEVER */
	uint8_t memory[128];
};

extern const struct bus_ops rtc_bus;
void rtc_init(struct rtc *rtc, struct host host);
/* Raises the interrupt that is due. What went by unseen is one interrupt. */
void rtc_tick(struct rtc *rtc, uint64_t now);

#endif
