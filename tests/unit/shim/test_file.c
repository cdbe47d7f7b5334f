#include "tests/unit/shim/test_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

void test_file_load(const char *directory, const char *name, struct test_file *file)
{
	char path[256];
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	in = fopen(path, "rb");
	if (!in)
		fail_msg("%s is missing", path);
	file->size = fread(file->data, 1, sizeof(file->data), in);
	fclose(in);
	assert_in_range(file->size, 1, TEST_FILE_MAX - 1);
}
