/* A world that never lets go of its CPU: the others run beside it, and it can be killed. */
#include <stdio.h>

int main(void)
{
	volatile unsigned long turns = 0;

	puts("spinning");
	for (;;)
		turns++;
}
