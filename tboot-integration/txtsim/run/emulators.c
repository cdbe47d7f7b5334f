#include "tboot-integration/txtsim/run/emulators.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tboot-integration/txtsim/bochs/known.h"
#include "tboot-integration/txtsim/qemu/probe.h"
#include "tboot-integration/txtsim/run/process.h"

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

static bool read_build_id(const char *program, char text[41])
{
	char path[PATH_MAX];
	struct stat info;
	bool found = false;
	uint8_t *file;
	int fd;

	if (!process_find(program, path))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fstat(fd, &info) == 0 && info.st_size > 0) {
		file = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (file != MAP_FAILED) {
			found = elf_build_id(file, (size_t)info.st_size, text);
			munmap(file, (size_t)info.st_size);
		}
	}
	close(fd);
	return found;
}

static bool print_bochs(void)
{
	static const char *const known[] = {
#define X(build_id, package) build_id,
		BOCHS_KNOWN(X)
#undef X
	};
	static const char packages[] =
#define X(build_id, package) " " package
		BOCHS_KNOWN(X);
#undef X
	char path[PATH_MAX], text[41];

	if (!process_find("bochs-bin", path)) {
		printf("bochs missing: install%s\n", packages);
		return false;
	}
	if (read_build_id("bochs-bin", text)) {
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			if (!strcmp(text, known[i])) {
				puts("bochs usable");
				return true;
			}
		}
	}
	printf("bochs missing: %s is another build than that of%s\n", path, packages);
	return false;
}

int emulators_print(void)
{
	bool bochs = print_bochs();
	const char *remedy = qemu_missing();

	if (remedy)
		printf("qemu missing: %s\n", remedy);
	else
		puts("qemu usable");
	return bochs || !remedy ? 0 : 1;
}
