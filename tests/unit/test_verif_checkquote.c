/* sources: attest/verifier/cpu.c */
/* sources: attest/verifier/audit.c kernel/trust/audit_read.c kernel/lib/keyval.c */
/* sources: kernel/trust/evlog_read.c tests/vectors/fixture.c attest/verifier/reason.c */
/* sources: attest/verifier/fault.c attest/verifier/bytes.c attest/verifier/evidence.c */
/* sources: kernel/lib/hex.c */
/* sources: attest/verifier/events.c attest/verifier/replay.c attest/verifier/semantics.c */
/* sources: attest/verifier/firmware.c attest/verifier/checkquote.c */
/* sources: attest/verifier/policy.c attest/verifier/key.c attest/verifier/quote.c */
/* sources: attest/verifier/host.c attest/verifier/align.c attest/verifier/explain.c */
/* sources: attest/verifier/hints.c attest/verifier/covers.c attest/verifier/appraise.c */
/* libs: -ltss2-mu -lcrypto -ljansson */
/*
 * What is written beside a quote: platforms are captured from these logs, so a log that the quote
 * does not prove must not pass for one that it does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/vectors/fixture.h"
#include "verifier/checkquote.h"

static char directory[] = "/tmp/merlon-checkquote.XXXXXX";

static int make_directory(void **state)
{
	return mkdtemp(directory) ? 0 : -1;
}

static const char *path_of(const struct fixture *f, const char *suffix)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s.%s", directory, f->evidence.host, suffix);
	return path;
}

static bool is_there(const struct fixture *f, const char *suffix)
{
	return access(path_of(f, suffix), R_OK) == 0;
}

static void write_files(struct fixture *f)
{
	struct appraise_request request;
	struct fault fault = {0};
	struct appraisal a;

	fixture_request(f, &request);
	appraise(&a, &request);
	assert_true(checkquote_write(directory, &a, &request, &fault));
	appraisal_free(&a);
}

static void only_what_the_quote_proves_is_called_the_log(void **state)
{
	static const char *const suffixes[] = {
		"msg", "sig", "pcrs", "ak.pem", "tcg-boot.unproven.log", "vmk.unproven.log"};
	struct fixture *f = must_alloc(1, sizeof(*f));

	fixture_init_static(f);
	fixture_attest(f);
	write_files(f);
	assert_true(is_there(f, "tcg-boot.log"));
	assert_true(is_there(f, "vmk.log"));
	assert_false(is_there(f, "tcg-boot.unproven.log"));

	/* The same quote with another log: the former one's file does not stay either. */
	f->evidence.logs[LOG_TCG_BOOT].data[f->evidence.logs[LOG_TCG_BOOT].size - 40] ^= 1;
	write_files(f);
	assert_false(is_there(f, "tcg-boot.log"));
	assert_false(is_there(f, "vmk.log"));
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		assert_true(is_there(f, suffixes[i]));
		unlink(path_of(f, suffixes[i]));
	}
	assert_int_equal(rmdir(directory), 0);
	fixture_free(f);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_the_quote_proves_is_called_the_log),
	};

	return cmocka_run_group_tests(tests, make_directory, NULL);
}
