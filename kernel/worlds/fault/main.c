/* A world that writes to address 0: it is to be ended alone, and started again. */
#include <stdio.h>

int main(void)
{
	int *volatile nowhere = NULL;

	puts("about to write to address 0");
	*nowhere = 1;
	puts("the write to address 0 was not stopped");
	return 1;
}
