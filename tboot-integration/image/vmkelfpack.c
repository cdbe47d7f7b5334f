/* vmkelfpack IN OUT: an ELF32 executable, gzipped or not, without its zero pages (elfpack.h). */
#include "tboot-integration/image/elfpack.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { EXIT_BAD = 1, EXIT_USAGE = 2, FILE_MAX = 64 << 20, SLACK = 512 << 10 };

static int fail(const char *path, const char *why)
{
	fprintf(stderr, "vmkelfpack: %s: %s\n", path, why);
	return EXIT_BAD;
}

/* zlib passes through what is not compressed. */
static uint8_t *read_file(const char *path, size_t *size)
{
	gzFile file = gzopen(path, "rb");
	uint8_t *bytes = file ? malloc(FILE_MAX) : NULL;
	int got = bytes ? gzread(file, bytes, FILE_MAX) : -1;

	if (file)
		gzclose(file);
	if (got < 0 || got == FILE_MAX) {
		fail(path, got < 0 ? "cannot be read" : "longer than 64 MiB");
		free(bytes);
		return NULL;
	}
	*size = (size_t)got;
	return bytes;
}

static int write_file(const char *path, const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");
	bool good = file && fwrite(bytes, 1, size, file) == size;

	if (file)
		good = fclose(file) == 0 && good;
	return good ? 0 : fail(path, strerror(errno));
}

int main(int argc, char **argv)
{
	uint8_t *file, *out;
	size_t size, used;
	const char *why;
	int code;

	if (argc != 3) {
		fputs("usage: vmkelfpack IN OUT\n", stderr);
		return EXIT_USAGE;
	}
	file = read_file(argv[1], &size);
	if (!file)
		return EXIT_BAD;
	out = malloc(size + SLACK);
	if (!out)
		code = fail(argv[1], strerror(errno));
	else if (elfpack(file, size, out, size + SLACK, &used, &why) != VMK_OK)
		code = fail(argv[1], why);
	else
		code = write_file(argv[2], out, used);
	free(out);
	free(file);
	return code;
}
