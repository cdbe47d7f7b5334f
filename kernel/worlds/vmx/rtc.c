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
#define A_UPDATING 0x80u
#define A_DIVIDER  0x26u
#define B_BINARY   0x04u
#define B_24_HOURS 0x02u
#define B_FORMAT   (B_BINARY | B_24_HOURS)
#define D_VALID    0x80u
#define PM         0x80u
#define SECOND     1000000000ull
#define UPDATE_NS  244000u /* the update flag stands this long before each second */

void rtc_init(struct rtc *rtc, struct host host)
{
	*rtc = (struct rtc){.host = host, .format = B_24_HOURS};
}

static uint8_t encode(const struct rtc *rtc, int value)
{
	return (uint8_t)(rtc->format & B_BINARY ? value : value / 10 << 4 | value % 10);
}

static uint8_t encode_hour(const struct rtc *rtc, int hour)
{
	if (rtc->format & B_24_HOURS)
		return encode(rtc, hour);
	return encode(rtc, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? PM : 0);
}

static uint8_t time_register(const struct rtc *rtc, unsigned index)
{
	time_t seconds = (time_t)(rtc->host.ops->wall(rtc->host.context) / SECOND);
	struct tm t;

	if (!gmtime_r(&seconds, &t))
		return 0;
	switch (index) {
	case SECONDS:
		return encode(rtc, t.tm_sec);
	case MINUTES:
		return encode(rtc, t.tm_min);
	case HOURS:
		return encode_hour(rtc, t.tm_hour);
	case WEEKDAY:
		return encode(rtc, t.tm_wday + 1);
	case DAY:
		return encode(rtc, t.tm_mday);
	case MONTH:
		return encode(rtc, t.tm_mon + 1);
	case YEAR:
		return encode(rtc, t.tm_year % 100);
	default:
		return encode(rtc, 19 + t.tm_year / 100);
	}
}

static uint8_t read_register(const struct rtc *rtc)
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
	case REG_A:
		return A_DIVIDER |
		       (rtc->host.ops->wall(rtc->host.context) % SECOND >= SECOND - UPDATE_NS
				       ? A_UPDATING
				       : 0);
	case REG_B:
		return rtc->format;
	case REG_C:
		return 0;
	case REG_D:
		return D_VALID;
	default:
		return rtc->memory[rtc->index];
	}
}

static uint64_t rtc_read(void *device, uint64_t offset, unsigned bytes)
{
	return bus_nobody(bytes) << 8 | (offset ? read_register(device) : 0xff);
}

/* The time of day is the host's: what a guest writes to the clock itself has no effect. */
static void rtc_write(void *device, uint64_t offset, unsigned bytes, uint64_t value)
{
	struct rtc *rtc = device;

	if (!offset)
		rtc->index = value & 0x7f;
	else if (rtc->index == REG_B)
		rtc->format = value & B_FORMAT;
	else if (rtc->index > REG_D && rtc->index != CENTURY)
		rtc->memory[rtc->index] = (uint8_t)value;
}

const struct bus_ops rtc_bus = {rtc_read, rtc_write};
