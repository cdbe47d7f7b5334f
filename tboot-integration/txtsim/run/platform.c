#include <stdint.h>
#include <stdio.h>

#include "tboot-integration/txtsim/model/events.h"
#include "tboot-integration/txtsim/run/run.h"

/* What tboot writes to OsSinitData.capabilities for this platform's SINIT. */
static const uint8_t tboot_capabilities[4] = {0x01, 0x06};
/* EDX of GETSEC[SENTER]: no flag is defined. */
static const uint8_t senter_flags[4] = {0};

static void print_event(FILE *to, unsigned pcr, enum txt_event_type type, const char *from,
	const uint8_t *data, uint32_t size, const char *separator)
{
	fprintf(to, "    {\"pcr\": %u, \"type\": %u, \"name\": \"%s\", \"from\": \"%s\"", pcr,
		(unsigned)type, sinit_event_name(type), from);
	if (size) {
		fputs(", \"data\": \"", to);
		for (uint32_t i = 0; i < size; i++)
			fprintf(to, "%02x", data[i]);
		fputc('"', to);
	}
	fprintf(to, "}%s\n", separator);
}

void platform_print(FILE *to)
{
	fputs("{\n  \"format\": \"merlon-platform-1\",\n  \"name\": \"txtsim\",\n  \"launch\": "
	      "\"drtm\",\n"
	      "  \"events\": [\n",
		to);
	print_event(to, 17, TXT_EV_HASH_START, "sinit", senter_flags, sizeof(senter_flags), ",");
	for (const struct sinit_event *e = sinit_events; e->pcr; e++) {
		const char *separator = e[1].pcr ? "," : "";
		const uint8_t *data = NULL;
		const char *from = "platform";
		uint32_t size = 0;

		switch (e->source) {
		case SOURCE_PLATFORM:
			data = sinit_platform_data(e->type, &size);
			break;
		case SOURCE_CAPABILITIES:
			data = tboot_capabilities;
			size = sizeof(tboot_capabilities);
			break;
		case SOURCE_MLE:
			from = "mle";
			break;
		case SOURCE_SINIT_KEY:
			from = "sinit-key";
			break;
		}
		print_event(to, e->pcr, e->type, from, data, size, separator);
	}
	fputs("  ]\n}\n", to);
}
