/* vmkpredict: reference values from files, before anything has booted. */
#include "policy/predict/document.h"
#include "policy/predict/explain.h"
#include "policy/predict/parts.h"
#include "policy/predict/pe.h"
#include "policy/predict/platform.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_DIFFERENT = 1, EXIT_USAGE = 2, EXIT_BAD = 3 };

struct arguments {
	struct prediction_inputs inputs;
	const char *out, *log, *name, *policy, *good, *launch;
	bool json;
};

static int usage(FILE *to, int code)
{
	fputs("usage: vmkpredict policy --boot-cfg FILE --dir DIR --tboot FILE --tboot-args TEXT\n"
	      "                         --sinit FILE [--vlp FILE] [--lcp FILE [--lcp-data FILE]]\n"
	      "                         --platform FILE [--out FILE]\n"
	      "           every event digest and PCR of a launch of these files, as a policy\n"
	      "           (without --out: a table)\n"
	      "       vmkpredict policy --launch srtm --boot-cfg FILE --dir DIR --grub FILE\n"
	      "                         --grub-cfg FILE --platform FILE [--out FILE]\n"
	      "           the same of a static launch: UEFI firmware and GRUB measured it\n"
	      "           --require-dma-protection: only where VT-d keeps devices to their own "
	      "memory\n"
	      "           --require-cpu NAME,...: only where the CPU has these protections on\n"
	      "           --allow-community: also where unsigned packages may load\n"
	      "           --audit-forbid KIND,...: only where the audit log has none of these\n"
	      "       vmkpredict capture --log FILE --name NAME [--sinit FILE] [--out FILE]\n"
	      "       vmkpredict capture --launch srtm --log FILE --name NAME [--grub FILE] [--out "
	      "FILE]\n"
	      "           the PLATFORM layer, once, from the event log of a launch\n"
	      "       vmkpredict explain --policy FILE --dir DIR [--good DIR] [--json]\n"
	      "           which bytes of which file differ from what the policy was made from;\n"
	      "           exit status 0: none, 1: some\n"
	      "exit status: 2 usage, 3 an input cannot be used\n",
		to);
	return code;
}

static int fail(const struct prediction_error *error)
{
	fprintf(stderr, "vmkpredict: %s\n", error->text);
	return EXIT_BAD;
}

/* Writes to a new file and renames it, so that nobody ever reads half a policy. */
static int write_json(json_t *json, const char *path)
{
	char temporary[4096];

	if (!json) {
		fputs("vmkpredict: out of memory\n", stderr);
		return EXIT_BAD;
	}
	if (!path)
		return json_dumpf(json, stdout, JSON_INDENT(1)) || puts("") < 0 ? EXIT_BAD : 0;
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	if (json_dump_file(json, temporary, JSON_INDENT(1)) == 0 && rename(temporary, path) == 0)
		return 0;
	fprintf(stderr, "vmkpredict: %s: %s\n", path, strerror(errno));
	return EXIT_BAD;
}

static int command_policy(struct arguments *a)
{
	static struct prediction prediction;
	struct prediction_inputs *i = &a->inputs;
	struct prediction_error error;
	int code = 0;

	if (!i->boot_cfg || !i->directory || !i->platform || (i->lcp_data && !i->lcp) ||
		(i->lcp && i->launch == VMK_LAUNCH_SRTM))
		return usage(stderr, EXIT_USAGE);
	if (i->launch == VMK_LAUNCH_SRTM ? !i->grub || !i->grub_cfg
					 : !i->tboot || !i->tboot_args || !i->sinit)
		return usage(stderr, EXIT_USAGE);
	if (prediction_make(i, &prediction, &error) != VMK_OK) {
		prediction_free(&prediction);
		return fail(&error);
	}
	if (a->out || a->json) {
		json_t *json = document_of(&prediction);

		code = write_json(json, a->out);
		json_decref(json);
	} else {
		document_print(&prediction, stdout);
	}
	prediction_free(&prediction);
	return code;
}

