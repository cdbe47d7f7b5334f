/*
 * A guest that looks at its clocks without end, until somebody types something: then it says
 * whether they stood still together while it was paused, all but the time of day.
 */
#include "tests/boot/guests/flat/board.h"
#include <stdint.h>

#define COM1            0x3f8u
#define COM1_LSR        0x3fdu
#define PM_TIMER        0x608u
#define PM_TIMER_KHZ    3579u
#define PIT_COUNT2      0x42u
#define PIT_CONTROL     0x43u
#define PIT_ONE_SHOT2   0xb0u /* channel 2, both bytes, mode 0 */
#define PIT_ONE_SHOT_MS 54u   /* 65535 of its ticks, rounded down */
#define PORT_B          0x61u
#define GATE2           1u
#define OUT2            0x20u
#define RTC_INDEX       0x70u
#define RTC_DATA        0x71u
#define RTC_SECONDS     0u
#define RTC_MINUTES     2u
#define CPUID_RATE      0x40000010u
/* More than the guest ever waits for the pCPU, less than the test pauses it for. */
#define GAP_MS   500u
#define PAUSED_S 1u

void clocks(void);

static uint32_t tsc_khz;

/* Its lower half is enough for what is measured here. */
static uint32_t tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return low;
}

static uint32_t rate(void)
{
	uint32_t eax = CPUID_RATE, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return eax;
}

static uint32_t rtc(uint32_t index)
{
	uint8_t bcd;

	out8(RTC_INDEX, index);
	bcd = in8(RTC_DATA);
	return (bcd >> 4) * 10u + (bcd & 15u);
}

static uint32_t second_of_hour(void)
{
	return rtc(RTC_MINUTES) * 60 + rtc(RTC_SECONDS);
}

static void start_one_shot(void)
{
	out8(PORT_B, 0);
	out8(PIT_CONTROL, PIT_ONE_SHOT2);
	out8(PIT_COUNT2, 0xff);
	out8(PIT_COUNT2, 0xff);
	out8(PORT_B, GATE2);
}

static struct {
	uint32_t tsc, pm, one_shot, second;     /* when they were looked at last; began */
	uint32_t tsc_gap, pm_gap;               /* the longest, in ms */
	uint32_t one_shot_least, one_shot_most; /* of the TSC, in ms */
	uint32_t second_gap;
} seen;

static void look(uint32_t *last, uint32_t now, uint32_t khz, uint32_t *gap)
{
	const uint32_t ms = (now - *last) / khz;

	*last = now;
	if (ms > *gap)
		*gap = ms;
}

static void look_at_one_shot(void)
{
	uint32_t ms;

	if (!(in8(PORT_B) & OUT2))
		return;
	ms = (tsc() - seen.one_shot) / tsc_khz;
	if (ms < seen.one_shot_least)
		seen.one_shot_least = ms;
	if (ms > seen.one_shot_most)
		seen.one_shot_most = ms;
	seen.one_shot = tsc();
	start_one_shot();
}

static void look_at_day(void)
{
	const uint32_t now = second_of_hour(), passed = (now + 3600 - seen.second) % 3600;

	seen.second = now;
	if (passed > seen.second_gap)
		seen.second_gap = passed;
}

/* A tenth of a second by the ACPI timer, give or take what the VM waits for its pCPU. */
static int keeps_its_rate(void)
{
	const uint32_t pm = in32(PM_TIMER), began = tsc();
	uint32_t ms;

	while (in32(PM_TIMER) - pm < 100 * PM_TIMER_KHZ)
		;
	ms = (tsc() - began) / tsc_khz;
	return ms > 90 && ms < 150;
}

static void put_rate(void)
{
	char text[] = "its TSC goes at 00000000 kHz\n";

	for (unsigned i = 0, n = tsc_khz; i < 8; i++, n /= 10)
		text[23 - i] = (char)('0' + n % 10);
	put_text(text);
}

void clocks(void)
{
	tsc_khz = rate();
	put_rate();
	judge(keeps_its_rate(), "it keeps its rate");
	seen.one_shot_least = ~0u;
	seen.second = second_of_hour();
	seen.tsc = tsc();
	seen.pm = in32(PM_TIMER);
	seen.one_shot = tsc();
	start_one_shot();
	put_text("it looks at its clocks\n");
	while (!(in8(COM1_LSR) & 1)) {
		look(&seen.tsc, tsc(), tsc_khz, &seen.tsc_gap);
		look(&seen.pm, in32(PM_TIMER), PM_TIMER_KHZ, &seen.pm_gap);
		look_at_one_shot();
		look_at_day();
	}
	(void)in8(COM1);
	judge(seen.tsc_gap < GAP_MS, "the TSC stood still");
	judge(seen.pm_gap < GAP_MS, "the ACPI timer stood still");
	judge(seen.one_shot_least >= PIT_ONE_SHOT_MS && seen.one_shot_most < GAP_MS,
		"the 8254 stood still with the TSC");
	judge(seen.second_gap > PAUSED_S, "the time of day went on");
}
