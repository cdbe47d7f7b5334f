/* vmkverify: enrolls hosts and appraises what they attest. README.md is the manual. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/options.h"
#include "verifier/verdict.h"

#define DEFAULT_WAIT_SECONDS 20u

static const char usage_text[] =
	"usage: vmkverify COMMAND [OPTION...]\n"
	"  enroll --host NAME --addr IP:PORT --ek-ca FILE... --state DIR [--rekey] [--wait S]\n"
	"         bind the host's attestation key to its TPM, proven by its EK certificate\n"
	"  attest --host NAME --policy FILE --state DIR [--addr IP:PORT] [--out DIR] [--json]\n"
	"         [--wait S] [--boot-started EPOCHSECONDS]\n"
	"         challenge the host and appraise its answer\n"
	"  replay EVIDENCE.json --policy FILE --state DIR [--out DIR] [--json]\n"
	"         appraise recorded evidence again\n"
	"  show   --host NAME --state DIR [--audit] [--adopt] [--json]\n"
	"         what is known of a host, and whether the evidence chain holds; --audit: its "
	"audit\n"
	"         log, as far as it was proven last; --adopt: no records but these ever were, "
	"where\n"
	"         the chain's head was lost\n"
	"  log    FILE [--json]\n"
	"         decode and replay an event log; decode an audit log\n"
	"--head FILE, with all that have --state: where the chain's head is kept instead of "
	"DIR/head\n"
	"exit status: 0 trusted or done, 1 untrusted or refused,\n"
	"             2 usage, or a named file or directory cannot be used, 3 unreachable\n";

struct command {
	const char *name;
	int (*run)(const struct options *options);
	const char *needs; /* letters of the options that must be there */
};

static const struct command commands[] = {
	{"enroll", cmd_enroll, "hacs"},
	{"attest", cmd_attest, "hps"},
	{"replay", cmd_replay, "fps"},
	{"show", cmd_show, "hs"},
	{"log", cmd_log, "f"},
};

static const struct option long_options[] = {
	{"host", required_argument, NULL, 'h'},
	{"addr", required_argument, NULL, 'a'},
	{"policy", required_argument, NULL, 'p'},
	{"state", required_argument, NULL, 's'},
	{"ek-ca", required_argument, NULL, 'c'},
	{"out", required_argument, NULL, 'o'},
	{"wait", required_argument, NULL, 'w'},
	{"boot-started", required_argument, NULL, 'b'},
	{"json", no_argument, NULL, 'j'},
	{"rekey", no_argument, NULL, 'r'},
	{"audit", no_argument, NULL, 'u'},
	{"adopt", no_argument, NULL, 'd'},
	{"head", required_argument, NULL, 'e'},
	{NULL, 0, NULL, 0},
};

static int usage(const char *why, const char *which)
{
	if (why)
		fprintf(stderr, "vmkverify: %s%s\n", why, which ? which : "");
	fputs(usage_text, stderr);
	return EXIT_USAGE;
}

static bool number(const char *text, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return end != text && *end == 0 && *value >= 0;
}

static bool set_option(struct options *o, int letter, const char *value)
{
	double parsed;

	switch (letter) {
	case 'h':
		o->host = value;
		return host_name_valid(value);
	case 'a':
		o->address = value;
		return true;
	case 'p':
		o->policy = value;
		return true;
	case 's':
		o->state = value;
		return true;
	case 'c':
		if (o->ek_ca_count == EK_CA_FILES_MAX)
			return false;
		o->ek_ca[o->ek_ca_count++] = value;
		return true;
	case 'o':
		o->out = value;
		return true;
	case 'w':
		if (!number(value, &parsed) || parsed > 86400)
			return false;
		o->wait_seconds = (unsigned int)parsed;
		return true;
	case 'b':
		return number(value, &o->boot_started);
	case 'e':
		o->head = value;
		return true;
	case 'd':
		o->adopt = true;
		return true;
	case 'u':
		o->audit = true;
		return true;
	case 'j':
		o->json = true;
		return true;
	default:
		o->rekey = true;
		return true;
	}
}

static bool has_option(const struct options *o, char letter)
{
	switch (letter) {
	case 'h':
		return o->host != NULL;
	case 'a':
		return o->address != NULL;
	case 'p':
		return o->policy != NULL;
	case 's':
		return o->state != NULL;
	case 'c':
		return o->ek_ca_count != 0;
	default:
		return o->file != NULL;
	}
}

static const char *option_name(char letter)
{
	for (const struct option *o = long_options; o->name; o++) {
		if (o->val == letter)
			return o->name;
	}
	return "?";
}

static int run(const struct command *command, struct options *options)
{
	for (const char *need = command->needs; *need; need++) {
		if (has_option(options, *need))
			continue;
		if (*need == 'f')
			return usage("missing argument: ", "FILE");
		return usage("missing option: --", option_name(*need));
	}
	return command->run(options);
}

/* More than one CA file may follow one --ek-ca, as the shell expands a pattern. */
static bool take_argument(struct options *options, bool after_ca, char *argument)
{
	if (after_ca)
		return set_option(options, 'c', argument);
	if (options->file)
		return false;
	options->file = argument;
	return true;
}

static bool parse(struct options *options, int argc, char **argv)
{
	bool after_ca = false;
	int letter;

	/* "-": arguments that are no options are reported in their place, as option 1. */
	while ((letter = getopt_long(argc, argv, "-", long_options, NULL)) != -1) {
		if (letter == '?')
			return false;
		if (letter == 1) {
			if (!take_argument(options, after_ca, optarg))
				return false;
			continue;
		}
		after_ca = letter == 'c';
		if (!set_option(options, letter, optarg)) {
			fprintf(stderr, "vmkverify: --%s: bad value\n", option_name((char)letter));
			return false;
		}
	}
	return true;
}

int command_failed(const struct options *options, const struct fault *fault)
{
	const char *host = options->host ? options->host : "-";

	if (fault->local) {
		fprintf(stderr, "vmkverify: %s: %s\n", fault->what, fault->found);
		return EXIT_USAGE;
	}
	if (options->json) {
		json_t *refusal = verdict_refusal_to_json(host, fault);

		json_dumpf(refusal, stdout, JSON_INDENT(1));
		putchar('\n');
		json_decref(refusal);
	}
	fprintf(stderr, "vmkverify: %s: %s\n", reason_meaning(fault->reason),
		reason_advice(fault->reason));
	verdict_print_untrusted(options->json ? stderr : stdout, host, fault);
	return fault->reason == REASON_UNREACHABLE ? EXIT_UNREACHABLE : EXIT_UNTRUSTED;
}

int main(int argc, char **argv)
{
	struct options options = {.wait_seconds = DEFAULT_WAIT_SECONDS, .boot_started = -1};

	if (argc < 2)
		return usage(NULL, NULL);
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") ||
		(argc > 2 && !strcmp(argv[2], "--help"))) {
		fputs(usage_text, stdout);
		return 0;
	}
	/* tss2-mu would add its own words about what a host sent; ours say the same in order. */
	setenv("TSS2_LOG", "all+none", 0);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (!parse(&options, argc - 1, argv + 1))
			return usage(NULL, NULL);
		return run(&commands[i], &options);
	}
	return usage("unknown command: ", argv[1]);
}
