#include "../intel/edge.h"
#include "../intel/models.h"

enum vmk_status vmkmod_start(const struct vmkapi *api, const struct vmkapi_pci *pci)
{
	return intel_start(api, pci, &e1000_model);
}
