/* sources: tboot-integration/image/elfpack.c */
/* coverage: edges, comparisons, lean */
/* A file that claims to be an executable: refused, or packed into the room that is said to do. */
#include "tboot-integration/image/elfpack.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_MAX  (128u << 10)
#define MORE      (512u << 10) /* beyond the file's size; what was found to do */

#define BEFORE    64u /* bytes before the room, and what they hold */
#define UNTOUCHED 0x5a

/* The room is its end: whatever is written behind that is seen. */
static uint8_t memory[BEFORE + FILE_MAX + MORE];

static void check_before(const uint8_t *out)
{
	for (unsigned i = 1; i <= BEFORE; i++)
		if (out[-(int)i] != UNTOUCHED)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = size + MORE, used;
	const char *why = NULL;
	enum vmk_status status;
	uint8_t *out;

	if (size > FILE_MAX)
		return 0;
	out = memory + sizeof(memory) - room;
	memset(out - BEFORE, UNTOUCHED, BEFORE);
	status = elfpack(data, size, out, room, &used, &why);
	if (status == VMK_OK ? used > room : !why)
		abort();
	if (status == VMK_OK &&
		(elfpack(data, size, out, used - 1, &used, &why) != VMK_TOO_LARGE ||
			elfpack(data, size, out, size % 64, &used, &why) != VMK_TOO_LARGE))
		abort();
	check_before(out);
	return 0;
}
