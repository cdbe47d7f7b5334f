/* sources: attest/verifier/store.c attest/verifier/chain.c attest/verifier/hostfile.c */
/* sources: attest/verifier/host.c attest/verifier/evidence.c attest/verifier/bytes.c */
/* sources: kernel/lib/hex.c */
/* sources: attest/verifier/fault.c attest/verifier/reason.c */
/* libs: -lcrypto -ljansson */
/* The state directory: bindings are for good, the evidence chain shows every touch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>

#include "verifier/store.h"

static char directory[64];
static struct store store;
static struct fault fault;

static int open_store(void **state)
{
	strcpy(directory, "/tmp/merlon-store.XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	fault = (struct fault){0};
	return store_create(&store, directory, &fault) ? 0 : -1;
}

static int remove_store(void **state)
{
	char command[128];

	store_close(&store);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static struct host make_host(const char *ak)
{
	struct host host = {.name = "h", .address = "192.0.2.1:5683", .enrolled = 77};

	host.ek_certificate = bytes_copy("certificate", 11);
	host.ek_public = bytes_copy("ek", 2);
	host.ak_public = bytes_copy(ak, strlen(ak));
	return host;
}

static bool enroll(const char *ak, bool rekey)
{
	struct host host = make_host(ak);
	bool ok;

	fault = (struct fault){0};
	ok = store_enroll(&store, &host, rekey, &fault);
	host_free(&host);
	return ok;
}

static void keeps_a_host(void **state)
{
	struct host host = make_host("ak"), again;

	host.seen = true;
	host.reset_count = 5;
	host.restart_count = UINT32_MAX;
	host.firmware = 0x0123456789abcdef;
	host_use_nonce(&host, (const uint8_t *)"nonce", 5, 1000, 60000);
	assert_true(store_save_host(&store, &host, &fault));
	assert_true(store_load_host(&store, "h", &again, &fault));
	assert_string_equal(again.address, host.address);
	assert_true(bytes_equal(&again.ak_public, &host.ak_public));
	assert_true(bytes_equal(&again.ek_certificate, &host.ek_certificate));
	assert_true(again.seen && again.reset_count == 5 && again.restart_count == UINT32_MAX);
	assert_true(again.firmware == host.firmware && again.enrolled == 77);
	assert_true(host_nonce_used(&again, (const uint8_t *)"nonce", 5));
	assert_false(host_nonce_used(&again, (const uint8_t *)"Nonce", 5));
	host_free(&host);
	host_free(&again);
}

static void forgets_only_expired_nonces(void **state)
{
	struct host *host = calloc(1, sizeof(*host));
	uint8_t first = 0, last = 200;

	for (unsigned int i = 0; i <= 200; i++) {
		uint8_t nonce = (uint8_t)i;

		host_use_nonce(host, &nonce, 1, i * 1000, 60000);
	}
	assert_true(host_nonce_used(host, &last, 1));
	assert_false(host_nonce_used(host, &first, 1));
	assert_int_equal(host->nonce_count, 61);
	for (unsigned int i = 0; i < 2 * HOST_NONCES_MAX; i++)
		host_use_nonce(host, (const uint8_t *)&i, sizeof(i), 200000, 60000);
	assert_int_equal(host->nonce_count, HOST_NONCES_MAX);
	free(host);
}

static void knows_who_is_not_enrolled(void **state)
{
	struct host host;

	assert_false(store_load_host(&store, "nobody", &host, &fault));
	assert_int_equal(fault.reason, REASON_NOT_ENROLLED);
	assert_false(store_load_host(&store, "../verifier", &host, &fault));
	assert_int_equal(fault.reason, REASON_NOT_ENROLLED);
}

static void binds_for_good(void **state)
{
	struct host host;

	assert_true(enroll("ak", false));
	assert_true(enroll("ak", false));
	assert_false(enroll("another", false));
	assert_int_equal(fault.reason, REASON_ALREADY_ENROLLED);
	assert_true(store_load_host(&store, "h", &host, &fault));
	assert_memory_equal(host.ak_public.data, "ak", 2);
	host_free(&host);
	assert_true(enroll("another", true));
}

static void append(int value)
{
	char path[STORE_PATH_MAX];

	assert_true(store_append(&store, json_pack("{s:i}", "value", value), path, &fault));
}

static bool chain_holds(uint64_t expected)
{
	uint64_t records = 0;

	fault = (struct fault){0};
	return store_check_chain(&store, &records, &fault) && records == expected;
}

static void record_name(char path[256], const char *tail)
{
	snprintf(path, 256, "%s/evidence/%s", directory, tail);
}

static void chains_records(void **state)
{
	assert_true(chain_holds(0));
	for (int i = 0; i < 3; i++)
		append(i);
	assert_true(chain_holds(3));
	/* Another run goes on with the same key and chain. */
	store_close(&store);
	assert_true(store_open(&store, directory, &fault));
	append(3);
	assert_true(chain_holds(4));
}

