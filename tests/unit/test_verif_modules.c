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
/*
 * Lists of modules that are not the policy's. tboot's policy sends modules to PCRs by number, so
 * that one module more or less moves others: the one to blame must be named, not those it moved.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/vectors/fixture.h"
#include "verifier/explain.h"

/* In fixture->files: what boots, in the order in which boot.cfg names the modules. */
enum { KERNEL = 2, CONFIG, DRIVER, AGENT, FILES };

struct attack {
	const char *name;
	void (*change)(struct fixture *f);
	void (*report)(struct fixture *f); /* what the host then says of itself */
	enum reason reason;
	const char *what;
	const char *consequence; /* words of another difference, or NULL */
};

static void reboot(struct fixture *f)
{
	fixture_boot(f, &f->measured);
	f->logged = f->measured;
	fixture_extend(f);
}

static void swap(struct fixture *f, size_t a, size_t b)
{
	struct fixture_file saved = f->files[a];

	f->files[a] = f->files[b];
	f->files[b] = saved;
}

/* The configuration becomes module 1, as boot.cfg has it. */
static void init(struct fixture *f)
{
	struct fault fault = {0};
	char *text;

	fixture_init(f);
	swap(f, 3, 5);
	swap(f, 4, 5);
	f->module_in_21 = 1;
	policy_free(&f->policy);
	text = fixture_policy_text(f);
	assert_true(policy_parse(&f->policy, text, strlen(text), &fault));
	free(text);
	reboot(f);
}

static void take_out(struct fixture *f, size_t file)
{
	memmove(&f->files[file], &f->files[file + 1],
		(f->file_count - file - 1) * sizeof(f->files[0]));
	f->file_count--;
	reboot(f);
}
static void take_out_config(struct fixture *f)
{
	take_out(f, CONFIG);
}
static void take_out_driver(struct fixture *f)
{
	take_out(f, DRIVER);
}
static void take_out_agent(struct fixture *f)
{
	take_out(f, AGENT);
}
static void take_out_all(struct fixture *f)
{
	f->file_count = CONFIG;
	reboot(f);
}

static void put_in(struct fixture *f, size_t file)
{
	memmove(&f->files[file + 1], &f->files[file], (f->file_count - file) * sizeof(f->files[0]));
	f->files[file] = (struct fixture_file){.module = true};
	strcpy(f->files[file].name, "rootkit.vpk");
	strcpy(f->files[file].image, "image of rootkit.vpk");
	strcpy(f->files[file].cmdline, "rootkit.vpk x");
	f->file_count++;
	reboot(f);
}
static void put_in_first(struct fixture *f)
{
	put_in(f, CONFIG);
}
static void put_in_middle(struct fixture *f)
{
	put_in(f, AGENT);
}
static void put_in_last(struct fixture *f)
{
	put_in(f, FILES);
}
/* The kernel loads it too, and so logs the hash of its image. */
static void put_in_package(struct fixture *f)
{
	put_in_last(f);
	f->files[FILES].package = true;
	reboot(f);
}
static void replace_driver(struct fixture *f)
{
	take_out(f, DRIVER);
	put_in(f, f->file_count);
}
static void swap_packages(struct fixture *f)
{
	swap(f, DRIVER, AGENT);
	reboot(f);
}
static void swap_with_config(struct fixture *f)
{
	swap(f, CONFIG, DRIVER);
	reboot(f);
}
static void swap_and_put_in(struct fixture *f)
{
	swap(f, DRIVER, AGENT);
	put_in_last(f);
}

/* Another tboot policy measures module 0 twice; the numbers go on all the same. */
static void kernel_twice(struct fixture *f)
{
	struct fixture_event *event;
	size_t after;

	put_in_last(f);
	event = fixture_find(&f->measured, 0x501) + 2;
	after = f->measured.count - (size_t)(event - f->measured.items);
	memmove(event + 1, event, after * sizeof(*event));
	f->measured.count++;
	event[1].pcr = 20;
	f->logged = f->measured;
	fixture_extend(f);
}

static void report_text(struct fixture *f, const char *text)
{
	f->evidence.logs[LOG_LAUNCH] = bytes_copy(text, strlen(text));
}
static void report(struct fixture *f)
{
	char text[1024] = "Drtm Enabled: true\n", line[128];

	for (size_t i = KERNEL; i < f->file_count; i++) {
		snprintf(line, sizeof(line), "module %zu cmdline=%s\n", i - KERNEL,
			f->files[i].cmdline);
		strcat(text, line);
	}
	report_text(f, text);
}
static void report_image(struct fixture *f)
{
	char text[256], hex[HEX_SIZE(DIGEST_SIZE)];
	uint8_t digest[DIGEST_SIZE];

	sha256(digest, f->files[FILES].image, strlen(f->files[FILES].image));
	hex_encode(hex, digest, DIGEST_SIZE);
	snprintf(text, sizeof(text), "module 4 cmdline=%s\nmodule 4 sha256=%s\n",
		f->files[FILES].cmdline, hex);
	report_text(f, text);
}
static void report_lies(struct fixture *f)
{
	report_text(f, "module 4 cmdline=harmless\"\x1b\nmodule 3 cmdline=agent\n");
}
static void report_nothing_of_it(struct fixture *f)
{
	report_text(f, "module 4 cmdline=\n");
}
static void report_both(struct fixture *f)
{
	report_text(f, "module 4 cmdline=harmless\nmodule 4 cmdline=rootkit.vpk x\n");
}

