/* A small file that a test's script has made, whole in memory. */
#ifndef TESTS_SHIM_TEST_FILE_H
#define TESTS_SHIM_TEST_FILE_H

#include <stddef.h>
#include <stdint.h>

#define TEST_FILE_MAX 16384u

struct test_file {
	uint8_t data[TEST_FILE_MAX];
	size_t size;
};

/* Fails the test if it is missing, empty or too large. */
void test_file_load(const char *directory, const char *name, struct test_file *file);

#endif
