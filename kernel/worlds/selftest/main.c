#include "kernel/worlds/selftest/check.h"

#include <stdio.h>

static unsigned passed_count, failed_count;

void check(bool passed, const char *name)
{
	if (passed)
		passed_count++;
	else
		failed_count++;
	printf("%s - %s\n", passed ? "ok" : "not ok", name);
}

void check_status(enum vmk_status status, enum vmk_status expected, const char *name)
{
	check(status == expected, name);
	if (status != expected)
		printf("# %s, expected %s\n", vmk_status_name(status), vmk_status_name(expected));
}

int main(void)
{
	check_calls();
	check_pointers();
	check_memory();
	check_runtime();
	printf("selftest: %u passed, %u failed\n", passed_count, failed_count);
	return failed_count != 0;
}
