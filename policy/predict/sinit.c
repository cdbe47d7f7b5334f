/* What a SINIT module contributes to a launch. */
#include "policy/predict/parts.h"
#include "tboot-integration/txtsim/model/acm.h"

#include <string.h>

enum vmk_status sinit_measure(
	const struct buffer *sinit, struct sinit_measurements *measurements, const char **why)
{
	const struct acm_layout *layout = acm_check(sinit->data, sinit->size);
	struct digests module, key;

	if (!layout) {
		*why = "not a SINIT module with an RSA-2048 or RSA-3072 key";
		return VMK_BAD_FORMAT;
	}
	acm_digest(sinit->data, sinit->size, layout, &module);
	acm_key_digest(sinit->data, layout, &key);
	memcpy(measurements->module, module.sha256, sizeof(measurements->module));
	memcpy(measurements->key, key.sha256, sizeof(measurements->key));
	return VMK_OK;
}
