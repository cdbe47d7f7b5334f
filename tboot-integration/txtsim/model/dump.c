#include "tboot-integration/txtsim/model/dump.h"

#include <stdio.h>

#include "tboot-integration/txtsim/model/bytes.h"

static void write_file(struct txt *t, const char *path, const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");
	bool good = file && fwrite(bytes, 1, size, file) == size;

	if (file)
		good = fclose(file) == 0 && good;
	if (!good)
		txt_log(t, "%s could not be written", path);
}

void txt_dump(struct txt *t)
{
	static uint8_t window[TXT_WINDOW_SIZE];

	for (uint32_t at = 0; at < TXT_WINDOW_SIZE; at += 8)
		put_le64(window + at, txt_read(t, TXT_PUBLIC_BASE + at, 8));
	write_file(t, DUMP_REGISTERS, window, sizeof(window));
	write_file(t, DUMP_HEAP, t->mem, TXT_HEAP_SIZE);
}
