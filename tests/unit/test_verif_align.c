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
/* libs: -ltss2-mu -lcrypto -ljansson */
/* Laying events beside a policy: one difference is one difference, whatever it shifts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "verifier/align.h"

/* Letters stand for digests, all in PCR 17 of txt-drtm. */
#define MAX_EVENTS 32

static struct policy_event expected[MAX_EVENTS];
static struct event found[MAX_EVENTS];
static struct policy_runtime runtime[MAX_EVENTS];

static void fill(struct policy *policy, struct events *events, const char *want, const char *have)
{
	policy->events = expected;
	policy->event_count = strlen(want);
	events->items = found;
	events->count = strlen(have);
	for (size_t i = 0; want[i]; i++) {
		expected[i] = (struct policy_event){
			.log = LOG_TXT_DRTM, .pcr = 17, .type = 0x501, .name = "e", .what = ""};
		memset(expected[i].digest, want[i], DIGEST_SIZE);
	}
	for (size_t i = 0; have[i]; i++) {
		found[i] = (struct event){.log = LOG_TXT_DRTM, .pcr = 17, .type = 0x501};
		memset(found[i].digest, have[i], DIGEST_SIZE);
	}
}

/* The steps as text: letter and mark, '=' match, '!' changed, '-' missing, '+' unexpected, '~'
 * moved, 't' retyped, 'r' run time. */
static const char *show(const struct steps *steps)
{
	static const char marks[] = {'=', 'r', '!', 't', '~', '-', '+'};
	static char text[128];
	char *p = text;

	for (size_t i = 0; i < steps->count; i++) {
		const struct step *step = &steps->items[i];

		*p++ = (char)(step->found ? step->found->digest[0] : step->expected->digest[0]);
		*p++ = marks[step->mark];
	}
	*p = 0;
	return text;
}

static void check(const char *want, const char *have, const char *text)
{
	struct policy policy = {0};
	struct events events = {0};
	struct steps steps;

	fill(&policy, &events, want, have);
	align(&steps, &policy, &events);
	assert_string_equal(show(&steps), text);
	assert_true((steps_first_difference(&steps) == NULL) == (strcmp(want, have) == 0));
	steps_free(&steps);
}

static void marks_each_kind_of_difference(void **state)
{
	check("", "", "");
	check("ABC", "ABC", "A=B=C=");
	check("ABC", "AXC", "A=X!C=");
	check("ABC", "XBC", "X!B=C=");
	check("ABC", "ABX", "A=B=X!");
	check("ABC", "AC", "A=B-C=");
	check("ABC", "BC", "A-B=C=");
	check("ABC", "AB", "A=B=C-");
	check("ABC", "AXBC", "A=X+B=C=");
	check("ABC", "ABCX", "A=B=C=X+");
	check("ABC", "", "A-B-C-");
	check("", "X", "X+");
}

static void tells_moves_from_changes(void **state)
{
	check("ABCD", "ACBD", "A=C=B~D=");
	check("ABCD", "DABC", "D~A=B=C=");
}

static void keeps_two_differences_apart(void **state)
{
	check("ABCDEF", "AXCDF", "A=X!C=D=E-F=");
	check("ABCDEF", "ABYCDEXF", "A=B=Y+C=D=E=X+F=");
	check("AABA", "ABA", "A=A-B=A=");
}

static void sees_another_type(void **state)
{
	struct policy policy = {0};
	struct events events = {0};
	struct steps steps;

	fill(&policy, &events, "ABC", "ABC");
	found[1].type = 0x404;
	align(&steps, &policy, &events);
	assert_string_equal(show(&steps), "A=BtC=");
	steps_free(&steps);
}

static void allows_run_time_events_after_boot_only(void **state)
{
	struct policy policy = {.runtime = runtime, .runtime_count = 1};
	struct events events = {0};
	struct steps steps;

	runtime[0] = (struct policy_runtime){.pcr = 17, .file = "", .what = ""};
	memset(runtime[0].digest, 'R', DIGEST_SIZE);
	fill(&policy, &events, "AB", "ARBRR");
	for (size_t i = 0; i < events.count; i++)
		found[i].log = LOG_VMK;
	expected[0].log = expected[1].log = LOG_VMK;
	align(&steps, &policy, &events);
	assert_string_equal(show(&steps), "A=R+B=RrR+");
	steps_free(&steps);
	/* What tboot measured is no run-time event. */
	fill(&policy, &events, "AB", "ABR");
	align(&steps, &policy, &events);
	assert_string_equal(show(&steps), "A=B=R+");
	steps_free(&steps);
}

static void sees_moves_between_pcrs(void **state)
{
	struct policy policy = {0};
	struct events events = {0};
	struct steps steps;

	fill(&policy, &events, "AB", "AB");
	found[1].pcr = 21;
	align(&steps, &policy, &events);
	assert_string_equal(show(&steps), "A=B~");
	assert_int_equal(steps.items[1].pcr, 21);
	assert_int_equal(steps.items[1].expected->pcr, 17);
	steps_free(&steps);
	/* It is the same only when it comes from the same log. */
	found[1].log = LOG_VMK;
	align(&steps, &policy, &events);
	assert_string_equal(show(&steps), "A=B-B+");
	steps_free(&steps);
}

/* B was taken out: C and D went where B and C should. Only B is to blame. */
static void blames_what_moved_the_others(void **state)
{
	struct policy policy = {0};
	struct events events = {0};
	struct steps steps;

	fill(&policy, &events, "ABCD", "ACD");
	expected[1].pcr = found[1].pcr = 21;
	align(&steps, &policy, &events);
	assert_string_equal(show(&steps), "A=D=C~B-");
	assert_int_equal(steps_first_difference(&steps)->expected->digest[0], 'B');
	steps_free(&steps);
	/* In one PCR too: D was inserted, B only moved. */
	fill(&policy, &events, "ABC", "ACBD");
	align(&steps, &policy, &events);
	assert_string_equal(show(&steps), "A=C=B~D+");
	assert_int_equal(steps_first_difference(&steps)->found->digest[0], 'D');
	steps_free(&steps);
}

/* What tboot measured explains what the kernel did afterwards, whatever their PCRs. */
static void blames_the_earlier_log(void **state)
{
	struct policy policy = {0};
	struct events events = {0};
	struct steps steps;

	fill(&policy, &events, "AB", "XY");
	expected[0].log = found[0].log = LOG_VMK;
	expected[1].pcr = found[1].pcr = 21;
	align(&steps, &policy, &events);
	assert_string_equal(show(&steps), "X!Y!");
	assert_int_equal(steps_first_difference(&steps)->found->digest[0], 'Y');
	steps_free(&steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_each_kind_of_difference),
		cmocka_unit_test(tells_moves_from_changes),
		cmocka_unit_test(keeps_two_differences_apart),
		cmocka_unit_test(sees_another_type),
		cmocka_unit_test(allows_run_time_events_after_boot_only),
		cmocka_unit_test(sees_moves_between_pcrs),
		cmocka_unit_test(blames_what_moved_the_others),
		cmocka_unit_test(blames_the_earlier_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
