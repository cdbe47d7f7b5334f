/* The clock: TSC, calibrated against the PIT or, where there is none, the HPET. */
#include "arch/x86/time.h"
#include "arch/x86/cpu.h"
#include "arch/x86/paging.h"
#include "arch/x86/percpu.h"
#include "arch/x86/tick_rate.h"
#include "boot/boot_info.h"
#include "boot/image.h"
#include "lib/log.h"
#include "lib/panic.h"

#define LOG_MODULE "Time"

/* 8254 channel 2, gated through port 0x61. */
#define PIT_HZ         1193182u
#define PIT_CHANNEL2   0x42
#define PIT_COMMAND    0x43
#define PIT_GATE       0x61
#define PIT_ONE_SHOT2  0xb0 /* channel 2, both bytes, mode 0 */
#define PIT_LATCH2     0x80
#define PIT_OUT2       0x20
#define CALIBRATION_MS 10
#define PIT_TRIES      10000000u

/* HPET registers (IA-PC HPET 1.0a, 2.3), in 64-bit words. */
#define HPET_ID         0
#define HPET_CONFIG     2
#define HPET_COUNTER    30
#define HPET_PERIOD_MAX 100000000u /* femtoseconds */

#define FEMTO           1000000000000000ull

static SEALED struct tick_rate tsc;
static SEALED uint64_t tsc_start, wall_start; /* when time began; in ns since 1970 */

/* Ticks of the TSC in CALIBRATION_MS, 0 if the PIT does not answer. */
static uint64_t measure_pit(void)
{
	uint32_t count = PIT_HZ * CALIBRATION_MS / 1000, tries = 0;
	uint64_t start, end;
	uint32_t passed;
	uint8_t gate = inb(PIT_GATE) & ~3;

	outb(PIT_GATE, gate);
	outb(PIT_COMMAND, PIT_ONE_SHOT2);
	outb(PIT_CHANNEL2, count & 0xff);
	outb(PIT_CHANNEL2, count >> 8);
	start = rdtsc();
	outb(PIT_GATE, gate | 1);
	while (!(inb(PIT_GATE) & PIT_OUT2))
		if (++tries == PIT_TRIES)
			return 0;
	/* An absent port reads ones: the count is then over before it began. */
	if (!tries)
		return 0;
	/* In proportion: the counter goes on, and whoever runs us may have looked away. */
	outb(PIT_COMMAND, PIT_LATCH2);
	end = rdtsc();
	passed = inb(PIT_CHANNEL2);
	passed = (uint16_t)(count - (passed | inb(PIT_CHANNEL2) << 8));
	return passed ? (end - start) * count / passed : 0;
}

static uint64_t measure_hpet(void)
{
	volatile uint64_t *hpet = (volatile uint64_t *)(uintptr_t)boot_info->hpet.v;
	uint64_t period, ticks, passed, from, start;

	if (!hpet || boot_info->hpet.v > EARLY_IDENTITY_END - PAGE_SIZE)
		return 0;
	period = hpet[HPET_ID] >> 32;
	if (!period || period > HPET_PERIOD_MAX)
		return 0;
	hpet[HPET_CONFIG] |= 1;
	ticks = FEMTO / 1000 * CALIBRATION_MS / period;
	from = hpet[HPET_COUNTER];
	start = rdtsc();
	do {
		passed = (uint32_t)(hpet[HPET_COUNTER] - from);
		if (rdtsc() - start > 100 * NS_PER_SECOND)
			return 0;
	} while (passed < ticks);
	/* In proportion: whoever runs us may have looked away in between. */
	return (rdtsc() - start) * ticks / passed;
}

/* The shortest of three: whatever disturbs a measurement makes it longer. */
static uint64_t calibrate(uint64_t (*measure)(void))
{
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < 3; i++) {
		uint64_t ticks = measure();

		if (!ticks)
			return 0;
		best = MIN(best, ticks);
	}
	return best * 1000 / CALIBRATION_MS;
}

static uint8_t cmos(uint8_t index)
{
	outb(0x70, index | 0x80); /* NMI stays off while the index is set */
	return inb(0x71);
}

static unsigned bcd(unsigned v, bool is_bcd)
{
	return is_bcd ? (v >> 4) * 10 + (v & 15) : v;
}

static uint64_t days_before_year(uint64_t year)
{
	return (year - 1970) * 365 + (year - 1969) / 4;
}

/* The RTC as ns since 1970, for years 2000 to 2099; 0 if it shows no valid date. */
static uint64_t read_rtc(void)
{
	static const uint16_t days_before_month[] = {
		0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	uint8_t now[6], again[6], b;
	static const uint8_t index[6] = {0, 2, 4, 7, 8, 9};
	unsigned s, m, h, day, month, year, tries = 0;
	uint64_t days;

	do { /* two equal readings with no update between */
		for (unsigned i = 0; i < 6; i++)
			now[i] = cmos(index[i]);
		for (unsigned i = 0; i < 6; i++)
			again[i] = cmos(index[i]);
	} while ((cmos(0x0a) & 0x80 || __builtin_memcmp(now, again, 6)) && ++tries < 10000);
	b = cmos(0x0b);
	outb(0x70, 0x0d);
	s = bcd(now[0], !(b & 4));
	m = bcd(now[1], !(b & 4));
	h = bcd(now[2] & 0x7f, !(b & 4));
	if (!(b & 2))
		h = h % 12 + (now[2] & 0x80 ? 12 : 0);
	day = bcd(now[3], !(b & 4));
	month = bcd(now[4], !(b & 4));
	year = 2000 + bcd(now[5], !(b & 4));
	if (s > 59 || m > 59 || h > 23 || day < 1 || day > 31 || month < 1 || month > 12 ||
		year > 2099)
		return 0;
	days = days_before_year(year) + days_before_month[month - 1] + day - 1;
	if (year % 4 == 0 && month > 2)
		days++;
	return (((days * 24 + h) * 60 + m) * 60 + s) * NS_PER_SECOND;
}

static void start_clock(uint64_t hz, const char *source)
{
	wall_start = read_rtc();
	tsc_start = rdtsc();
	tsc = tick_rate_of(hz);
	vmk_log("TSC at %llu kHz, calibrated against the %s", (unsigned long long)(hz / 1000),
		source);
}

void time_init_early(void)
{
	uint64_t hz = calibrate(measure_pit);

	if (hz >= TICK_RATE_HZ_MIN)
		start_clock(hz, "PIT");
}

void time_init(void)
{
	uint64_t hz;

	if (tsc.hz)
		return;
	hz = calibrate(measure_hpet);
	if (hz < TICK_RATE_HZ_MIN)
		panic("no clock: neither PIT nor HPET answers");
	start_clock(hz, "HPET");
}

uint64_t time_ns(void)
{
	if (!tsc.hz)
		return 0;
	return tick_rate_ns(&tsc, rdtsc() + (uint64_t)percpu()->tsc_offset - tsc_start);
}

uint64_t time_wall_ns(void)
{
	return wall_start ? wall_start + time_ns() : 0;
}

uint64_t time_tsc_hz(void)
{
	return tsc.hz;
}

uint64_t time_tsc_at(uint64_t ns)
{
	return tsc_start - (uint64_t)percpu()->tsc_offset + tick_rate_ticks(&tsc, ns);
}

void time_spin_us(uint32_t microseconds)
{
	uint64_t start = rdtsc(), ticks = (uint64_t)microseconds * (tsc.hz / 1000) / 1000 + 1;

	while (rdtsc() - start < ticks)
		cpu_pause();
}
