/* vmkbootcfg: from boot.cfg to the loader's menu and the list of files that an image holds. */
#include "tboot-integration/image/bootcfg.h"
#include "tboot-integration/image/grubcfg.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_BAD = 1, EXIT_USAGE = 2 };
#define BOOTCFG_FILE_MAX 65536
#define GRUBCFG_FILE_MAX 65536

struct arguments {
	const char *boot_cfg, *out;
	int enable_tboot; /* -1: as boot.cfg says */
	struct grubcfg_launch launch;
};

static int usage(FILE *to, int code)
{
	fputs("usage: vmkbootcfg grub  --boot-cfg FILE [--out FILE] [--tboot NAME] [--tboot-args "
	      "TEXT]\n"
	      "                      [--sinit NAME] [--lcp NAME] [--enable-tboot 0|1]     write "
	      "grub.cfg\n"
	      "       vmkbootcfg files --boot-cfg FILE [--out FILE]\n"
	      "                      list what the image holds, a file a line, kernel first\n",
		to);
	return code;
}

static int load(const char *path, struct bootcfg *config)
{
	static char text[BOOTCFG_FILE_MAX];
	struct bootcfg_error error;
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!file) {
		fprintf(stderr, "vmkbootcfg: %s: %s\n", path, strerror(errno));
		return EXIT_BAD;
	}
	size = fread(text, 1, sizeof(text), file);
	fclose(file);
	if (size == sizeof(text)) {
		fprintf(stderr, "vmkbootcfg: %s: longer than %d bytes\n", path,
			BOOTCFG_FILE_MAX - 1);
		return EXIT_BAD;
	}
	if (bootcfg_parse(text, size, config, &error) == VMK_OK)
		return 0;
	fprintf(stderr, "vmkbootcfg: %s:%u: %s\n", path, error.line, error.what);
	return EXIT_BAD;
}

static int finish(FILE *out, const char *path)
{
	if (fflush(out) == 0 && !ferror(out) && (out == stdout || fclose(out) == 0))
		return 0;
	fprintf(stderr, "vmkbootcfg: %s: %s\n", path ? path : "output", strerror(errno));
	return EXIT_BAD;
}

static int command_grub(const struct bootcfg *config, const struct arguments *a, FILE *out)
{
	static char text[GRUBCFG_FILE_MAX];

	switch (grubcfg_write(config, &a->launch, text, sizeof(text))) {
	case VMK_OK:
		fputs(text, out);
		return 0;
	case VMK_BAD_PARAM:
		fprintf(stderr,
			"vmkbootcfg: enableTboot=1 needs tboot: name its file with --tboot\n");
		return EXIT_BAD;
	default:
		fprintf(stderr, "vmkbootcfg: grub.cfg would be longer than %d bytes\n",
			GRUBCFG_FILE_MAX);
		return EXIT_BAD;
	}
}

static int command_files(const struct bootcfg *config, const struct arguments *a, FILE *out)
{
	(void)a;
	fprintf(out, "%s\n", config->kernel.name);
	for (unsigned i = 0; i < config->module_count; i++)
		fprintf(out, "%s\n", config->modules[i].name);
	return 0;
}

static bool parse_arguments(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{"boot-cfg", required_argument, NULL, 'b'},
		{"out", required_argument, NULL, 'o'},
		{"tboot-args", required_argument, NULL, 't'},
		{"tboot", required_argument, NULL, 'T'},
		{"sinit", required_argument, NULL, 's'},
		{"lcp", required_argument, NULL, 'l'},
		{"enable-tboot", required_argument, NULL, 'e'},
		{0},
	};
	int option;

	*a = (struct arguments){.enable_tboot = -1, .launch = {.tboot_args = ""}};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'b':
			a->boot_cfg = optarg;
			break;
		case 'o':
			a->out = optarg;
			break;
		case 't':
			a->launch.tboot_args = optarg;
			break;
		case 'T':
			a->launch.tboot = optarg;
			break;
		case 's':
			a->launch.sinit = optarg;
			break;
		case 'l':
			a->launch.lcp = optarg;
			break;
		case 'e':
			if (strcmp(optarg, "0") && strcmp(optarg, "1"))
				return false;
			a->enable_tboot = optarg[0] == '1';
			break;
		default:
			return false;
		}
	}
	return a->boot_cfg && optind == argc;
}

int main(int argc, char **argv)
{
	static struct bootcfg config;
	int (*command)(const struct bootcfg *, const struct arguments *, FILE *);
	struct arguments a;
	FILE *out = stdout;
	int code;

	if (argc < 2)
		return usage(stderr, EXIT_USAGE);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))
		return usage(stdout, 0);
	if (!strcmp(argv[1], "grub"))
		command = command_grub;
	else if (!strcmp(argv[1], "files"))
		command = command_files;
	else
		return usage(stderr, EXIT_USAGE);
	if (!parse_arguments(argc - 1, argv + 1, &a))
		return usage(stderr, EXIT_USAGE);
	code = load(a.boot_cfg, &config);
	if (code)
		return code;
	if (a.enable_tboot >= 0)
		config.enable_tboot = a.enable_tboot;
	if (a.out && !(out = fopen(a.out, "wb"))) {
		fprintf(stderr, "vmkbootcfg: %s: %s\n", a.out, strerror(errno));
		return EXIT_BAD;
	}
	code = command(&config, &a, out);
	return code ? code : finish(out, a.out);
}