static const struct attack attacks[] = {
	{"nothing at all", reboot, report, REASON_NONE, "", NULL},
	{"the configuration taken out", take_out_config, report, REASON_EVENT_MISSING,
		"module 1 (host.vpk): not measured into PCR 21",
		"module 2 (e1000.vpk): measured into PCR 21 instead of 17"},
	{"a package in the middle taken out", take_out_driver, report, REASON_EVENT_MISSING,
		"module 2 (e1000.vpk): not measured into PCR 17",
		"module 2 (e1000.vpk): not measured into PCR 19"},
	{"the last package taken out", take_out_agent, NULL, REASON_EVENT_MISSING,
		"module 3 (agent.vpk): not measured into PCR 17", NULL},
	{"all packages taken out", take_out_all, NULL, REASON_EVENT_MISSING,
		"module 2 (e1000.vpk): not measured into PCR 17",
		"module 1 (host.vpk): not measured into PCR 21"},

	{"one added, nothing reported", put_in_last, NULL, REASON_EVENT_UNEXPECTED,
		"module 4: TB_MEASUREMENT (log txt-drtm", NULL},
	{"one added, reported", put_in_last, report, REASON_EVENT_UNEXPECTED,
		"module 4 (the host says: rootkit.vpk x)", NULL},
	{"one added, lied about", put_in_last, report_lies, REASON_EVENT_UNEXPECTED,
		"module 4 (the host says: harmless", NULL},
	{"one added, reported without a command line", put_in_last, report_nothing_of_it,
		REASON_EVENT_UNEXPECTED, "module 4 (the host says: no command line)", NULL},
	{"one added, image reported", put_in_last, report_image, REASON_EVENT_UNEXPECTED,
		"module 4 (rootkit.vpk x)", NULL},
	{"one added, loaded by the kernel", put_in_package, report, REASON_EVENT_UNEXPECTED,
		"module 4 (rootkit.vpk x)", "PACKAGE rootkit.vpk"},
	{"one added, reported twice", put_in_package, report_both, REASON_EVENT_UNEXPECTED,
		"module 4 (rootkit.vpk x)", NULL},
	{"one added in the middle", put_in_middle, report, REASON_EVENT_UNEXPECTED,
		"module 3 (the host says: rootkit.vpk x)", NULL},
	{"one added before the configuration", put_in_first, report, REASON_EVENT_UNEXPECTED,
		"module 1 (the host says: rootkit.vpk x)",
		"module 1 (host.vpk): measured into PCR 17 instead of 21"},
	{"one added, the kernel measured twice", kernel_twice, report, REASON_EVENT_UNEXPECTED,
		"module 4 (the host says: rootkit.vpk x)", "module 0 (the host says: vmk"},
	{"one added, one taken out", replace_driver, report, REASON_EVENT_MISSING,
		"module 2 (e1000.vpk): not measured into PCR 17",
		"module 3 (the host says: rootkit.vpk x)"},

	{"two packages swapped", swap_packages, report, REASON_EVENT_ORDER,
		"module 2 (e1000.vpk): at another place in PCR 17", NULL},
	{"a package swapped with the configuration", swap_with_config, report, REASON_EVENT_ORDER,
		"module 1 (host.vpk): measured into PCR 17 instead of 21",
		"module 2 (e1000.vpk): measured into PCR 21 instead of 17"},
	{"two swapped, one added", swap_and_put_in, report, REASON_EVENT_UNEXPECTED,
		"module 4 (the host says: rootkit.vpk x)",
		"module 2 (e1000.vpk): at another place in PCR 17"},
};

static bool tells(const struct appraisal *a, const struct fixture *f, const char *words)
{
	for (size_t i = 0; i < a->steps.count; i++) {
		struct fault fault = {0};

		explain(&fault, &a->steps.items[i], &f->evidence, &a->events);
		if (strstr(fault.what, words))
			return true;
	}
	return false;
}

static void run_attack(void **state)
{
	const struct attack *attack = *state;
	struct fixture *f = must_alloc(1, sizeof(*f));
	struct appraise_request request;
	struct appraisal a;

	init(f);
	attack->change(f);
	fixture_attest(f);
	if (attack->report)
		attack->report(f);
	fixture_request(f, &request);
	appraise(&a, &request);
	if (a.fault.reason != attack->reason || !strstr(a.fault.what, attack->what))
		fail_msg("reason %s, what \"%s\", expected \"%s\", found \"%s\"",
			reason_code(a.fault.reason), a.fault.what, a.fault.expected, a.fault.found);
	if (attack->consequence && !tells(&a, f, attack->consequence))
		fail_msg("no difference tells of %s", attack->consequence);
	appraisal_free(&a);
	fixture_free(f);
	free(f);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(attacks) / sizeof(attacks[0])];

	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		tests[i] = (struct CMUnitTest){.name = attacks[i].name,
			.test_func = run_attack,
			.initial_state = (void *)&attacks[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
