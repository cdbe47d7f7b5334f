/* System V ABI, gABI 4.1, chapters 4 and 5. */
#include "worlds/vmx/elf.h"
#include "lib/reader.h"
#include "lib/types.h"

#define MAGIC        0x464c457fu
#define CLASS_32     1u
#define CLASS_64     2u
#define LITTLE       1u
#define MACHINE_386  3u
#define MACHINE_X64  62u
#define HEADER_BYTES 64u
#define PHDR_32      32u
#define PHDR_64      56u

static struct elf_segment read_segment(struct reader *r, bool wide)
{
	struct elf_segment s;

	s.type = reader_le32(r);
	if (wide) {
		reader_skip(r, 4);
		s.offset = reader_le64(r);
		reader_skip(r, 8);
		s.physical = reader_le64(r);
		s.file_bytes = reader_le64(r);
		s.memory_bytes = reader_le64(r);
	} else {
		s.offset = reader_le32(r);
		reader_skip(r, 4);
		s.physical = reader_le32(r);
		s.file_bytes = reader_le32(r);
		s.memory_bytes = reader_le32(r);
	}
	return s;
}

struct place {
	uint64_t at;
	unsigned size, count;
};

static enum vmk_status parse_header(
	const struct boot_file *file, struct elf *elf, bool *wide, struct place *table)
{
	uint8_t bytes[HEADER_BYTES];
	size_t there = (size_t)MIN(file->bytes, (uint64_t)sizeof(bytes));
	struct reader r = reader_of(bytes, there);
	unsigned machine;

	if (!boot_read(file, 0, bytes, there) || reader_le32(&r) != MAGIC)
		return VMK_NOT_FOUND;
	*wide = reader_u8(&r) == CLASS_64;
	if (reader_u8(&r) != LITTLE)
		return VMK_NOT_FOUND;
	reader_seek(&r, 18);
	machine = reader_le16(&r);
	if (machine != (*wide ? MACHINE_X64 : MACHINE_386))
		return VMK_NOT_FOUND;
	reader_skip(&r, 4);
	elf->entry = reader_le(&r, *wide ? 8 : 4);
	table->at = reader_le(&r, *wide ? 8 : 4);
	reader_skip(&r, *wide ? 14 : 10);
	table->size = reader_le16(&r);
	table->count = reader_le16(&r);
	return r.failed ? VMK_NOT_FOUND : VMK_OK;
}

enum vmk_status elf_parse(const struct boot_file *file, struct elf *elf, const char **why)
{
	uint8_t bytes[ELF_SEGMENTS * PHDR_64];
	struct place table;
	struct reader r;
	bool wide;
	enum vmk_status status = parse_header(file, elf, &wide, &table);

	if (status != VMK_OK)
		return status;
	*why = "the ELF program headers are not where or what they should be (at most 32)";
	if (table.size != (wide ? PHDR_64 : PHDR_32) || !table.count ||
		table.count > ELF_SEGMENTS ||
		!boot_read(file, table.at, bytes, table.size * table.count))
		return VMK_BAD_FORMAT;
	elf->count = table.count;
	r = reader_of(bytes, table.size * table.count);
	for (unsigned i = 0; i < table.count; i++) {
		struct reader one = reader_sub(&r, table.size);

		elf->segment[i] = read_segment(&one, wide);
	}
	return VMK_OK;
}

enum vmk_status elf_place(
	const struct boot_request *request, const struct elf *elf, uint64_t *end, const char **why)
{
	*end = BOOT_HIGH;
	for (unsigned i = 0; i < elf->count; i++) {
		const struct elf_segment *s = &elf->segment[i];

		if (s->type != ELF_LOAD || !s->memory_bytes)
			continue;
		*why = "an ELF segment is below 1 MiB or larger in the file than in memory";
		if (s->physical < BOOT_HIGH || s->file_bytes > s->memory_bytes)
			return VMK_BAD_FORMAT;
		*why = "an ELF segment is not in the file, or the VM's memory does not hold it";
		if (s->physical >= request->memory->low_bytes ||
			!boot_place(request, &request->kernel, s->offset, s->file_bytes,
				s->physical, s->memory_bytes))
			return VMK_NO_MEMORY;
		*end = MAX(*end, s->physical + s->memory_bytes);
	}
	return VMK_OK;
}
