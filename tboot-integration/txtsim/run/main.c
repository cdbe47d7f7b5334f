/* txtsim: runs a TXT machine from power-on to power-off, and says what its platform is. */
#include <stdlib.h>
#include <string.h>

#include "tboot-integration/txtsim/model/acm.h"
#include "tboot-integration/txtsim/qemu/machine.h"
#include "tboot-integration/txtsim/run/emulators.h"
#include "tboot-integration/txtsim/run/options.h"
#include "tboot-integration/txtsim/run/process.h"
#include "tboot-integration/txtsim/run/run.h"

#define SINIT_FILE_MAX 0x40000u

static const char usage[] =
	"usage: txtsim run ...              run a machine; `txtsim help` lists how\n"
	"       txtsim platform             what no file holds of this platform's events, as JSON\n"
	"       txtsim platforms            which emulators can be used here\n"
	"       txtsim key-hash KEY.pem     TXT.PUBLIC.KEY for a key\n"
	"       txtsim sinit-hash FILE      the digest of a SINIT module that SENTER measures\n"
	"       txtsim help\n\n";

static int run(int argc, char **argv)
{
	static struct run_options o;

	options_parse(&o, argc, argv);
	if (strcmp(o.tpm_mode, "absent") != 0)
		tpm_state_prepare(&o);
	process_catch_signals();
	return o.emulator == EMULATOR_QEMU ? qemu_run(&o) : bochs_run(&o);
}

static void print_hex(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("%02x", data[i]);
	putchar('\n');
}

static int sinit_hash(const char *path)
{
	static uint8_t acm[SINIT_FILE_MAX];
	const struct acm_layout *layout;
	struct digests digests;
	FILE *f = fopen(path, "rb");
	size_t size;

	if (!f)
		fail("cannot read %s", path);
	size = fread(acm, 1, sizeof(acm), f);
	fclose(f);
	layout = acm_check(acm, size);
	if (!layout)
		fail("%s is not a SINIT module for this platform", path);
	acm_digest(acm, size, layout, &digests);
	print_hex(digests.sha256, sizeof(digests.sha256));
	if (!acm_verify(acm, size, layout))
		fail("%s: its signature does not verify", path);
	return 0;
}

static int key_hash(const char *path)
{
	char hash[65];

	key_hash_of_file(path, hash);
	puts(hash);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (!strcmp(verb, "help") || !strcmp(verb, "--help") ||
		(argc > 2 && !strcmp(argv[2], "--help"))) {
		fputs(usage, stdout);
		fputs(run_usage, stdout);
		return 0;
	}
	if (!strcmp(verb, "run"))
		return run(argc - 1, argv + 1);
	if (!strcmp(verb, "platform") && argc == 2) {
		platform_print(stdout);
		return 0;
	}
	if (!strcmp(verb, "platforms") && argc == 2)
		return emulators_print();
	if (!strcmp(verb, "key-hash") && argc == 3)
		return key_hash(argv[2]);
	if (!strcmp(verb, "sinit-hash") && argc == 3)
		return sinit_hash(argv[2]);
	fputs(usage, stderr);
	return 1;
}
