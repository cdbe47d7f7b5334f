#include "worlds/vmx/gmem.h"
#include "lib/nospec.h"
#include <string.h>
#include <vmkuser/vm.h>

static bool is_inside(uint64_t offset, uint64_t bytes, uint64_t size)
{
	return offset <= size && bytes <= size - offset;
}

void *gmem_map(const struct gmem *memory, uint64_t gpa, uint64_t bytes)
{
	if (is_inside(gpa, bytes, memory->low_bytes))
		return memory->low + index_nospec(gpa, memory->low_bytes + 1);
	if (gpa >= VMK_VM_HIGH_BASE && memory->high_bytes &&
		is_inside(gpa - VMK_VM_HIGH_BASE, bytes, memory->high_bytes))
		return memory->high + index_nospec(gpa - VMK_VM_HIGH_BASE, memory->high_bytes + 1);
	return NULL;
}

bool gmem_read(const struct gmem *memory, uint64_t gpa, void *to, size_t bytes)
{
	const void *from = gmem_map(memory, gpa, bytes);

	if (!from) {
		memset(to, 0, bytes);
		return false;
	}
	memcpy(to, from, bytes);
	return true;
}

bool gmem_write(const struct gmem *memory, uint64_t gpa, const void *from, size_t bytes)
{
	void *to = gmem_map(memory, gpa, bytes);

	if (to)
		memcpy(to, from, bytes);
	return to != NULL;
}
