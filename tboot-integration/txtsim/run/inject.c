#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tboot-integration/txtsim/model/faults.h"
#include "tboot-integration/txtsim/run/options.h"
#include "tboot-integration/txtsim/run/run.h"

static const char *name_of(uint64_t faults)
{
	return txt_faults[__builtin_ctzll(faults)].name;
}

/* A fault that would show nothing is refused: a test that asks for it would prove nothing. */
static void check_for_qemu(const struct run_options *o, uint64_t faults)
{
	if (faults && !o->txt)
		fail("--inject %s needs TXT: without it QEMU brings its own TPM, and no fault "
		     "shows",
			name_of(faults));
	if (faults & txt_faults_polled)
		fail("--inject %s needs --platform bochs: with it tboot reads the TPM's registers "
		     "millions of times, and each read leaves QEMU, which nobody would wait for",
			name_of(faults & txt_faults_polled));
}

void inject_check(const struct run_options *o)
{
	const char *names = o->inject, *bad;
	uint64_t faults;
	size_t size;

	if (!txt_faults_parse(names, &faults, &bad, &size))
		fail("--inject: there is no fault '%.*s' (--inject help lists them)", (int)size,
			bad);
	if (o->emulator == EMULATOR_QEMU)
		check_for_qemu(o, faults);
}

/* The table holds plain text: nothing in it needs an escape. */
static void print_json(void)
{
	puts("{\n  \"format\": \"txtsim-faults-1\",\n  \"faults\": [");
	for (unsigned i = 0; i < TXT_FAULT_COUNT; i++)
		printf("    {\"name\": \"%s\", \"what\": \"%s\", \"end\": \"%s\"}%s\n",
			txt_faults[i].name, txt_faults[i].what, txt_faults[i].end,
			i + 1 < TXT_FAULT_COUNT ? "," : "");
	puts("  ]\n}");
}

void inject_print(bool json)
{
	if (json) {
		print_json();
		return;
	}
	for (unsigned i = 0; i < TXT_FAULT_COUNT; i++)
		printf("%-22s %s\n%22s -> %s\n", txt_faults[i].name, txt_faults[i].what, "",
			txt_faults[i].end);
}
