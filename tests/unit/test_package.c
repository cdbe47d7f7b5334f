/* sources: kernel/vmkmod/package.c kernel/vmkmod/manifest.c kernel/lib/keyval.c */
/* sources: kernel/vmkmod/manifest_text.c */
/* sources: kernel/vmkmod/parameters.c kernel/vmkmod/domain.c */
/* sources: tests/unit/shim/package_bytes.c */
/* package_parse(): everything that is not exactly a package is refused, and says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/shim/package_bytes.h"
#include "vmkmod/package.h"
#include "vmkmod/package_format.h"

static struct package_bytes bytes;
static struct package package;

/* Parses a copy of exactly that size, so that the sanitizer sees every read beyond it. */
static enum vmk_status parse(size_t size, const char **why)
{
	uint8_t *copy = malloc(size ? size : 1);
	enum vmk_status status;

	assert_non_null(copy);
	memcpy(copy, bytes.data, size);
	status = package_parse(copy, size, &package, why);
	free(copy);
	return status;
}

static void make_signed(void)
{
	package_bytes_make(
		&bytes, MANIFEST_HEAD("driver") "vmkapi=3\npci=8086:100e\n", "payload", 7);
	package_bytes_record(&bytes, PACKAGE_RECORD_CERTIFICATE, 0, 13, 0xc1);
	package_bytes_record(&bytes, PACKAGE_RECORD_CMS, 0, 16, 0x5e);
}

static void expect(enum vmk_status status, const char *reason)
{
	const char *why = NULL;

	assert_int_equal(parse(bytes.size, &why), status);
	assert_string_equal(why, reason);
}

static void test_good(void **state)
{
	const char *why;

	make_signed();
	assert_int_equal(package_parse(bytes.data, bytes.size, &package, &why), VMK_OK);
	assert_string_equal(package.name, "probe");
	assert_string_equal(package.version, "1.2");
	assert_string_equal(package.provider, "merlon");
	assert_int_equal(package.kind, PACKAGE_DRIVER);
	assert_int_equal(package.level, LEVEL_PARTNER);
	assert_int_equal(package.pci_count, 1);
	assert_int_equal(package.pci[0].vendor, 0x8086);
	assert_int_equal(package.pci[0].device, 0x100e);
	assert_int_equal(package.payload_bytes, 7);
	assert_memory_equal(package.payload, "payload", 7);
	assert_ptr_equal(package.trailer, bytes.data + package.signed_bytes);
	assert_int_equal(package.trailer_bytes, 8 + 16 + 8 + 16);
}

/* Each bit of the header has one right value. */
static void test_header_bits(void **state)
{
	make_signed();
	for (size_t bit = 0; bit < 64 * 8; bit++) {
		const char *why = NULL;

		bytes.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_int_not_equal(parse(bytes.size, &why), VMK_OK);
		assert_non_null(why);
		assert_string_not_equal(why, "");
		bytes.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	assert_int_equal(parse(bytes.size, NULL), VMK_OK);
}

static void test_header_extremes(void **state)
{
	static const size_t fields[] = {16, 24, 32, 40, 48};
	static const uint64_t values[] = {
		0, 1, UINT64_MAX, UINT64_MAX - 15, 1ull << 63, 1ull << 32};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(values); j++) {
			make_signed();
			package_bytes_put(&bytes, fields[i], values[j], 8);
			assert_int_not_equal(parse(bytes.size, NULL), VMK_OK);
		}
	}
}

static void test_reasons(void **state)
{
	make_signed();
	bytes.data[0] = 'X';
	expect(VMK_BAD_FORMAT, "not a package: magic");
	make_signed();
	bytes.data[8] = 2;
	expect(VMK_UNSUPPORTED, "package format version");
	make_signed();
	package_bytes_put(&bytes, 40, PACKAGE_PAYLOAD_MAX + 1, 8);
	expect(VMK_TOO_LARGE, "payload size");
	make_signed();
	bytes.size = 40;
	expect(VMK_TRUNCATED, "file is shorter than a package header");
	make_signed();
	bytes.size = 100;
	expect(VMK_TRUNCATED, "file ends inside the signed part");
	make_signed();
	bytes.size -= 1;
	expect(VMK_TRUNCATED, "file ends inside a trailer record");
}

