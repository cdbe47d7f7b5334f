/* sources: kernel/trust/evlog_read.c attest/verifier/semantics.c attest/verifier/events.c */
/* sources: attest/verifier/firmware.c */
/* sources: attest/verifier/replay.c attest/verifier/evidence.c attest/verifier/bytes.c */
/* sources: kernel/lib/hex.c */
/* sources: attest/verifier/fault.c attest/verifier/reason.c */
/* libs: -lcrypto -ljansson */
/* What events mean, and what a real host's log replays to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <vmkapi/events.h>

#include "trust/evlog_read.h"
#include "verifier/replay.h"
#include "verifier/semantics.h"

#define ZEROES "0000000000000000000000000000000000000000000000000000000000000000"

static struct fault fault;

/* One kernel event with that text, its digest right. */
static bool means_something(uint32_t type, uint32_t pcr, const char *text, size_t size)
{
	struct event event = {.log = LOG_VMK,
		.pcr = pcr,
		.type = type,
		.data = (const uint8_t *)text,
		.data_size = (uint32_t)size};
	struct events events = {&event, 1};

	sha256(event.digest, text, size);
	fault = (struct fault){0};
	return semantics_check(&events, VMK_LAUNCH_DRTM, &fault);
}

#define PACKAGE(text) \
	means_something((uint32_t)VMK_EV_PACKAGE, 19, "package " text, sizeof("package " text))

#define SECURITY(text)   \
	means_something( \
		(uint32_t)VMK_EV_SECURITY_OPTIONS, 19, "security " text, sizeof("security " text))

static void reads_kernel_events(void **state)
{
	assert_true(PACKAGE("name=a version=1 kind=k provider=p level=l sha256=" ZEROES));
	assert_true(means_something((uint32_t)VMK_EV_CONFIG, 21,
		"config name=a version=1 provider=p sha256=" ZEROES,
		sizeof("config name=a version=1 provider=p sha256=" ZEROES)));
	assert_true(means_something((uint32_t)VMK_EV_BOOT_COMPLETE, 19, "Boot Complete", 14));
	assert_true(means_something(
		(uint32_t)VMK_EV_DMA, 19, "dma protection=vtd interrupts=remapped", 39));
	assert_false(means_something((uint32_t)VMK_EV_DMA, 19, "dma protection=vtd", 19));
	assert_true(means_something((uint32_t)VMK_EV_CPU, 19,
		"cpu protections=nx,smep mitigated=none exposed=its smt=off", 59));
	assert_false(means_something(
		(uint32_t)VMK_EV_CPU, 19, "cpu protections=nx,smep exposed=its smt=off", 44));
	assert_true(means_something((uint32_t)VMK_EV_VM_IMAGE, 20,
		"vm name=a version=1 provider=p level=Certified sha256=" ZEROES,
		sizeof("vm name=a version=1 provider=p level=Certified sha256=" ZEROES)));
	assert_false(means_something(
		(uint32_t)VMK_EV_DMA, 20, "dma protection=vtd interrupts=remapped", 39));
	assert_true(SECURITY(
		"execInstalledOnly=TRUE acceptanceLevel=PartnerSupported kaslr=TRUE wx=TRUE"));
	assert_true(SECURITY(
		"execInstalledOnly=TRUE acceptanceLevel=CommunitySupported kaslr=TRUE wx=TRUE"));
}

static void refuses_what_is_almost_one(void **state)
{
	/* a key missing, another order, an empty value, a blank in a value, more behind */
	assert_false(PACKAGE("name=a kind=k provider=p level=l sha256=" ZEROES));
	assert_false(PACKAGE("version=1 name=a kind=k provider=p level=l sha256=" ZEROES));
	assert_false(PACKAGE("name= version=1 kind=k provider=p level=l sha256=" ZEROES));
	assert_false(PACKAGE("name=a b version=1 kind=k provider=p level=l sha256=" ZEROES));
	assert_false(PACKAGE("name=a version=1 kind=k provider=p level=l sha256=" ZEROES " x=y"));
	assert_false(PACKAGE("name=a version=1 kind=k provider=p level=l sha256=00"));
	assert_false(PACKAGE("name=\ta version=1 kind=k provider=p level=l sha256=" ZEROES));
	assert_int_equal(fault.reason, REASON_EVENT_SEMANTICS);
	assert_false(SECURITY("execInstalledOnly=TRUE acceptanceLevel=Partner kaslr=TRUE wx=TRUE"));
	assert_false(SECURITY("execInstalledOnly=TRUE kaslr=TRUE wx=TRUE"));
	/* no zero byte at the end, or one in the middle */
	assert_false(means_something((uint32_t)VMK_EV_BOOT_COMPLETE, 19, "Boot Complete", 13));
	assert_false(means_something((uint32_t)VMK_EV_BOOT_COMPLETE, 19, "Boot\0Complete", 14));
	/* the right text in another PCR, an unknown type */
	assert_false(means_something((uint32_t)VMK_EV_BOOT_COMPLETE, 20, "Boot Complete", 14));
	assert_false(means_something(0x4d4c0099, 19, "Boot Complete", 14));
}

