/* What a C program expects around it: thread pointer, clocks, random numbers, floating point. */
#include "kernel/worlds/selftest/check.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <vmkuser/libvmkuser.h>

#define JANUARY_2024 1704067200

static _Thread_local int thread_local_word = 42;

static void check_random(void)
{
	unsigned char a[32] = {0}, b[32] = {0};

	check(vmku_random(a, sizeof(a)) == VMK_OK && vmku_random(b, sizeof(b)) == VMK_OK &&
			memcmp(a, b, sizeof(a)) != 0,
		"random numbers differ");
}

/* Kept in SSE and x87 registers while other worlds run. */
static void check_floating_point(void)
{
	volatile double half = 0.5, sum = 0;
	volatile long double long_half = 0.5L;
	char text[32];

	for (int i = 0; i < 20; i++) {
		sum += sqrt(half) * half + (double)(long_half * long_half);
		vmku_wait(NULL, 0, 100000, NULL);
	}
	snprintf(text, sizeof(text), "%.4f", sum);
	check(strcmp(text, "12.0711") == 0, "floating point survives waiting");
}

static void check_clocks(void)
{
	struct timespec a = {0}, b = {0};

	check(clock_gettime(CLOCK_MONOTONIC, &a) == 0 && clock_gettime(CLOCK_MONOTONIC, &b) == 0 &&
			(b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec)),
		"the monotonic clock does not go back");
	check(time(NULL) > JANUARY_2024, "the wall clock is plausible");
}

/* Where this life of the world is, without saying it: equal tags mean equal places. */
static void print_placement(void)
{
	uint64_t places[] = {(uint64_t)&check_runtime, (uint64_t)__builtin_frame_address(0)};

	for (unsigned i = 0; i < 2; i++)
		places[i] = (places[i] >> 12) * 0x9e3779b97f4a7c15u >> 40;
	printf("placement: image tag=%06llx stack tag=%06llx\n", (unsigned long long)places[0],
		(unsigned long long)places[1]);
}

void check_runtime(void)
{
	check_status(vmku_set_tls((void *)0xffff800000000000), VMK_BAD_ADDRESS,
		"a thread pointer into the kernel is refused");
	check(thread_local_word == 42, "thread-local data");
	check(read(0, &thread_local_word, 1) == -1 && errno == ENOSYS,
		"a Linux system call that is not ours is ENOSYS");
	check(strcmp(vmku_start()->world, "selftest") == 0, "the world knows its name");
	check_random();
	check_floating_point();
	check_clocks();
	print_placement();
}
