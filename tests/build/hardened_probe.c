/* Compiled as the kernel is, for tests/build/hardened.sh: each function shows one of its flags. */
#include <stdint.h>

void probe_callee(char *text);
void probe_zeroes(void);
uint64_t probe_registers(uint64_t a, uint64_t b, uint64_t c);
void probe_indirect(void (*function)(char *), char *text);
int probe_switch(int x);

/* What is on the stack begins as zero, and has a canary above it. */
void probe_zeroes(void)
{
	char text[64];

	probe_callee(text);
}

/* What was in registers leaves nothing there. */
uint64_t probe_registers(uint64_t a, uint64_t b, uint64_t c)
{
	return a * b + b * c + (a ^ c);
}

void probe_indirect(void (*function)(char *), char *text)
{
	function(text);
	text[0] = 0;
}

/* No table to jump through. */
int probe_switch(int x)
{
	switch (x) {
	case 0:
		return 11;
	case 1:
		return 4;
	case 2:
		return 7;
	case 3:
		return 45;
	case 4:
		return 2;
	case 5:
		probe_zeroes();
		return 3;
	default:
		return 0;
	}
}
