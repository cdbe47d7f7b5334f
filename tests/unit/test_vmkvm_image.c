/* sources: kernel/vmkvm/image.c */
/* A VM's image: what is taken and what is refused, with its reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmkvm/image.h"

struct two_files {
	struct vm_image_header header;
	struct vm_image_entry entry[2];
	char first[16], second[3];
} __attribute__((packed));

static const struct two_files good = {{VM_IMAGE_MAGIC, VM_IMAGE_VERSION, 2},
	{{"kernel", 112, 5}, {"initrd", 128, 3}}, "first", {'t', 'w', 'o'}};
static struct two_files file;
static struct vm_image image;
static const char *why;

static enum vmk_status parse(size_t bytes)
{
	return vm_image_parse(&file, bytes, &image, &why);
}

static int fresh(void **state)
{
	file = good;
	return 0;
}

static void takes_two_files(void **state)
{
	assert_int_equal(parse(sizeof(file)), VMK_OK);
	assert_int_equal(image.count, 2);
	assert_string_equal(image.files[0].name, "kernel");
	assert_int_equal(image.files[0].bytes, 5);
	assert_memory_equal(image.files[1].data, "two", 3);
}

static void refuses_every_shorter_file(void **state)
{
	for (size_t bytes = 0; bytes < sizeof(file); bytes++) {
		assert_int_not_equal(parse(bytes), VMK_OK);
		assert_true(why[0]);
	}
}

static void refused(const char *reason)
{
	assert_int_not_equal(parse(sizeof(file)), VMK_OK);
	assert_string_equal(why, reason);
	file = good;
}

static void says_what_is_wrong(void **state)
{
	file.header.magic[0] = 'm';
	refused("VM image: magic");
	file.header.version = 2;
	refused("VM image: format version");
	file.header.files = 0;
	refused("VM image: number of files");
	file.header.files = VM_IMAGE_FILES_MAX + 1;
	refused("VM image: number of files");
	file.header.files = 1;
	refused("VM image: a file's offset");
	file.entry[0].name[0] = 0;
	refused("VM image: a file's name");
	file.entry[0].name[2] = '/';
	refused("VM image: a file's name");
	file.entry[0].name[20] = 'x';
	refused("VM image: a file's name");
	memset(file.entry[0].name, 'x', sizeof(file.entry[0].name));
	refused("VM image: a file's name");
	strcpy(file.entry[1].name, "kernel");
	refused("VM image: two files have one name");
	file.entry[1].offset = 144;
	refused("VM image: a file's offset");
	file.entry[1].bytes = 4;
	refused("VM image: it ends inside a file");
	file.entry[1].bytes = UINT64_MAX;
	refused("VM image: it ends inside a file");
	file.entry[1].bytes = 2;
	refused("VM image: bytes behind it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(takes_two_files, fresh),
		cmocka_unit_test_setup(refuses_every_shorter_file, fresh),
		cmocka_unit_test_setup(says_what_is_wrong, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
