#include "trust/security.h"

#include "boot/options.h"

#include <stdio.h>
#include <string.h>
#include <vmkapi/events.h>

enum vmk_status security_host_level(const char *cmdline, enum acceptance_level *level)
{
	char name[32];

	*level = LEVEL_DEFAULT;
	if (!option_has(cmdline, SECURITY_OPTION_LEVEL))
		return VMK_OK;
	*level = LEVEL_COUNT - 1;
	if (!option_get(cmdline, SECURITY_OPTION_LEVEL, name, sizeof(name)))
		return VMK_BAD_PARAM;
#define X(symbol, text, arc)           \
	if (strcmp(name, text) == 0) { \
		*level = symbol;       \
		return VMK_OK;         \
	}
	ACCEPTANCE_LEVELS(X)
#undef X
	return VMK_BAD_PARAM;
}

void security_describe(enum acceptance_level level, char *to, size_t size)
{
	snprintf(to, size, VMK_SECURITY_FORMAT, acceptance_level_name(level));
}
