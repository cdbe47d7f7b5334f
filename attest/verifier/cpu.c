#include "verifier/cpu.h"

#include <string.h>
#include <vmkapi/events.h>

#include "verifier/semantics.h"

#define WORD       "cpu "
#define NAMES_SIZE 256

static const char *const names[VMK_CPU_PROTECTION_COUNT] = {
#define X(symbol, name) [symbol] = name,
	VMK_CPU_PROTECTIONS(X)
#undef X
};

uint32_t cpu_protection_bit(const char *name)
{
	for (unsigned int i = 0; i < VMK_CPU_PROTECTION_COUNT; i++) {
		if (strcmp(names[i], name) == 0)
			return 1u << i;
	}
	return 0;
}

bool cpu_is_event(const struct event *event)
{
	char ignored[NAMES_SIZE];

	return event->log == LOG_VMK && event->type == VMK_EV_CPU &&
	       (event->pcr == semantics_pcr(VMK_EV_CPU, VMK_LAUNCH_DRTM) ||
		       event->pcr == semantics_pcr(VMK_EV_CPU, VMK_LAUNCH_SRTM)) &&
	       semantics_field(event, "protections", ignored, sizeof(ignored));
}

static const struct event *find(const struct events *events)
{
	for (size_t i = 0; i < events->count; i++) {
		if (cpu_is_event(&events->items[i]))
			return &events->items[i];
	}
	return NULL;
}

const char *cpu_describe(const struct events *events)
{
	const struct event *event = find(events);

	return event ? (const char *)event->data + strlen(WORD) : NULL;
}

/* Names that this verifier does not know may be there: a newer kernel knows more. */
static uint32_t mask_of(char *list)
{
	uint32_t mask = 0;
	char *save = NULL;

	for (char *name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save))
		mask |= cpu_protection_bit(name);
	return mask;
}

static void list_names(uint32_t mask, char *to)
{
	*to = 0;
	for (unsigned int i = 0; i < VMK_CPU_PROTECTION_COUNT; i++) {
		if (!(mask >> i & 1))
			continue;
		if (*to)
			strcat(to, ", ");
		strcat(to, names[i]);
	}
}

bool cpu_check(const struct events *events, uint32_t required, struct fault *fault)
{
	const struct event *event = find(events);
	char missing[NAMES_SIZE], on[NAMES_SIZE] = "", copy[NAMES_SIZE];
	uint32_t mask;

	if (!required)
		return true;
	if (event)
		semantics_field(event, "protections", on, sizeof(on));
	strcpy(copy, on);
	mask = mask_of(copy);
	if (!(required & ~mask))
		return true;
	list_names(required & ~mask, missing);
	fault_set(fault, REASON_CPU_PROTECTION, "CPU: %s", missing);
	fault_expected(fault, "on, as the policy's cpu-required says");
	return fault_found(fault, event ? "off or not there; on are %s" : "%sno event CPU", on);
}
