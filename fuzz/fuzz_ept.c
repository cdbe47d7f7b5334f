/* sources: kernel/vtx/ept.c */
/* plain: fuzz/models/ept_model.c */
/* plain: fuzz/lib/figures.c */
/* coverage: edges, comparisons, bare */
/* EPT changes in any order, against a naive model with translation caches. */
#include "fuzz/lib/figures.h"
#include "fuzz/models/ept_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	figures_operations(ept_model_run(data, size));
	return 0;
}