/* What the first measured file (SINIT, or GRUB) explains of the log is tied to it. */
static enum vmk_status capture(const struct arguments *a, const struct buffer *log,
	struct platform *platform, struct prediction_error *error)
{
	bool is_static = a->inputs.launch == VMK_LAUNCH_SRTM;
	const char *path = is_static ? a->inputs.grub : a->inputs.sinit, *why = "";
	struct sinit_measurements sinit;
	struct buffer file = {0};
	enum vmk_status status = VMK_OK;
	uint8_t grub[32];

	if (path)
		status = buffer_read(path, &file, &why);
	if (path && status == VMK_OK)
		status = is_static ? pe_digest(&file, grub, &why)
				   : sinit_measure(&file, &sinit, &why);
	buffer_free(&file);
	if (status != VMK_OK)
		return prediction_fail(error, status, path, why);
	if (is_static)
		return platform_capture_static(
			log->data, log->size, path ? grub : NULL, a->name, platform, error);
	return platform_capture(
		log->data, log->size, path ? &sinit : NULL, a->name, platform, error);
}

static int command_capture(struct arguments *a)
{
	static struct platform platform;
	struct prediction_error error;
	struct buffer log;
	enum vmk_status status;
	const char *why = "";
	json_t *json;
	int code;

	if (!a->log || !a->name)
		return usage(stderr, EXIT_USAGE);
	if (buffer_read(a->log, &log, &why) != VMK_OK) {
		prediction_fail(&error, VMK_NOT_FOUND, a->log, why);
		return fail(&error);
	}
	status = capture(a, &log, &platform, &error);
	buffer_free(&log);
	if (status != VMK_OK)
		return fail(&error);
	json = platform_json(&platform);
	code = write_json(json, a->out);
	json_decref(json);
	return code;
}

struct explanation {
	unsigned count;
	json_t *json; /* NULL: lines for people */
};

static void show_difference(const struct difference *d, void *context)
{
	struct explanation *e = context;

	e->count++;
	if (e->json)
		json_array_append_new(e->json,
			json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:I}", "file", d->name, "role",
				d->role, "missing", d->missing, "first", (json_int_t)d->first,
				"last", (json_int_t)d->last, "size", (json_int_t)d->size,
				"expectedSize", (json_int_t)d->expected_size));
	else if (d->missing)
		printf("%s (%s): missing\n", d->name, d->role);
	else
		printf("%s (%s): bytes %#llx to %#llx differ\n", d->name, d->role,
			(unsigned long long)d->first, (unsigned long long)d->last);
}

static int command_explain(struct arguments *a)
{
	struct explanation e = {0};
	struct prediction_error error;
	json_error_t at;
	json_t *policy;
	enum vmk_status status;

	if (!a->policy || !a->inputs.directory)
		return usage(stderr, EXIT_USAGE);
	policy = json_load_file(a->policy, JSON_REJECT_DUPLICATES, &at);
	if (!policy) {
		prediction_fail(&error, VMK_BAD_FORMAT, a->policy, at.text);
		return fail(&error);
	}
	if (a->json)
		e.json = json_array();
	status = explain(policy, a->inputs.directory, a->good, show_difference, &e, &error);
	json_decref(policy);
	if (status != VMK_OK) {
		json_decref(e.json);
		return fail(&error);
	}
	if (e.json)
		write_json(e.json, NULL);
	else if (!e.count)
		puts("every file that the policy describes is as it says");
	json_decref(e.json);
	return e.count ? EXIT_DIFFERENT : 0;
}