static void shows_a_changed_record(void **state)
{
	char path[256];
	struct bytes text;

	for (int i = 0; i < 3; i++)
		append(i);
	record_name(path, "00000002.json");
	assert_true(file_read(&text, path, 10000));
	*strchr((char *)text.data, '1') = '7';
	assert_true(file_write(path, text.data, text.size, 0600));
	bytes_free(&text);
	assert_false(chain_holds(3));
	assert_non_null(strstr(fault.what, "00000002"));
}

static void shows_a_removed_record(void **state)
{
	char path[256];

	for (int i = 0; i < 3; i++)
		append(i);
	record_name(path, "00000002.json");
	assert_int_equal(unlink(path), 0);
	assert_false(chain_holds(3));
	assert_int_equal(fault.reason, REASON_STATE);
}

/* A chain that somebody else built anew hangs together, but is not ours. */
static void shows_a_foreign_signature(void **state)
{
	char path[256];

	append(1);
	snprintf(path, sizeof(path), "%s/verifier.pem", directory);
	store_close(&store);
	assert_int_equal(unlink(path), 0);
	assert_true(store_open(&store, directory, &fault));
	assert_false(chain_holds(1));
	assert_non_null(strstr(fault.found, "signed"));
}

static void refuses_a_broken_host_record(void **state)
{
	char path[256];
	struct host host;

	snprintf(path, sizeof(path), "%s/hosts/h.json", directory);
	assert_true(file_write(path, "{}", 2, 0600));
	assert_false(store_load_host(&store, "h", &host, &fault));
	assert_int_equal(fault.reason, REASON_STATE);
	assert_false(enroll("ak", false));
	assert_int_equal(fault.reason, REASON_STATE);
}

/* One TPM behind two names would let a sound host answer for another. */
static void binds_a_tpm_to_one_name(void **state)
{
	struct host twin = make_host("another");

	strcpy(twin.name, "twin");
	assert_true(enroll("ak", false));
	assert_false(store_enroll(&store, &twin, false, &fault));
	assert_int_equal(fault.reason, REASON_ALREADY_ENROLLED);
	assert_non_null(strstr(fault.found, "host h"));
	bytes_free(&twin.ek_public);
	twin.ek_public = bytes_copy("another", 7);
	fault = (struct fault){0};
	assert_true(store_enroll(&store, &twin, false, &fault));
	/* Enrolled again: itself is nobody else. */
	assert_true(store_enroll(&store, &twin, false, &fault));
	bytes_free(&twin.ak_public);
	twin.ak_public = bytes_copy("ak", 2);
	assert_false(store_enroll(&store, &twin, false, &fault));
	assert_int_equal(fault.reason, REASON_ALREADY_ENROLLED);
	fault = (struct fault){0};
	assert_true(store_enroll(&store, &twin, true, &fault));
	host_free(&twin);
}

/* A record that could not be loaded again would keep its name from ever being enrolled. */
static void refuses_keys_beyond_its_limits(void **state)
{
	struct host host = make_host("ak");

	bytes_free(&host.ek_certificate);
	host.ek_certificate = (struct bytes){.data = calloc(1, 20000), .size = 20000};
	assert_false(store_enroll(&store, &host, false, &fault));
	assert_int_equal(fault.reason, REASON_STATE);
	host_free(&host);
	assert_true(enroll("ak", false));
}

