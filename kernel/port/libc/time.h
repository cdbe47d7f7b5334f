/* <time.h> of the freestanding kernel: types only; time comes from arch/x86/time.h. */
#ifndef LIBC_TIME_H
#define LIBC_TIME_H

typedef long time_t;

struct tm {
	int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst;
};

#endif
