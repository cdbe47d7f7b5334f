/* sources: tboot-integration/image/elfpack.c */
/* coverage: edges, comparisons, lean */
/* A file that claims to be an executable: refused, or packed into the room that is said to do. */
#include "tboot-integration/image/elfpack.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_MAX (128u << 10)
#define MORE     (512u << 10) /* beyond the file's size; what was found to do */

/* The room is its end: whatever is written behind that is seen. */
static uint8_t memory[FILE_MAX + MORE];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = size + MORE, used;
	uint8_t *out = memory + sizeof(memory) - room;
	const char *why = NULL;
	enum vmk_status status;

	if (size > FILE_MAX)
		return 0;
	status = elfpack(data, size, out, room, &used, &why);
	if (status == VMK_OK ? used > room : !why)
		abort();
	if (status == VMK_OK &&
		(elfpack(data, size, out, used - 1, &used, &why) != VMK_TOO_LARGE ||
			elfpack(data, size, out, size % 64, &used, &why) != VMK_TOO_LARGE))
		abort();
	return 0;
}
