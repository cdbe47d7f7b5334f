#include "vtx/exits.h"

const char *vtx_exit_name(uint32_t reason)
{
	static const char *const names[VTX_EXIT_COUNT] = {
#define X(symbol, number, name) [number] = name,
		VTX_EXITS(X)
#undef X
	};
	const uint32_t number = reason & EXIT_REASON_MASK;

	return number < VTX_EXIT_COUNT && names[number] ? names[number] : "reserved";
}
