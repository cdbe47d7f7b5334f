/* ELF notes of a program, which may be any file. */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "tboot-integration/txtsim/bochs/known.h"
#include "tboot-integration/txtsim/run/emulators.h"

#define NOTE_ALIGN(n) (((n) + 3) & ~(uint64_t)3)

static bool find_note(const uint8_t *p, uint64_t size, char text[41])
{
	Elf64_Nhdr note;

	while (size >= sizeof(note)) {
		uint64_t name, whole;

		memcpy(&note, p, sizeof(note));
		name = sizeof(note) + NOTE_ALIGN((uint64_t)note.n_namesz);
		whole = name + NOTE_ALIGN((uint64_t)note.n_descsz);
		if (whole > size)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_descsz == BUILD_ID_BYTES) {
			for (unsigned i = 0; i < BUILD_ID_BYTES; i++)
				snprintf(text + 2 * i, 3, "%02x", p[name + i]);
			return true;
		}
		p += whole;
		size -= whole;
	}
	return false;
}

bool elf_build_id(const uint8_t *file, size_t size, char text[41])
{
	Elf64_Ehdr header;

	if (size < sizeof(header) || memcmp(file, ELFMAG, SELFMAG) != 0 ||
		file[EI_CLASS] != ELFCLASS64)
		return false;
	memcpy(&header, file, sizeof(header));
	for (unsigned i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;

		if (header.e_phoff > size || (i + 1ull) * sizeof(segment) > size - header.e_phoff)
			return false;
		memcpy(&segment, file + header.e_phoff + i * sizeof(segment), sizeof(segment));
		if (segment.p_type == PT_NOTE && segment.p_offset <= size &&
			segment.p_filesz <= size - segment.p_offset &&
			find_note(file + segment.p_offset, segment.p_filesz, text))
			return true;
	}
	return false;
}
