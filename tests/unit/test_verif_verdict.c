/* sources: attest/verifier/auditlist.c */
/* sources: attest/verifier/cpu.c */
/* sources: attest/verifier/audit.c kernel/trust/audit_read.c kernel/lib/keyval.c */
/* sources: kernel/trust/evlog_read.c tests/vectors/fixture.c attest/verifier/reason.c */
/* sources: attest/verifier/fault.c attest/verifier/bytes.c attest/verifier/evidence.c */
/* sources: kernel/lib/hex.c */
/* sources: attest/verifier/events.c attest/verifier/replay.c attest/verifier/semantics.c */
/* sources: attest/verifier/firmware.c */
/* sources: attest/verifier/policy.c attest/verifier/key.c attest/verifier/quote.c */
/* sources: attest/verifier/host.c attest/verifier/align.c attest/verifier/explain.c */
/* sources: attest/verifier/hints.c attest/verifier/covers.c attest/verifier/appraise.c */
/* sources: attest/verifier/verdict.c */
/* libs: -ltss2-mu -lcrypto -ljansson */
/* What a verdict shows of the host's own words: never more than helps, and nothing as proven. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/vectors/fixture.h"
#include "verifier/verdict.h"

static const char launch[] = "Drtm Enabled: false\n"
			     "txt-sts: MISSING (TXT.STS: SENTER done), expected 1, found 0\n"
			     "log: holds (SINIT's event log is there)\n"
			     "\n"
			     "module 0 cmdline=vmk console=com1\n";

struct shown {
	struct fixture fixture;
	struct appraisal appraisal;
	char *text;
	json_t *json;
};

static struct shown *show(void (*change)(struct fixture *f))
{
	struct shown *s = must_alloc(1, sizeof(*s));
	struct appraise_request request;
	size_t size;
	FILE *out;

	fixture_init(&s->fixture);
	if (change)
		change(&s->fixture);
	fixture_attest(&s->fixture);
	s->fixture.evidence.logs[LOG_LAUNCH] = bytes_copy(launch, sizeof(launch));
	fixture_request(&s->fixture, &request);
	appraise(&s->appraisal, &request);
	out = open_memstream(&s->text, &size);
	verdict_print(out, &s->appraisal, &request);
	fclose(out);
	s->json = verdict_to_json(&s->appraisal, &request, -1);
	return s;
}

static void hide(struct shown *s)
{
	json_decref(s->json);
	free(s->text);
	appraisal_free(&s->appraisal);
	fixture_free(&s->fixture);
	free(s);
}

static void no_launch(struct fixture *f)
{
	f->measured.count = f->logged.count = 0;
	f->launched = false;
	fixture_extend(f);
}

static void bent_log(struct fixture *f)
{
	f->logged.items[1].digest[0] ^= 1;
}

static void other_driver(struct fixture *f)
{
	f->files[3].image[0] ^= 1;
	fixture_boot(f, &f->measured);
	f->logged = f->measured;
	fixture_extend(f);
}

static void moved_config(struct fixture *f)
{
	f->module_in_21 = 1;
	fixture_boot(f, &f->measured);
	f->logged = f->measured;
	fixture_extend(f);
}

static void check(void (*change)(struct fixture *f), enum reason reason, bool signs)
{
	struct shown *s = show(change);

	assert_int_equal(s->appraisal.fault.reason, reason);
	assert_true(!!strstr(s->text, "the host says, unproven: txt-sts: MISSING") == signs);
	assert_null(strstr(s->text, "Drtm Enabled"));
	assert_null(strstr(s->text, ": holds"));
	assert_null(strstr(s->text, "unproven: module"));
	assert_int_equal(json_array_size(json_object_get(s->json, "host-says")), 4);
	hide(s);
}

static void shows_missing_signs_where_they_help(void **state)
{
	check(NULL, REASON_NONE, false);
	check(other_driver, REASON_EVENT_MISMATCH, false);
	check(no_launch, REASON_NOT_LAUNCHED, true);
	check(bent_log, REASON_REPLAY_MISMATCH, true);
}

static void shows_one_line_per_pcr_without_a_launch(void **state)
{
	struct shown *s = show(no_launch);
	const char *line = strstr(s->text, "PCR  EVENT");
	unsigned int lines = 0;

	assert_non_null(line);
	for (line = strchr(line, '\n') + 1; *line != '\n'; line = strchr(line, '\n') + 1)
		lines++;
	assert_int_equal(lines, __builtin_popcount(s->fixture.policy.pcr_mask));
	assert_null(strstr(s->text, "event-missing"));
	assert_non_null(strstr(s->text, "not the predicted value"));
	hide(s);
}

static void shows_where_a_moved_event_comes_from(void **state)
{
	struct shown *s = show(moved_config);

	assert_int_equal(s->appraisal.fault.reason, REASON_EVENT_ORDER);
	assert_non_null(strstr(s->text, "MOVED from PCR 21\n"));
	assert_non_null(strstr(s->text, "MOVED from PCR 17\n"));
	hide(s);
}

/* Of a proven event, or it is not told. */
static void names_the_acceptance_level(void **state)
{
	struct shown *s = show(NULL);

	assert_non_null(strstr(s->text, "\nhost acceptance level: PartnerSupported\n"));
	assert_string_equal(json_string_value(json_object_get(s->json, "acceptance-level")),
		"PartnerSupported");
	hide(s);
	s = show(no_launch);
	assert_non_null(strstr(s->text, "\nhost acceptance level: unproven\n"));
	hide(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_missing_signs_where_they_help),
		cmocka_unit_test(names_the_acceptance_level),
		cmocka_unit_test(shows_one_line_per_pcr_without_a_launch),
		cmocka_unit_test(shows_where_a_moved_event_comes_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
