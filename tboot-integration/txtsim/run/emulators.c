#include "tboot-integration/txtsim/run/emulators.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tboot-integration/txtsim/bochs/known.h"
#include "tboot-integration/txtsim/qemu/probe.h"
#include "tboot-integration/txtsim/run/process.h"

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
