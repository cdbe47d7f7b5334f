#include "../intel/edge.h"
#include "../intel/models.h"

enum vmk_status vmkmod_start(struct vmkmod *self)
{
	return intel_start(self, &e1000e_model);
}
