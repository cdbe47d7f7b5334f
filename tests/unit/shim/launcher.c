/* What the launcher's parts need of the launcher, for tests of their parsers. */
#include "tboot-integration/txtsim/run/process.h"

double process_now(void)
{
	return 0;
}

int process_caught(void)
{
	return 0;
}
