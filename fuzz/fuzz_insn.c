/* sources: kernel/vtx/insn.c */
/* A guest's bytes as instruction, in any mode: bounded, sizes that make sense, and executed without
 * reaching outside the register that it names. */
#include <stdlib.h>
#include <string.h>
#include "vtx/insn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t gpr[16] = {0}, before[16], flags = 2, memory;
	struct insn insn;

	if (size < 1)
		return 0;
	/* The last byte: the carry flag, and how large the numbers are. */
	flags |= data[size - 1] & 1;
	memory = data[size - 1] & 2 ? 0 - (uint64_t)data[0] : data[0];
	for (unsigned i = 0; i < 16; i++)
		gpr[i] = data[size - 1] & 4 ? ~0ull / (i + 1) : 0x0101010101010101ull * i;
	memcpy(before, gpr, sizeof(before));
	if (insn_decode(data + 1, size - 1, (enum insn_mode)(data[0] % 3), &insn) != VMK_OK)
		return 0;
	if (insn.length > size - 1 || insn.length > INSN_BYTES_MAX || insn.reg > 15 ||
		(insn.bytes != 1 && insn.bytes != 2 && insn.bytes != 4 && insn.bytes != 8))
		abort();
	if (!insn_reads(&insn) && !insn_writes(&insn))
		abort();
	if (insn_execute(&insn, gpr, &flags, memory) > ~0ull >> (64 - 8 * insn.bytes))
		abort();
	for (unsigned i = 0; i < 16; i++)
		if (gpr[i] != before[i] && i != insn.reg)
			abort();
	return 0;
}
