#include "worlds/vmx/rtc.h"
#include <string.h>
#include <time.h>

/* MC146818A datasheet, address map; 0x32 is the century by the convention that FADT names. */
enum {
	SECONDS = 0,
	MINUTES = 2,
	HOURS = 4,
	WEEKDAY = 6,
	DAY = 7,
	MONTH = 8,
	YEAR = 9,
	REG_A = 10,
	REG_B = 11,
	REG_C = 12,
	REG_D = 13,
	CENTURY = 0x32,
};
#define A_UPDATING  0x80u
#define A_DIVIDER   0x20u
#define A_RATE      0x0fu
#define RATE_RESET  6u /* 1024 Hz, as firmware leaves it */
#define B_SET       0x80u
#define B_PERIODIC  0x40u
#define B_ALARM     0x20u
#define B_UPDATE    0x10u
#define B_BINARY    0x04u
#define B_24_HOURS  0x02u
#define B_WRITABLE  0xf6u /* neither square wave nor daylight saving */
#define C_REQUEST   0x80u
#define C_FLAGS     0x70u /* each at the place of its enable bit in B */
#define D_VALID     0x80u
#define DONT_CARE   0xc0u
#define PM          0x80u
#define SECOND      1000000000ull
#define DAY_SECONDS 86400u
#define PERIODIC_HZ 32768u
#define UPDATE_NS   244000u /* the update flag stands this long before each second */

static uint64_t wall(const struct rtc *rtc)
{
	return rtc->host.ops->wall(rtc->host.context);
}

static uint64_t now(const struct rtc *rtc)
{
	return rtc->host.ops->now(rtc->host.context);
}

void rtc_init(struct rtc *rtc, struct host host)
{
	*rtc = (struct rtc){
		.host = host, .control = B_24_HOURS, .rate = RATE_RESET, .deadline = HOST_NEVER};
	rtc->second = wall(rtc) / SECOND;
	rtc->began = now(rtc);
}

static uint8_t encode(const struct rtc *rtc, unsigned value)
{
	return (uint8_t)(rtc->control & B_BINARY ? value : value / 10 << 4 | value % 10);
}

static uint8_t encode_hour(const struct rtc *rtc, unsigned hour)
{
	if (rtc->control & B_24_HOURS)
		return encode(rtc, hour);
	return encode(rtc, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? PM : 0);
}

/* --- what is due */

static bool matches(const struct rtc *rtc, enum rtc_alarm which, uint8_t encoded)
{
	return rtc->alarm[which] >= DONT_CARE || rtc->alarm[which] == encoded;
}

static bool is_possible(const struct rtc *rtc, enum rtc_alarm which)
{
	for (unsigned value = 0; value < 60; value++)
		if (matches(rtc, which, encode(rtc, value)))
			return true;
	return false;
}

/* From a second to the next one that the alarm is set for, at most a day; 0: it is set for none. */
static uint32_t until_alarm(const struct rtc *rtc, uint64_t second)
{
	if (!is_possible(rtc, RTC_ALARM_SECONDS) || !is_possible(rtc, RTC_ALARM_MINUTES))
		return 0;
	for (uint32_t step = 1; step <= DAY_SECONDS;) {
		const uint32_t at = (uint32_t)((second + step) % DAY_SECONDS);

		if (!matches(rtc, RTC_ALARM_HOURS, encode_hour(rtc, at / 3600)))
			step += 3600 - at % 3600;
		else if (!matches(rtc, RTC_ALARM_MINUTES, encode(rtc, at / 60 % 60)))
			step += 60 - at % 60;
		else if (!matches(rtc, RTC_ALARM_SECONDS, encode(rtc, at % 60)))
			step++;
		else
			return step;
	}
	return 0;
}

/* Of the periodic rate in ticks of PERIODIC_HZ; rates 1 and 2 are those of 8 and 9. */
static uint32_t period(const struct rtc *rtc)
{
	return 1u << (rtc->rate < 3 ? rtc->rate + 6 : rtc->rate - 1);
}

static uint64_t periods_at(const struct rtc *rtc, uint64_t at)
{
	const uint64_t ns = at > rtc->began ? at - rtc->began : 0;

	return (ns / SECOND * PERIODIC_HZ + ns % SECOND * PERIODIC_HZ / SECOND) / period(rtc);
}

static uint64_t end_of_period(const struct rtc *rtc, uint64_t number)
{
	const uint64_t ticks = number * period(rtc);

	return rtc->began + ticks / PERIODIC_HZ * SECOND +
	       (ticks % PERIODIC_HZ * SECOND + PERIODIC_HZ - 1) / PERIODIC_HZ;
}

/* Flags are what they have become since. No update happens while software sets the time. */
static void look_at_day(struct rtc *rtc)
{
	const uint64_t second = wall(rtc) / SECOND, from = rtc->second;
	uint32_t alarm;

	rtc->second = second;
	if (second <= from || (rtc->control & B_SET))
		return;
	rtc->flags |= B_UPDATE;
	alarm = until_alarm(rtc, from);
	if (alarm && alarm <= second - from)
		rtc->flags |= B_ALARM;
}

