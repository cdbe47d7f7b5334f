/* Time: a calibrated TSC for the monotonic clock, the RTC read once for the wall clock. */
#ifndef ARCH_TIME_H
#define ARCH_TIME_H

#include <stdint.h>

/* With the PIT alone, so that the first log lines have their times. */
void time_init_early(void);
/* Unless that worked: calibrates against the HPET, while low memory is still mapped at its own
 * addresses; panics if neither answers. */
void time_init(void);
uint64_t time_ns(void);      /* since time_init(), monotonic on every CPU */
uint64_t time_wall_ns(void); /* since 1970-01-01 UTC */
uint64_t time_tsc_hz(void);
/* The running CPU's TSC when time_ns() will be `ns`, for deadlines. */
uint64_t time_tsc_at(uint64_t ns);
void time_spin_us(uint32_t microseconds);

#endif
