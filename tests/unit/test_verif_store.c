/* sources: attest/verifier/store.c attest/verifier/chain.c attest/verifier/hostfile.c */
/* sources: attest/verifier/host.c attest/verifier/evidence.c attest/verifier/bytes.c */
/* sources: attest/verifier/head.c attest/verifier/headfile.c attest/verifier/signature.c */
/* sources: attest/verifier/fault.c attest/verifier/reason.c kernel/lib/hex.c */
/* libs: -lcrypto -ljansson */
/* The state directory: bindings are for good, the evidence chain shows every touch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verifier/hostfile.h"
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
	return store_create(&store, directory, NULL, &fault) ? 0 : -1;
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
	assert_true(store_open(&store, directory, NULL, &fault));
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
	assert_true(store_open(&store, directory, NULL, &fault));
	assert_false(chain_holds(1));
	assert_non_null(strstr(fault.found, "signed"));
}

static void copy_file(const char *from, const char *to)
{
	struct bytes text;

	assert_true(file_read(&text, from, 10000));
	assert_true(file_write(to, text.data, text.size, 0600));
	bytes_free(&text);
}

static void remove_record(unsigned number)
{
	char tail[32], path[256];

	snprintf(tail, sizeof(tail), "%08u.json", number);
	record_name(path, tail);
	assert_int_equal(unlink(path), 0);
	snprintf(tail, sizeof(tail), "%08u.sig", number);
	record_name(path, tail);
	assert_int_equal(unlink(path), 0);
}

static bool can_append(void)
{
	char path[STORE_PATH_MAX];

	fault = (struct fault){0};
	return store_append(&store, json_pack("{s:i}", "value", 1), path, &fault);
}

/* What is left hangs together: only the head knows of the others. */
static void shows_that_the_newest_are_gone(void **state)
{
	for (int i = 0; i < 4; i++)
		append(i);
	remove_record(4);
	assert_false(chain_holds(3));
	assert_int_equal(fault.reason, REASON_STATE);
	assert_non_null(strstr(fault.what, "00000004"));
	assert_string_equal(fault.expected, "4 records");
	assert_string_equal(fault.found, "3: the newest are gone");
	/* Nor is another put into its place. */
	assert_false(can_append());
	assert_non_null(strstr(fault.what, "00000004"));
	remove_record(3);
	assert_false(chain_holds(2));
	assert_non_null(strstr(fault.what, "00000003"));
	for (unsigned i = 1; i < 3; i++)
		remove_record(i);
	assert_false(chain_holds(0));
	assert_non_null(strstr(fault.what, "00000001"));
}

static void head_name(char path[256])
{
	snprintf(path, 256, "%s/head", directory);
}

static void shows_that_the_head_is_gone(void **state)
{
	char path[256];
	uint64_t records;

	append(1);
	append(2);
	head_name(path);
	assert_int_equal(unlink(path), 0);
	assert_false(chain_holds(2));
	assert_string_equal(fault.what, path);
	assert_false(can_append());
	/* Nor is it as in the beginning when everything is. */
	remove_record(2);
	remove_record(1);
	assert_false(chain_holds(0));
	assert_false(can_append());
	/* Until an operator says that there never were more. */
	assert_true(store_adopt(&store, &records, &fault));
	assert_int_equal(records, 0);
	append(1);
	assert_true(chain_holds(1));
}

/* An old head, kept by somebody without the key, tells of an old end. */
static void shows_an_old_head(void **state)
{
	char path[256], kept[256];

	append(1);
	head_name(path);
	snprintf(kept, sizeof(kept), "%s/kept", directory);
	copy_file(path, kept);
	/* One behind: between a record and its head the verifier was killed. */
	append(2);
	copy_file(kept, path);
	assert_true(chain_holds(2));
	append(3);
	assert_true(chain_holds(3));
	copy_file(kept, path);
	assert_false(chain_holds(3));
	assert_string_equal(fault.what, path);
	assert_string_equal(fault.found, "1: it is an old one");
	assert_false(can_append());
}

/* However often the verifier is killed between a record and its head, there is never a second one
 * that the head does not know. */
static void catches_up_with_a_record_first(void **state)
{
	char path[256], blocked[300];

	append(1);
	head_name(path);
	snprintf(blocked, sizeof(blocked), "%s.new", path);
	assert_int_equal(mkdir(blocked, 0700), 0);
	for (int i = 0; i < 3; i++) {
		assert_false(can_append());
		assert_string_equal(fault.what, path);
		assert_true(chain_holds(2));
	}
	assert_int_equal(rmdir(blocked), 0);
	append(3);
	assert_true(chain_holds(3));
}