/* What a host sends must not end the chain for all the others. */
static void refuses_a_record_that_it_could_not_read(void **state)
{
	size_t size = 2 * EVIDENCE_FILE_MAX;
	char *text = calloc(1, size + 1), path[STORE_PATH_MAX];

	memset(text, 'x', size);
	append(1);
	assert_false(store_append(&store, json_pack("{s:s}", "value", text), path, &fault));
	assert_int_equal(fault.reason, REASON_STATE);
	append(2);
	assert_true(chain_holds(2));
	free(text);
}

/* In a directory that others can write to, the temporary name may be taken already. */
static void follows_no_link_when_it_writes(void **state)
{
	char path[256], temporary[256], victim[256];
	struct bytes text;

	snprintf(path, sizeof(path), "%s/file", directory);
	snprintf(temporary, sizeof(temporary), "%s/file.new", directory);
	snprintf(victim, sizeof(victim), "%s/victim", directory);
	assert_true(file_write(victim, "old", 3, 0600));
	assert_int_equal(symlink("victim", temporary), 0);
	assert_true(file_write(path, "new", 3, 0600));
	assert_true(file_read(&text, victim, 100));
	assert_memory_equal(text.data, "old", 3);
	bytes_free(&text);
	assert_true(file_read(&text, path, 100));
	assert_memory_equal(text.data, "new", 3);
	bytes_free(&text);
	assert_int_equal(readlink(path, victim, sizeof(victim)), -1);
}

/* jansson reads 64 bits; what is cut to 32 would be another mask than the one written there. */
static void refuses_numbers_beyond_their_type(void **state)
{
	static const char format[] =
		"{\"format\": \"merlon-evidence-1\", \"host\": \"h\", \"requested-ms\": 1, "
		"\"answered-ms\": 2, \"nonce\": \"\", \"qd-version\": %s, \"pcr-mask\": %s, "
		"\"attest\": \"\", \"signature\": \"\", \"logs\": {}}";
	static const char *const cases[][2] = {
		{"0", "8257536"}, {"0", "4303224832"}, {"4294967296", "8257536"}};
	struct evidence evidence;
	char text[512];

	for (size_t i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), format, cases[i][0], cases[i][1]);
		assert_int_equal(evidence_parse(&evidence, text, strlen(text), &fault), i == 0);
		if (i == 0)
			evidence_free(&evidence);
	}
}

#define store_test(f) cmocka_unit_test_setup_teardown(f, open_store, remove_store)

static void opens_only_what_enrollment_made(void **state)
{
	char path[128];
	struct store other;

	snprintf(path, sizeof(path), "%s/mistyped", directory);
	assert_false(store_open(&other, path, &fault));
	assert_true(fault.local);
	assert_string_equal(fault.what, path);
	assert_int_not_equal(access(path, F_OK), 0);
	/* Nor is a directory of other things made one. */
	snprintf(path, sizeof(path), "%s/evidence", directory);
	assert_false(store_open(&other, path, &fault));
	assert_true(fault.local);
	snprintf(path, sizeof(path), "%s/evidence/verifier.pem", directory);
	assert_int_not_equal(access(path, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(keeps_a_host),
		cmocka_unit_test(forgets_only_expired_nonces),
		store_test(knows_who_is_not_enrolled),
		store_test(binds_for_good),
		store_test(chains_records),
		store_test(shows_a_changed_record),
		store_test(shows_a_removed_record),
		store_test(shows_a_foreign_signature),
		store_test(refuses_a_broken_host_record),
		store_test(binds_a_tpm_to_one_name),
		store_test(refuses_keys_beyond_its_limits),
		store_test(refuses_a_record_that_it_could_not_read),
		store_test(follows_no_link_when_it_writes),
		store_test(opens_only_what_enrollment_made),
		cmocka_unit_test(refuses_numbers_beyond_their_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
