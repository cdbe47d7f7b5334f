#include "fuzz/models/proxy_bars.h"

#include <stdlib.h>

static uint64_t read_bar(void *ctx, uint64_t address, unsigned size)
{
	if (size > 8)
		abort();
	return address;
}

static void write_bar(void *ctx, uint64_t address, uint64_t value, unsigned size)
{
	if (size > 8)
		abort();
}

static void reset_bar(void *ctx)
{
}

const struct pciproxy_ops proxy_bars = {read_bar, write_bar, reset_bar};
