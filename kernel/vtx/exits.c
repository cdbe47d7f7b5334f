#include "vtx/exits.h"

const char *vtx_exit_name(uint32_t reason)
{
	switch (reason & EXIT_REASON_MASK) {
#define X(symbol, number, name) \
	case number:            \
		return name;
		VTX_EXITS(X)
#undef X
	default:
		return "reserved";
	}
}
