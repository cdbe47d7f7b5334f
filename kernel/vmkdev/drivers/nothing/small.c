/* A driver of nothing, as small as one can be. */
#include <vmkapi/module.h>

enum vmk_status vmkmod_start(struct vmkmod *self)
{
	return VMK_OK;
}
