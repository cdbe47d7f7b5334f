#include "tboot-integration/txtstat/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tboot-integration/txtsim/model/registers.h"
#include "tboot-integration/txtstat/tbootlog.h"

#define HEAP_MAX            (16u << 20)
#define MSR_FEATURE_CONTROL 0x3a
#define PATH_BYTES          4096

static bool complain(const char *what, const char *why)
{
	fprintf(stderr, "txtstat: %s: %s\n", what, why);
	return false;
}

static bool read_all(struct blob *blob, FILE *file)
{
	size_t room = 0;

	for (;;) {
		if (blob->size == room) {
			uint8_t *more;

			if (room > SOURCE_FILE_MAX) {
				errno = EFBIG;
				return false;
			}
			room = room ? 2 * room : 65536;
			more = realloc(blob->bytes, room);
			if (!more)
				return false;
			blob->bytes = more;
		}
		blob->size += fread(blob->bytes + blob->size, 1, room - blob->size, file);
		if (feof(file) || ferror(file))
			return !ferror(file);
	}
}

static void blob_free(struct blob *blob)
{
	free(blob->bytes);
	*blob = (struct blob){0};
}

bool source_file(struct blob *blob, const char *path)
{
	FILE *file = fopen(path, "rb");
	bool good;

	*blob = (struct blob){0};
	if (!file)
		return complain(path, strerror(errno));
	good = read_all(blob, file);
	if (!good) {
		complain(path, strerror(errno));
		blob_free(blob);
	}
	fclose(file);
	return good;
}

/* Device memory is read in aligned 32-bit pieces: wider or narrower reads may give nothing. */
static bool map_copy(struct blob *blob, int mem, uint64_t address, size_t size)
{
	const volatile uint32_t *at;
	void *window = mmap(NULL, size, PROT_READ, MAP_SHARED, mem, (off_t)address);

	if (window == MAP_FAILED)
		return false;
	*blob = (struct blob){.bytes = malloc(size)};
	blob->size = blob->bytes ? size : 0;
	at = window;
	for (size_t i = 0; i < blob->size / 4; i++) {
		uint32_t word = at[i];

		memcpy(blob->bytes + 4 * i, &word, 4);
	}
	munmap(window, size);
	return blob->bytes != NULL;
}

static void read_heap(struct source *s, int mem)
{
	struct txtregs regs = {s->registers.bytes, s->registers.size};
	uint64_t base = txtregs_read(&regs, TXTREG_HEAP_BASE, 8);
	uint64_t size = txtregs_read(&regs, TXTREG_HEAP_SIZE, 8);

	if (!txtregs_present(&regs) || !base || base % 4096 || !size || size > HEAP_MAX)
		return;
	s->heap_base = base;
	if (!map_copy(&s->heap, mem, base, size))
		complain("the TXT heap", strerror(errno));
}

static void read_msr(struct source *s)
{
	int msr = open("/dev/cpu/0/msr", O_RDONLY | O_CLOEXEC);

	if (msr < 0)
		return;
	if (pread(msr, &s->feature_control, 8, MSR_FEATURE_CONTROL) == 8)
		s->feature_control_known = TXT_YES;
	close(msr);
}

static void read_smx(struct source *s)
{
	FILE *file = fopen("/proc/cpuinfo", "rb");
	char line[8192];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "flags", 5))
			continue;
		s->smx = strstr(line, " smx ") ? TXT_YES : TXT_NO;
		break;
	}
	fclose(file);
}

static void read_pcr17(struct source *s)
{
	FILE *file = fopen("/sys/class/tpm/tpm0/pcr-sha256/17", "rb");
	char value[80] = "";

	if (!file)
		return;
	if (fgets(value, sizeof(value), file)) {
		size_t zero = strspn(value, "0"), ones = strspn(value, "Ff");

		s->pcr17_set = zero >= 64 || ones >= 64 ? TXT_NO : TXT_YES;
	}
	fclose(file);
}

static const char *why_not_live(int error)
{
	if (error == EACCES || error == EPERM)
		return "needs root, and a kernel that is not locked down";
	if (error == ENOENT || error == ENXIO)
		return "is not there: run this on the machine itself and outside of containers, or "
		       "read what was saved there (--dumps, --registers, --heap)";
	return strerror(error);
}

bool source_live(struct source *s)
{
	int mem = open("/dev/mem", O_RDONLY | O_CLOEXEC);

	if (mem < 0)
		return complain("/dev/mem", why_not_live(errno));
	if (!map_copy(&s->registers, mem, TXT_PUBLIC_BASE, SOURCE_REGISTERS_BYTES)) {
		complain("the TXT registers at 0xfed30000", strerror(errno));
		close(mem);
		return false;
	}
	read_heap(s, mem);
	if (!map_copy(&s->tboot, mem, TBOOTLOG_ADDRESS, TBOOTLOG_BYTES))
		complain("tboot's log at 0x60000", strerror(errno));
	close(mem);
	read_smx(s);
	read_msr(s);
	read_pcr17(s);
	return true;
}

static bool read_optional(struct blob *blob, const char *directory, const char *name)
{
	char path[PATH_BYTES];

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return false;
	return access(path, F_OK) == 0 && source_file(blob, path);
}

bool source_directory(struct source *s, const char *directory)
{
	bool registers = read_optional(&s->registers, directory, "txt-registers.bin");
	bool heap = read_optional(&s->heap, directory, "txt-heap.bin");
	bool tboot = read_optional(&s->tboot, directory, "tboot-log.bin");
	struct txtregs regs = {s->registers.bytes, s->registers.size};

	if (registers)
		s->heap_base = txtregs_read(&regs, TXTREG_HEAP_BASE, 8);
	return registers || heap || tboot ||
	       complain(directory, "holds none of txt-registers.bin, txt-heap.bin, tboot-log.bin");
}

void source_free(struct source *s)
{
	blob_free(&s->registers);
	blob_free(&s->heap);
	blob_free(&s->tboot);
}
