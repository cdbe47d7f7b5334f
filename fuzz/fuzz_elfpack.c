/* sources: tboot-integration/image/elfpack.c */
/* coverage: edges, comparisons */
/* A file that claims to be an executable: refused, or packed into the room that is said to do. */
#include "tboot-integration/image/elfpack.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = size + (512 << 10), used;
	uint8_t *out = malloc(room);
	const char *why = NULL;
	enum vmk_status status = elfpack(data, size, out, room, &used, &why);

	if (status == VMK_OK ? used > room : !why)
		abort();
	if (status == VMK_OK &&
		(elfpack(data, size, out, used - 1, &used, &why) != VMK_TOO_LARGE ||
			elfpack(data, size, out, size % 64, &used, &why) != VMK_TOO_LARGE))
		abort();
	free(out);
	return 0;
}
