/*
 * vmksign dry-run: would these packages load on that host, and if not, why? The kernel's own
 * decision (kernel/vmkmod/admission.c) in the kernel's order, over OpenSSL.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signing/commands.h"
#include "signing/crypto.h"
#include "tboot-integration/image/bootcfg.h"
#include "trust/security.h"
#include "vmkmod/admission.h"
#include "vmkmod/package_format.h"

#define BOOT_CFG_MAX (64u << 10)

struct candidate {
	char path[4096];
	struct bytes file;
	struct package package;
	bool loads;
	enum vmk_status status;
	const char *why;
};

struct dry_run {
	const char *boot_cfg, *directory, *level;
	bool json;
	struct bytes roots;
	struct bootcfg config;
	unsigned count;
	struct candidate candidates[ADMISSION_MAX];
};

static bool add_candidate(struct dry_run *run, const char *directory, const char *name)
{
	struct candidate *c = &run->candidates[run->count];
	int length;

	if (run->count == ADMISSION_MAX) {
		fprintf(stderr, "vmksign: more than %u packages\n", ADMISSION_MAX);
		return false;
	}
	length = snprintf(c->path, sizeof(c->path), "%s%s%s", directory ? directory : "",
		directory ? "/" : "", name);
	if (length < 0 || (size_t)length >= sizeof(c->path)) {
		fprintf(stderr, "vmksign: %s: name too long\n", name);
		return false;
	}
	run->count++;
	return file_read(c->path, PACKAGE_FILE_MAX, &c->file);
}

/* What the host boots already, and its level. */
static bool read_host(struct dry_run *run, enum acceptance_level *level)
{
	struct bootcfg_error error;
	struct bytes text;
	bool ok;

	if (!file_read(run->boot_cfg, BOOT_CFG_MAX, &text))
		return false;
	ok = bootcfg_parse((const char *)text.data, text.size, &run->config, &error) == VMK_OK;
	bytes_free(&text);
	if (!ok) {
		fprintf(stderr, "vmksign: %s: line %u: %s\n", run->boot_cfg, error.line,
			error.what);
		return false;
	}
	if (security_host_level(run->config.kernel.options, level) != VMK_OK)
		fprintf(stderr, "vmksign: %s: %s= names no level: the host takes %s\n",
			run->boot_cfg, SECURITY_OPTION_LEVEL, acceptance_level_name(*level));
	for (unsigned i = 0; i < run->config.module_count; i++)
		if (!add_candidate(run, run->directory, run->config.modules[i].name))
			return false;
	return true;
}

static void decide(struct dry_run *run, enum acceptance_level level)
{
	static struct admission admission;

	admission = (struct admission){
		.host = level, .roots = run->roots.data, .roots_bytes = run->roots.size};
	for (unsigned i = 0; i < run->count; i++) {
		struct candidate *c = &run->candidates[i];

		c->status = package_parse(c->file.data, c->file.size, &c->package, &c->why);
	}
	for (unsigned turn = 0; turn < TURN_COUNT; turn++)
		for (unsigned i = 0; i < run->count; i++) {
			struct candidate *c = &run->candidates[i];

			if (c->status != VMK_OK ||
				package_turn(c->package.kind) != (enum package_turn)turn)
				continue;
			c->status = admission_admit(&admission, &c->package, &c->why);
			c->loads = c->status == VMK_OK;
		}
}

static void print_text(const struct candidate *c)
{
	const struct package *p = &c->package;

	if (c->loads)
		printf("%s: loads: %s %s of %s (%s, %s) %s%s\n", c->path, p->name, p->version,
			p->provider, package_kind_name(p->kind), acceptance_level_name(p->level),
			p->path.count ? "signed by " : "unsigned", p->path.signer);
	else
		printf("%s: refused: %s: %s\n", c->path, vmk_status_name(c->status), c->why);
}

/* All other texts are ours, or a manifest's, whose characters need no escape. */
static void print_path(const char *path)
{
	putchar('"');
	for (; *path; path++) {
		if ((unsigned char)*path < ' ' || *path == '"' || *path == '\\')
			printf("\\u%04x", (unsigned char)*path);
		else
			putchar(*path);
	}
	putchar('"');
}

static void print_json(const struct candidate *c)
{
	const struct package *p = &c->package;

	printf(" {\"file\": ");
	print_path(c->path);
	printf(", \"loads\": %s, \"status\": \"%s\", \"why\": \"%s\"", c->loads ? "true" : "false",
		vmk_status_name(c->status), c->why ? c->why : "");
	if (c->loads)
		printf(", \"name\": \"%s\", \"version\": \"%s\", \"provider\": \"%s\", \"kind\": "
		       "\"%s\", \"level\": \"%s\", \"signed\": %s",
			p->name, p->version, p->provider, package_kind_name(p->kind),
			acceptance_level_name(p->level), p->path.count ? "true" : "false");
	printf("}");
}

static bool report(const struct dry_run *run, enum acceptance_level level)
{
	bool all = true;

	if (run->json)
		printf("{\"host-level\": \"%s\", \"packages\": [\n", acceptance_level_name(level));
	else
		printf("host acceptance level: %s\n", acceptance_level_name(level));
	for (unsigned i = 0; i < run->count; i++) {
		const struct candidate *c = &run->candidates[i];

		(run->json ? print_json : print_text)(c);
		if (run->json)
			printf(i + 1 < run->count ? ",\n" : "\n");
		all &= c->loads;
	}
	if (run->json)
		printf("]}\n");
	return all;
}

static int dry_run(struct dry_run *run, char **paths, int count)
{
	enum acceptance_level level = LEVEL_DEFAULT;

	if (run->level && !level_read(run->level, &level))
		return 2;
	if (run->boot_cfg && !read_host(run, &level))
		return 1;
	for (int i = 0; i < count; i++)
		if (!add_candidate(run, NULL, paths[i]))
			return 1;
	decide(run, level);
	return report(run, level) ? 0 : 1;
}

static bool take_option(struct dry_run *run, int option)
{
	switch (option) {
	case 'b':
		run->boot_cfg = optarg;
		return true;
	case 'd':
		run->directory = optarg;
		return true;
	case 'l':
		run->level = optarg;
		return true;
	case 'j':
		run->json = true;
		return true;
	case 'r':
		return crypto_add_root(optarg, &run->roots);
	default:
		return false;
	}
}

int command_dry_run(int argc, char **argv)
{
	static const struct option options[] = {{"boot-cfg", required_argument, NULL, 'b'},
		{"dir", required_argument, NULL, 'd'}, {"level", required_argument, NULL, 'l'},
		{"root", required_argument, NULL, 'r'}, {"json", no_argument, NULL, 'j'}, {0}};
	struct dry_run *run = calloc(1, sizeof(*run));
	int option, result = 2;
	bool good = run != NULL;

	while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		good = take_option(run, option);
	if (good && run->roots.size && !run->boot_cfg == !run->directory &&
		!(run->boot_cfg && run->level) && (run->boot_cfg || optind < argc))
		result = dry_run(run, argv + optind, argc - optind);
	for (unsigned i = 0; run && i < run->count; i++)
		bytes_free(&run->candidates[i].file);
	if (run)
		bytes_free(&run->roots);
	free(run);
	return result;
}
