/*
 * vmkverify-bench [--json]: appraisals per second on one core, beside OpenSSL's bare check of the
 * same signature, so that what is ours and what is the signature's shows. Medians over rounds, in
 * seconds of CPU time, since other work may share the core.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/vectors/fixture.h"

#define ROUNDS        15u
#define ROUND_SECONDS 0.1

struct result {
	const char *name;
	const char *what;
	double median, lowest, highest; /* per second */
};

static struct fixture fixture;
static struct appraise_request request;

static void one_appraisal(void)
{
	struct appraisal a;

	appraise(&a, &request);
	if (!a.trusted) {
		fprintf(stderr, "bench: %s: %s\n", reason_code(a.fault.reason), a.fault.what);
		exit(1);
	}
	appraisal_free(&a);
}

/* As from a record: JSON text in, verdict out, with the key decoded anew. */
static char *record_text;

static void one_record(void)
{
	struct appraise_request from_text = request;
	struct fault fault = {0};
	struct evidence evidence;
	struct appraisal a;
	struct key key;

	if (!evidence_parse(&evidence, record_text, strlen(record_text), &fault) ||
		!key_load(&key, &fixture.host.ak_public, "key", &fault))
		exit(1);
	from_text.evidence = &evidence;
	from_text.key = &key;
	appraise(&a, &from_text);
	if (!a.trusted)
		exit(1);
	appraisal_free(&a);
	key_free(&key);
	evidence_free(&evidence);
}

static struct quote_signature signature;

static void one_verify(void)
{
	struct fault fault = {0};

	if (!quote_check_signature(&signature, &fixture.evidence.attest, &fixture.ak, &fault))
		exit(1);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(struct result *result, void (*work)(void))
{
	double rates[ROUNDS];

	for (unsigned int i = 0; i < ROUNDS; i++) {
		double start = seconds(), now;
		unsigned int count = 0;

		do {
			work();
			count++;
			now = seconds();
		} while (now - start < ROUND_SECONDS);
		rates[i] = count / (now - start);
	}
	qsort(rates, ROUNDS, sizeof(rates[0]), ascending);
	result->lowest = rates[0];
	result->median = rates[ROUNDS / 2];
	result->highest = rates[ROUNDS - 1];
}

static void pin_to_one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static void prepare(void)
{
	struct fault fault = {0};
	json_t *root;

	fixture_init(&fixture);
	fixture_attest(&fixture);
	fixture_request(&fixture, &request);
	root = evidence_to_json(&fixture.evidence);
	record_text = json_dumps(root, 0);
	json_decref(root);
	if (!quote_parse_signature(&signature, &fixture.evidence.signature, &fixture.ak, &fault))
		exit(1);
}

int main(int argc, char **argv)
{
	struct result results[] = {
		{.name = "openssl-verify", .what = "OpenSSL alone: SHA-256 and ECDSA P-256"},
		{.name = "appraise", .what = "all checks, 26 events, key decoded before"},
		{.name = "appraise-record",
			.what = "the same from a record in JSON, key decoded anew"},
	};
	void (*const work[])(void) = {one_verify, one_appraisal, one_record};
	const size_t count = sizeof(results) / sizeof(results[0]);
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;

	pin_to_one_cpu();
	prepare();
	for (size_t i = 0; i < count; i++)
		measure(&results[i], work[i]);
	if (json)
		puts("{\"benchmark\": \"verifier\", \"unit\": \"per second of CPU time\", "
		     "\"rounds\": 15, "
		     "\"results\": [");
	else
		printf("%-16s  %9s  %9s  %9s  %5s  %s\n", "", "median/s", "lowest", "highest",
			"ratio", "");
	for (size_t i = 0; i < count; i++) {
		const struct result *r = &results[i];
		double ratio = r->median / results[0].median;

		printf(json ? "{\"name\": \"%s\", \"median\": %.0f, \"lowest\": %.0f, \"highest\": "
			      "%.0f, "
			      "\"ratio\": %.3f, \"what\": \"%s\"}%s\n"
			    : "%-16s  %9.0f  %9.0f  %9.0f  %5.2f  %s%s\n",
			r->name, r->median, r->lowest, r->highest, ratio, r->what,
			json && i + 1 < count ? "," : "");
	}
	if (json)
		puts("]}");
	free(record_text);
	fixture_free(&fixture);
	return 0;
}
