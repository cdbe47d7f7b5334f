/* What free frames hold: nothing, but for those that nobody had since the boot. */
#include "mem/audit.h"
#include "mem/frame_pool.h"

bool audit_free_next(const struct frame_pool *pool, uint64_t *below, unsigned looks,
	bool (*is_zero)(uint64_t frame), struct audit_free *result)
{
	for (; looks && *below; looks--) {
		if (!frame_pool_is_cleared(pool, --*below))
			continue;
		result->frames++;
		result->dirty += !is_zero(*below);
		return true;
	}
	return false;
}