/* Cut anywhere but behind the signed part or the last record, it is no package. */
static void test_truncated(void **state)
{
	make_signed();
	for (size_t size = 0; size < bytes.size; size++) {
		enum vmk_status status = parse(size, NULL);

		if (size == package.signed_bytes && size != 0)
			assert_int_equal(status, VMK_OK);
		else
			assert_int_not_equal(status, VMK_OK);
	}
}

static void test_padding(void **state)
{
	make_signed();
	assert_int_equal(
		bytes.data[64 + strlen(MANIFEST_HEAD("driver") "vmkapi=3\npci=8086:100e\n")], 0);
	bytes.data[64 + strlen(MANIFEST_HEAD("driver") "vmkapi=3\npci=8086:100e\n")] = 1;
	expect(VMK_BAD_FORMAT, "padding is not zero");
	make_signed();
	bytes.data[bytes.size - 8 - 16 - 1] = 1;
	expect(VMK_BAD_FORMAT, "trailer record's padding is not zero");
	make_signed();
	memset(bytes.data + bytes.size, 0, 8);
	bytes.size += 8;
	expect(VMK_BAD_FORMAT, "trailer record's size");
}

static void test_empty_payload(void **state)
{
	package_bytes_make(&bytes, MANIFEST_HEAD("config"), "", 0);
	expect(VMK_BAD_FORMAT, "payload is empty");
}

static void test_records(void **state)
{
	make_signed();
	package_bytes_record(&bytes, PACKAGE_RECORD_CMS, 0, 8, 1);
	expect(VMK_BAD_FORMAT, "more than one signature");
	make_signed();
	package_bytes_record(&bytes, PACKAGE_RECORD_CERTIFICATE, 0, 8, 1);
	assert_int_equal(parse(bytes.size, NULL), VMK_OK);
	package_bytes_record(&bytes, PACKAGE_RECORD_CERTIFICATE, 0, 8, 1);
	expect(VMK_BAD_FORMAT, "too many certificates");
	make_signed();
	package_bytes_record(&bytes, 77, 0, 8, 1);
	expect(VMK_BAD_FORMAT, "unknown trailer record");
	make_signed();
	package_bytes_record(&bytes, 77, PACKAGE_RECORD_IGNORABLE, 8, 1);
	assert_int_equal(parse(bytes.size, NULL), VMK_OK);
	make_signed();
	package_bytes_record(&bytes, 77, 0x8001, 8, 1);
	expect(VMK_BAD_FORMAT, "trailer record's flags");
	make_signed();
	package_bytes_record(&bytes, PACKAGE_RECORD_SECOND, 0, 8, 1);
	expect(VMK_BAD_FORMAT, "second signature is required, but not known to this version");
	make_signed();
	package_bytes_record(&bytes, PACKAGE_RECORD_SECOND, PACKAGE_RECORD_IGNORABLE, 8, 1);
	assert_int_equal(parse(bytes.size, NULL), VMK_OK);
	package_bytes_record(&bytes, PACKAGE_RECORD_SECOND, PACKAGE_RECORD_IGNORABLE, 8, 1);
	expect(VMK_BAD_FORMAT, "more than one second signature");
}

static void test_record_limits(void **state)
{
	package_bytes_make(&bytes, MANIFEST_HEAD("config"), "a=b\n", 4);
	package_bytes_record(&bytes, PACKAGE_RECORD_CERTIFICATE, 0, 8, 1);
	expect(VMK_BAD_FORMAT, "certificates without a signature");
	package_bytes_make(&bytes, MANIFEST_HEAD("config"), "a=b\n", 4);
	package_bytes_record(&bytes, PACKAGE_RECORD_CMS, 0, 8, 1);
	expect(VMK_BAD_FORMAT, "signature without the signer's certificate");
	make_signed();
	for (unsigned i = 2; i < PACKAGE_RECORDS_MAX; i++)
		package_bytes_record(&bytes, 100, PACKAGE_RECORD_IGNORABLE, 1, 1);
	assert_int_equal(parse(bytes.size, NULL), VMK_OK);
	package_bytes_record(&bytes, 100, PACKAGE_RECORD_IGNORABLE, 1, 1);
	expect(VMK_BAD_FORMAT, "too many trailer records");
	make_signed();
	package_bytes_put(&bytes, bytes.size - 24 + 4, UINT32_MAX, 4);
	expect(VMK_BAD_FORMAT, "trailer record's size");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_header_bits),
		cmocka_unit_test(test_header_extremes),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_empty_payload),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_record_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