static void shows_a_changed_head(void **state)
{
	static const char *const bad[] = {"", "\n", "\n\n", "merlon-head-1 0 00\n00\n", "x"};
	char path[256], record[256];
	struct bytes text;

	append(1);
	append(2);
	head_name(path);
	assert_true(file_read(&text, path, 10000));
	*strchr((char *)text.data, '2') = '1';
	assert_true(file_write(path, text.data, text.size, 0600));
	assert_false(chain_holds(2));
	assert_string_equal(fault.what, path);
	assert_non_null(strstr(fault.found, "signed"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(file_write(path, bad[i], strlen(bad[i]), 0600));
		assert_false(chain_holds(2));
		assert_string_equal(fault.what, path);
	}
	bytes_free(&text);
	/* Nor may the last record be one of the same number that was signed some other time. */
	record_name(record, "00000002.json");
	copy_file(record, path);
	assert_false(chain_holds(2));
}

/* Where the whole directory is one of yesterday, only what is kept elsewhere knows. */
static void a_head_elsewhere_outlives_the_directory(void **state)
{
	char elsewhere[80], command[300];

	snprintf(elsewhere, sizeof(elsewhere), "%s.head", directory);
	store_close(&store);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	assert_int_equal(system(command), 0);
	fault = (struct fault){0};
	assert_true(store_create(&store, directory, elsewhere, &fault));
	append(1);
	snprintf(command, sizeof(command), "cp -r %s %s.old", directory, directory);
	assert_int_equal(system(command), 0);
	append(2);
	assert_true(chain_holds(2));
	snprintf(command, sizeof(command), "rm -r %s && mv %s.old %s", directory, directory,
		directory);
	assert_int_equal(system(command), 0);
	assert_false(chain_holds(1));
	assert_non_null(strstr(fault.what, "00000002"));
	/* With a new key it is not begun anew either. */
	store_close(&store);
	snprintf(
		command, sizeof(command), "rm %s/verifier.pem %s/evidence/*", directory, directory);
	assert_int_equal(system(command), 0);
	assert_true(store_open(&store, directory, elsewhere, &fault));
	assert_false(chain_holds(0));
	assert_string_equal(fault.what, elsewhere);
	assert_int_equal(unlink(elsewhere), 0);
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
	char path[256];

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
	/* Nor does an operator who believes that only the TPM was replaced. */
	assert_false(store_enroll(&store, &twin, true, &fault));
	assert_int_equal(fault.reason, REASON_ALREADY_ENROLLED);
	assert_non_null(strstr(fault.found, "host h"));
	strcpy(twin.name, "fresh");
	assert_false(store_enroll(&store, &twin, true, &fault));
	assert_int_equal(fault.reason, REASON_ALREADY_ENROLLED);
	snprintf(path, sizeof(path), "%s/hosts/h.json", directory);
	assert_int_equal(remove(path), 0);
	strcpy(twin.name, "twin");
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

/* What is taken is what is written there, and nothing that is only read so. */
static void refuses_what_would_be_cut_in_a_host(void **state)
{
	static const char format[] =
		"{\"format\": \"merlon-host-1\", \"name\": \"h\", \"address\": \"%s\", "
		"\"enrolled\": 1, \"ek-certificate\": \"\", \"ek-public\": \"\", "
		"\"ak-public\": \"\", \"nonces\": [], \"seen\": {\"reset-count\": 1, "
		"\"restart-count\": 2, \"firmware\": \"%s\"}}";
	static const struct {
		unsigned address;
		const char *firmware;
		bool good;
	} cases[] = {{127, "0123456789abcdef", true}, {128, "0123456789abcdef", false},
		{1, "              ab", false}, {1, "-000000000000001", false},
		{1, "0x00000000000001", false}, {1, "0123456789abcde", false}};
	char text[600], address[200];
	struct host host;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(address, sizeof(address), "%0*d", (int)cases[i].address, 7);
		snprintf(text, sizeof(text), format, address, cases[i].firmware);
		assert_int_equal(
			host_parse(&host, text, strlen(text), "path", &fault), cases[i].good);
		if (!cases[i].good)
			continue;
		assert_int_equal(host.firmware, 0x0123456789abcdef);
		assert_string_equal(host.address, address);
		host_free(&host);
	}
}

#define store_test(f) cmocka_unit_test_setup_teardown(f, open_store, remove_store)

static void opens_only_what_enrollment_made(void **state)
{
	char path[128];
	struct store other;

	snprintf(path, sizeof(path), "%s/mistyped", directory);
	assert_false(store_open(&other, path, NULL, &fault));
	assert_true(fault.local);
	assert_string_equal(fault.what, path);
	assert_int_not_equal(access(path, F_OK), 0);
	/* Nor is a directory of other things made one. */
	snprintf(path, sizeof(path), "%s/evidence", directory);
	assert_false(store_open(&other, path, NULL, &fault));
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
		store_test(shows_that_the_newest_are_gone),
		store_test(shows_that_the_head_is_gone),
		store_test(shows_an_old_head),
		store_test(catches_up_with_a_record_first),
		store_test(shows_a_changed_head),
		store_test(a_head_elsewhere_outlives_the_directory),
		store_test(refuses_a_broken_host_record),
		store_test(binds_a_tpm_to_one_name),
		store_test(refuses_keys_beyond_its_limits),
		store_test(refuses_a_record_that_it_could_not_read),
		store_test(follows_no_link_when_it_writes),
		store_test(opens_only_what_enrollment_made),
		cmocka_unit_test(refuses_numbers_beyond_their_type),
		cmocka_unit_test(refuses_what_would_be_cut_in_a_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