static void finds_fields(void **state)
{
	static const char text[] = "package name=e1000 version=1.2 kind=k provider=p level=l "
				   "sha256=" ZEROES;
	struct event event = {.log = LOG_VMK,
		.pcr = 19,
		.type = (uint32_t)VMK_EV_PACKAGE,
		.data = (const uint8_t *)text,
		.data_size = sizeof(text)};
	char value[65];

	assert_true(semantics_field(&event, "name", value, sizeof(value)));
	assert_string_equal(value, "e1000");
	assert_true(semantics_field(&event, "sha256", value, sizeof(value)));
	assert_string_equal(value, ZEROES);
	assert_false(semantics_field(&event, "sha256", value, 64));
	assert_false(semantics_field(&event, "ame", value, sizeof(value)));
	assert_false(semantics_field(&event, "nam", value, sizeof(value)));
	event.log = LOG_TXT_DRTM;
	assert_false(semantics_field(&event, "name", value, sizeof(value)));
}

/* PCR 17 and 18 as tpm2_eventlog computes them from the same log, cut at its end. */
static void replays_a_real_host(void **state)
{
	const char *directory = getenv("MERLON_TXT_DATA");
	struct evidence evidence = {0};
	struct events events;
	struct replay replay;
	struct bytes bytes;
	struct evlog log;
	uint8_t expected[DIGEST_SIZE];
	char path[4096];

	snprintf(path, sizeof(path), "%s/txt-logs.bin",
		directory ? directory : "../shared/data/txt");
	if (!file_read(&bytes, path, 1u << 20))
		skip();
	assert_int_equal(evlog_open(&log, bytes.data, bytes.size, NULL), VMK_OK);
	bytes.size = evlog_unpadded_size(&log);
	evidence.logs[LOG_TXT_DRTM] = bytes;
	assert_true(events_decode(&events, &evidence, &fault));
	assert_true(semantics_check(&events, VMK_LAUNCH_DRTM, &fault));
	replay_events(&replay, &events, events.count);
	assert_true(replay.launched);
	hex_decode_text(expected, DIGEST_SIZE,
		"ff8a57bf4a600950af3a52bd832741cf4c282300b526021fd12aacfb7fe22d5a");
	assert_memory_equal(replay.pcr[17], expected, DIGEST_SIZE);
	hex_decode_text(expected, DIGEST_SIZE,
		"ad82584b09f51b928d15168785a0f7a2ff82d2da1520e57534dff391cb4aeb95");
	assert_memory_equal(replay.pcr[18], expected, DIGEST_SIZE);
	events_free(&events);
	bytes_free(&bytes);
}

static void starts_from_the_right_values(void **state)
{
	struct replay replay;
	uint8_t digest[DIGEST_SIZE];

	replay_start(&replay, false);
	assert_true(pcr_all(replay.pcr[17], 0xff) && pcr_all(replay.pcr[22], 0xff));
	assert_true(pcr_all(replay.pcr[16], 0) && pcr_all(replay.pcr[23], 0));
	replay_start(&replay, true);
	assert_true(pcr_all(replay.pcr[17], 0) && pcr_all(replay.pcr[22], 0));
	/* SHA-256 of 64 zero bytes: an extend of zero with zero. */
	replay_extend(&replay, 20, replay.pcr[0]);
	hex_decode_text(digest, DIGEST_SIZE,
		"f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b");
	assert_memory_equal(replay.pcr[20], digest, DIGEST_SIZE);
	assert_int_equal(replay.count[20], 1);
}

static void replays_a_log_without_the_launch(void **state)
{
	struct event event = {.log = LOG_VMK, .pcr = 19};
	struct events events = {&event, 1};
	uint8_t digest[DIGEST_SIZE];
	struct replay replay;

	replay_log(&replay, &events);
	hex_decode_text(digest, DIGEST_SIZE,
		"f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b");
	assert_memory_equal(replay.pcr[19], digest, DIGEST_SIZE);
	assert_int_equal(replay.count[19], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_kernel_events),
		cmocka_unit_test(refuses_what_is_almost_one),
		cmocka_unit_test(finds_fields),
		cmocka_unit_test(starts_from_the_right_values),
		cmocka_unit_test(replays_a_log_without_the_launch),
		cmocka_unit_test(replays_a_real_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
