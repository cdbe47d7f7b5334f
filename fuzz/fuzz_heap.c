/* sources: kernel/mem/heap.c kernel/mem/slab.c kernel/lib/lock.c */
/* plain: fuzz/models/heap_model.c tests/unit/shim/panic.c */
/* plain: fuzz/lib/figures.c */
/* coverage: edges, comparisons, bare */
/* The kernel's heap, used well and then once badly, against a list of what was given. */
#include "fuzz/models/heap_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	heap_model_run(data, size);
	return 0;
}