static void look_at_periods(struct rtc *rtc)
{
	const uint64_t ticks = periods_at(rtc, now(rtc));

	if (rtc->rate && ticks != rtc->ticks)
		rtc->flags |= B_PERIODIC;
	rtc->ticks = ticks;
}

/* Enabled, and its flag not set already: the next one makes a difference. */
static bool waits_for(const struct rtc *rtc, uint8_t what)
{
	return (rtc->control & ~rtc->flags) & what;
}

/* An alarm is looked for each second: the time of day may be set, or go on while the VM is paused.
 */
static void set_deadline(struct rtc *rtc)
{
	rtc->deadline = HOST_NEVER;
	if (rtc->rate && waits_for(rtc, B_PERIODIC))
		rtc->deadline = end_of_period(rtc, rtc->ticks + 1);
	if (!(rtc->control & B_SET) && (waits_for(rtc, B_UPDATE) || waits_for(rtc, B_ALARM))) {
		const uint64_t update = now(rtc) + SECOND - wall(rtc) % SECOND;

		rtc->deadline = rtc->deadline < update ? rtc->deadline : update;
	}
}

static void set_line(struct rtc *rtc)
{
	const bool line = rtc->flags & rtc->control & C_FLAGS;

	if (line != rtc->line)
		host_irq(&rtc->host, RTC_GSI, line);
	rtc->line = line;
}

static void look(struct rtc *rtc)
{
	look_at_day(rtc);
	look_at_periods(rtc);
	set_line(rtc);
	set_deadline(rtc);
}

void rtc_tick(struct rtc *rtc, uint64_t at)
{
	if (at >= rtc->deadline)
		look(rtc);
}

/* --- registers */

static uint8_t time_register(const struct rtc *rtc, unsigned index)
{
	time_t seconds = (time_t)(wall(rtc) / SECOND);
	struct tm t;

	if (!gmtime_r(&seconds, &t))
		return 0;
	switch (index) {
	case SECONDS:
		return encode(rtc, (unsigned)t.tm_sec);
	case MINUTES:
		return encode(rtc, (unsigned)t.tm_min);
	case HOURS:
		return encode_hour(rtc, (unsigned)t.tm_hour);
	case WEEKDAY:
		return encode(rtc, (unsigned)t.tm_wday + 1);
	case DAY:
		return encode(rtc, (unsigned)t.tm_mday);
	case MONTH:
		return encode(rtc, (unsigned)t.tm_mon + 1);
	case YEAR:
		return encode(rtc, (unsigned)t.tm_year % 100);
	default:
		return encode(rtc, 19 + (unsigned)t.tm_year / 100);
	}
}

/* Reading it is how software acknowledges the interrupt. */
static uint8_t take_flags(struct rtc *rtc)
{
	uint8_t value;

	look(rtc);
	value = rtc->flags | (rtc->line ? C_REQUEST : 0);
	rtc->flags = 0;
	set_line(rtc);
	set_deadline(rtc);
	return value;
}

static bool is_updating(const struct rtc *rtc)
{
	return !(rtc->control & B_SET) && wall(rtc) % SECOND >= SECOND - UPDATE_NS;
}

static uint8_t read_register(struct rtc *rtc)
{
	switch (rtc->index) {
	case SECONDS:
	case MINUTES:
	case HOURS:
	case WEEKDAY:
	case DAY:
	case MONTH:
	case YEAR:
	case CENTURY:
		return time_register(rtc, rtc->index);
	case SECONDS + 1:
	case MINUTES + 1:
	case HOURS + 1:
		return rtc->alarm[rtc->index / 2];
	case REG_A:
		return A_DIVIDER | rtc->rate | (is_updating(rtc) ? A_UPDATING : 0);
	case REG_B:
		return rtc->control;
	case REG_C:
		return take_flags(rtc);
	case REG_D:
		return D_VALID;
	default:
		return rtc->memory[rtc->index];
	}
}

/* The first period of another rate begins now. */
static void set_rate(struct rtc *rtc, uint8_t rate)
{
	if (rate == rtc->rate)
		return;
	rtc->rate = rate;
	rtc->began = now(rtc);
	rtc->ticks = 0;
}

static void write_register(struct rtc *rtc, uint8_t value)
{
	look(rtc);
	switch (rtc->index) {
	case SECONDS + 1:
	case MINUTES + 1:
	case HOURS + 1:
		rtc->alarm[rtc->index / 2] = value;
		break;
	case REG_A:
		set_rate(rtc, value & A_RATE);
		break;
	case REG_B:
		/* Setting the time takes the update interrupt's enable bit away. */
		rtc->control = value & B_WRITABLE & (value & B_SET ? ~B_UPDATE : 0xff);
		break;
	default:
		if (rtc->index > REG_D && rtc->index != CENTURY)
			rtc->memory[rtc->index] = value;
		return;
	}
	set_line(rtc);
	set_deadline(rtc);
}

static uint64_t rtc_read(void *device, uint64_t offset, unsigned bytes)
{
	return bus_nobody(bytes) << 8 | (offset ? read_register(device) : 0xff);
}

static void rtc_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	struct rtc *rtc = device;

	if (offset)
		write_register(rtc, (uint8_t)value);
	else
		rtc->index = value & 0x7f;
}

const struct bus_ops rtc_bus = {rtc_read, rtc_write};
