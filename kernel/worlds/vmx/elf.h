/* ELF executables for the PC, 32 and 64 bit, as boot protocols use them: segments by physical
 * address. */
#ifndef VMX_ELF_H
#define VMX_ELF_H

#include "worlds/vmx/boot.h"

#define ELF_SEGMENTS 32u

struct elf_segment {
	uint32_t type;
	uint64_t offset, physical, file_bytes, memory_bytes;
};
struct elf {
	uint64_t entry;
	unsigned count;
	struct elf_segment segment[ELF_SEGMENTS];
};
enum { ELF_LOAD = 1, ELF_NOTE = 4 };

/* VMK_NOT_FOUND if it is no ELF file for x86. */
enum vmk_status elf_parse(const struct boot_file *file, struct elf *elf, const char **why);
/* All LOAD segments, which must lie at or above 1 MiB; *end is the first address behind them. */
enum vmk_status elf_place(
	const struct boot_request *request, const struct elf *elf, uint64_t *end, const char **why);

#endif
