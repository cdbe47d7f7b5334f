#include "fuzz/differential/vmentry/generate.h"
#include "vtx/exits.h"
#include <string.h>

struct source {
	uint64_t state;
};

/* SplitMix64: any state is a good one, so that a vector's number can be it. */
static uint64_t next(struct source *s)
{
	uint64_t z = s->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}
static unsigned below(struct source *s, unsigned limit)
{
	return (unsigned)(next(s) >> 33) % limit;
}

/* Values at the edge of what some check allows. */
static uint64_t edge(struct source *s, const struct swvmx_cpu *cpu)
{
	const uint64_t physical = 1ull << cpu->physical_bits,
		       linear = 1ull << (cpu->linear_bits - 1),
		       frame = SWVMX_BASE + 4096ull * below(s, SWVMX_FRAMES);

	switch (below(s, 14)) {
	case 0:
		return 0;
	case 1:
		return ~0ull;
	case 2:
		return linear - 1;
	case 3:
		return linear;
	case 4:
		return 0 - linear;
	case 5:
		return 0 - linear - 1;
	case 6:
		return physical - 4096;
	case 7:
		return physical;
	case 8:
		return frame;
	case 9:
		return frame + (1ull << below(s, 12));
	case 10:
		return 1ull << below(s, 64);
	case 11:
		return below(s, 256);
	case 12:
		return (1ull << below(s, 64)) - 1;
	default:
		return next(s);
	}
}

/* Fields as wide as their encoding says. */
static uint64_t narrow(unsigned index, uint64_t value)
{
	switch (vmcs_width(vmcs_field_encoding(index))) {
	case VMCS_16:
		return value & 0xffff;
	case VMCS_32:
		return value & 0xffffffff;
	default:
		return value;
	}
}

static void add(struct vector *v, unsigned index, enum swvmx_change_how how, uint64_t value)
{
	if (v->count < VECTOR_CHANGES)
		v->changes[v->count++] =
			(struct swvmx_change){(uint16_t)index, (uint8_t)how, narrow(index, value)};
}

static void add_catalogued(struct vector *v, const struct swvmx_vector *from)
{
	for (unsigned i = 0; i < ARRAY_SIZE(from->changes); i++)
		if (from->changes[i].how != CHANGE_NONE)
			add(v, from->changes[i].index, from->changes[i].how,
				from->changes[i].value);
	if (from->msr.index)
		v->msr = from->msr;
}

/* What several checks look at together, so that their combinations come up often. */
static const uint16_t crowded[] = {
	VMCS_INDEX_PIN_CONTROLS,
	VMCS_INDEX_PROC_CONTROLS,
	VMCS_INDEX_PROC2_CONTROLS,
	VMCS_INDEX_EXIT_CONTROLS,
	VMCS_INDEX_ENTRY_CONTROLS,
	VMCS_INDEX_ENTRY_EVENT,
	VMCS_INDEX_ENTRY_INSTRUCTION_LENGTH,
	VMCS_INDEX_GUEST_CR0,
	VMCS_INDEX_GUEST_CR4,
	VMCS_INDEX_GUEST_EFER,
	VMCS_INDEX_GUEST_RFLAGS,
	VMCS_INDEX_GUEST_INTERRUPTIBILITY,
	VMCS_INDEX_GUEST_ACTIVITY,
	VMCS_INDEX_GUEST_PENDING_DEBUG,
	VMCS_INDEX_GUEST_CS_ACCESS,
	VMCS_INDEX_GUEST_SS_ACCESS,
	VMCS_INDEX_GUEST_DS_ACCESS,
	VMCS_INDEX_GUEST_TR_ACCESS,
	VMCS_INDEX_GUEST_LDTR_ACCESS,
	VMCS_INDEX_GUEST_CS,
	VMCS_INDEX_GUEST_SS,
	VMCS_INDEX_HOST_CR0,
	VMCS_INDEX_HOST_CR4,
	VMCS_INDEX_HOST_EFER,
};

static void add_event(struct source *s, struct vector *v)
{
	uint64_t event = EVENT_VALID | below(s, 8) << 8 | below(s, 40);

	if (below(s, 2))
		event |= EVENT_ERROR_CODE;
	if (!below(s, 8))
		event |= 1ull << below(s, 32);
	add(v, VMCS_INDEX_ENTRY_EVENT, CHANGE_SET, event);
	add(v, VMCS_INDEX_ENTRY_INSTRUCTION_LENGTH, CHANGE_SET, below(s, 18));
}

static void add_change(struct source *s, struct vector *v, const struct swvmx_cpu *cpu)
{
	const unsigned index = below(s, VMCS_FIELD_COUNT);
	const unsigned width = vmcs_width(vmcs_field_encoding(index)) == VMCS_16   ? 16
			       : vmcs_width(vmcs_field_encoding(index)) == VMCS_32 ? 32
										   : 64;

	switch (below(s, 8)) {
	case 0:
	case 1:
		add_catalogued(v, &swvmx_vectors[below(s, swvmx_vector_count)]);
		return;
	case 2:
		add_catalogued(v, &swvmx_passing[below(s, swvmx_passing_count)]);
		return;
	case 3:
		add_event(s, v);
		return;
	case 4:
		add(v, crowded[below(s, ARRAY_SIZE(crowded))], CHANGE_FLIP, 1ull << below(s, 32));
		return;
	case 5:
		add(v, index, CHANGE_FLIP, 1ull << below(s, width));
		return;
	case 6:
		add(v, crowded[below(s, ARRAY_SIZE(crowded))], CHANGE_SET, edge(s, cpu));
		return;
	default:
		add(v, index, CHANGE_SET, edge(s, cpu));
	}
}

void vector_make(struct vector *v, const struct swvmx_cpu *cpu, uint64_t seed, uint64_t number)
{
	struct source s = {seed ^ number * 0xd1342543de82ef95ull};
	unsigned changes;

	memset(v, 0, sizeof(*v));
	v->base = below(&s, SWVMX_BASES);
	changes = below(&s, 3) ? 1 : 1 + below(&s, 4);
	for (unsigned i = 0; i < changes; i++)
		add_change(&s, v, cpu);
}