/* False, and says so, for a name that is none. */
static bool require_cpu(struct prediction_inputs *inputs, char *list)
{
	char *save = NULL;

	for (char *name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		unsigned i = 0;

		while (i < VMK_CPU_PROTECTION_COUNT && strcmp(cpu_protections[i], name) != 0)
			i++;
		if (i == VMK_CPU_PROTECTION_COUNT) {
			fprintf(stderr, "vmkpredict: --require-cpu: %s is none of", name);
			for (i = 0; i < VMK_CPU_PROTECTION_COUNT; i++)
				fprintf(stderr, " %s", cpu_protections[i]);
			fputc('\n', stderr);
			return false;
		}
		inputs->cpu_required |= 1u << i;
	}
	return true;
}

static bool parse_arguments(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{"boot-cfg", required_argument, NULL, 'b'},
		{"dir", required_argument, NULL, 'd'},
		{"tboot", required_argument, NULL, 't'},
		{"tboot-args", required_argument, NULL, 'a'},
		{"sinit", required_argument, NULL, 's'},
		{"vlp", required_argument, NULL, 'v'},
		{"lcp", required_argument, NULL, 'O'},
		{"lcp-data", required_argument, NULL, 'A'},
		{"platform", required_argument, NULL, 'p'},
		{"launch", required_argument, NULL, 'L'},
		{"grub", required_argument, NULL, 'G'},
		{"grub-cfg", required_argument, NULL, 'c'},
		{"out", required_argument, NULL, 'o'},
		{"log", required_argument, NULL, 'l'},
		{"name", required_argument, NULL, 'n'},
		{"policy", required_argument, NULL, 'P'},
		{"good", required_argument, NULL, 'g'},
		{"json", no_argument, NULL, 'j'},
		{"require-dma-protection", no_argument, NULL, 'D'},
		{"require-cpu", required_argument, NULL, 'R'},
		{"allow-community", no_argument, NULL, 'C'},
		{"audit-forbid", required_argument, NULL, 'F'},
		{0},
	};
	const char **const values[] = {['b'] = &a->inputs.boot_cfg,
		['d'] = &a->inputs.directory,
		['t'] = &a->inputs.tboot,
		['a'] = &a->inputs.tboot_args,
		['s'] = &a->inputs.sinit,
		['v'] = &a->inputs.vlp,
		['O'] = &a->inputs.lcp,
		['A'] = &a->inputs.lcp_data,
		['p'] = &a->inputs.platform,
		['L'] = &a->launch,
		['G'] = &a->inputs.grub,
		['c'] = &a->inputs.grub_cfg,
		['F'] = &a->inputs.audit_forbid,
		['o'] = &a->out,
		['l'] = &a->log,
		['n'] = &a->name,
		['P'] = &a->policy,
		['g'] = &a->good};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?' || (option == 'R' && !require_cpu(&a->inputs, optarg)))
			return false;
		if (option == 'j')
			a->json = true;
		else if (option == 'D')
			a->inputs.dma_protection = true;
		else if (option == 'C')
			a->inputs.community = true;
		else if (option != 'R')
			*values[option] = optarg;
	}
	if (a->launch && strcmp(a->launch, "drtm") && strcmp(a->launch, "srtm"))
		return false;
	a->inputs.launch =
		a->launch && !strcmp(a->launch, "srtm") ? VMK_LAUNCH_SRTM : VMK_LAUNCH_DRTM;
	return optind == argc;
}

int main(int argc, char **argv)
{
	static struct arguments a;

	if (argc < 2)
		return usage(stderr, EXIT_USAGE);
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") ||
		(argc > 2 && !strcmp(argv[2], "--help")))
		return usage(stdout, 0);
	if (!parse_arguments(argc - 1, argv + 1, &a))
		return usage(stderr, EXIT_USAGE);
	if (!strcmp(argv[1], "policy"))
		return command_policy(&a);
	if (!strcmp(argv[1], "capture"))
		return command_capture(&a);
	if (!strcmp(argv[1], "explain"))
		return command_explain(&a);
	fprintf(stderr, "vmkpredict: there is no command '%s'\n", argv[1]);
	return usage(stderr, EXIT_USAGE);
}
