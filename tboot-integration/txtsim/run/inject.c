#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tboot-integration/txtsim/model/faults.h"
#include "tboot-integration/txtsim/run/options.h"
#include "tboot-integration/txtsim/run/run.h"

void inject_check(const char *names)
{
	const char *bad;
	uint64_t faults;
	size_t size;

	if (!txt_faults_parse(names, &faults, &bad, &size))
		fail("--inject: there is no fault '%.*s' (--inject help lists them)", (int)size,
			bad);
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
