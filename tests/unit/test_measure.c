/* sources: kernel/trust/measure.c kernel/trust/evlog_write.c kernel/trust/evlog_read.c */
/* sources: kernel/trust/hash.c tests/unit/shim/panic.c */
/* needs: build/host-lib/libmbedtls.a */
/* libs: build/host-lib/libmbedtls.a */
/* PCR and log move together or not at all. */
#include "trust/evlog_read.h"
#include "trust/hash.h"
#include "trust/measure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct fake {
	enum vmk_status answer;
	unsigned calls, pcr;
	uint8_t sha1[20], sha256[32];
};

static struct fake fake;
static struct measure m;
static uint8_t buffer[1024];

static enum vmk_status extend(
	void *tpm, unsigned pcr, const uint8_t sha1[20], const uint8_t sha256[32])
{
	struct fake *f = tpm;

	f->calls++;
	f->pcr = pcr;
	memcpy(f->sha1, sha1, 20);
	memcpy(f->sha256, sha256, 32);
	return f->answer;
}

static const struct measure_ops ops = {.extend = extend};

static void start(size_t room, bool measured)
{
	memset(&fake, 0, sizeof(fake));
	assert_int_equal(measure_init(&m, &ops, &fake, buffer, room, true, true, measured), VMK_OK);
}

static void test_measures(void **state)
{
	uint8_t digest[32];

	start(sizeof(buffer), true);
	assert_int_equal(measure_event(&m, VMK_EV_BOOT_COMPLETE, VMK_BOOT_COMPLETE), VMK_OK);
	assert_int_equal(fake.calls, 1);
	assert_int_equal(fake.pcr, 19);
	hash_sha256("Boot Complete", 14, digest);
	assert_memory_equal(fake.sha256, digest, 32);
	assert_int_equal(measure_event(&m, VMK_EV_CONFIG, "config name=x"), VMK_OK);
	assert_int_equal(fake.pcr, 21);
	assert_memory_equal(m.log.bytes + m.log.size - 14, "config name=x", 14);
}

static void test_hashes(void **state)
{
	/* FIPS 180-4's example: "abc". */
	static const uint8_t abc256[4] = {0xba, 0x78, 0x16, 0xbf},
			     abc1[4] = {0xa9, 0x99, 0x3e, 0x36};
	uint8_t sha1[20], sha256[32];

	hash_sha1("abc", 3, sha1);
	hash_sha256("abc", 3, sha256);
	assert_memory_equal(sha1, abc1, 4);
	assert_memory_equal(sha256, abc256, 4);
}

static void test_without_launch(void **state)
{
	size_t header;

	start(sizeof(buffer), false);
	header = m.log.size;
	assert_int_equal(measure_event(&m, VMK_EV_PACKAGE, "package"), VMK_NOT_MEASURED);
	assert_int_equal(fake.calls, 0);
	assert_int_equal(m.log.size, header);
}

static void test_failure_ends_measuring(void **state)
{
	size_t header;

	start(sizeof(buffer), true);
	header = m.log.size;
	fake.answer = VMK_TIMEOUT;
	assert_int_equal(measure_event(&m, VMK_EV_PACKAGE, "package"), VMK_TIMEOUT);
	assert_int_equal(m.log.size, header);
	fake.answer = VMK_OK;
	assert_int_equal(measure_event(&m, VMK_EV_PACKAGE, "package"), VMK_TIMEOUT);
	assert_int_equal(fake.calls, 1);
}

static void test_full_log_extends_nothing(void **state)
{
	unsigned measured = 0;

	start(400, true);
	while (measure_event(&m, VMK_EV_PACKAGE, "package") == VMK_OK)
		measured++;
	assert_int_equal(fake.calls, measured);
	assert_int_equal(measure_event(&m, VMK_EV_PACKAGE, ""), VMK_NO_RESOURCES);
	assert_int_equal(fake.calls, measured);
}

static void test_unknown_event(void **state)
{
	start(sizeof(buffer), true);
	assert_int_equal(measure_event(&m, (enum vmk_event_type)0x4d4c0fff, "x"), VMK_BAD_PARAM);
	assert_int_equal(fake.calls, 0);
	assert_int_equal(measure_event(&m, VMK_EV_PACKAGE, "x"), VMK_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_measures),
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_without_launch),
		cmocka_unit_test(test_failure_ends_measuring),
		cmocka_unit_test(test_full_log_extends_nothing),
		cmocka_unit_test(test_unknown_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
