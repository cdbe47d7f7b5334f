/* sources: kernel/vtx/vlapic.c kernel/vtx/vlapic_timer.c */
/* quiet: fuzz/lib/figures.c */
/* coverage: edges, lean */
/* Register writes, MSRs, posts, time and writes of the TSC in any order: what is delivered is in
 * service and no more pending, nothing below the priority comes up, no vector below 16 is
 * delivered, no read faults; the timer counts on whatever the TSC says.
 * What comes past the APIC (ExtINT) does so exactly where LINT0 or the APIC's base lets it, once,
 * and leaves its registers alone. */
#include <stdlib.h>
#include <string.h>
#include "fuzz/lib/figures.h"
#include "vtx/vlapic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t clock_now;
static bool intr; /* the line of the 8259s */

static uint64_t now(void *context)
{
	return clock_now;
}

static void send(void *context, const struct apic_message *message)
{
	struct vlapic *a = context;

	if (message->delivery <= DELIVER_LOWEST && message->vector < 16)
		abort();
	if (message->delivery == DELIVER_FIXED &&
		vlapic_is_addressed(a, message, message->shorthand != TO_OTHERS))
		vlapic_post(a, message->vector, message->level_triggered);
}

static void eoi(void *context, uint8_t vector)
{
	if (vector < 16)
		abort();
}

static const struct vlapic_ops ops = {now, send, eoi};

static void deliver(struct vlapic *a)
{
	int vector;
	uint32_t bit;

	if (!vlapic_may_have_pending(a)) {
		for (unsigned i = 0; i < APIC_WORDS; i++)
			if (a->irr[i] | a->posted[i])
				abort();
		return;
	}
	vector = vlapic_pending(a);
	if (vector < 0)
		return;
	bit = 1u << vector % 32;
	if (vector < 16 || vector > 255 || !vlapic_is_enabled(a) ||
		(vector & 0xf0u) <= (vlapic_read(a, 0xa0) & 0xf0))
		abort();
	vlapic_accept(a, (uint8_t)vector);
	if (!(a->isr[vector / 32] & bit) || (a->irr[vector / 32] & bit))
		abort();
	/* Now it is the processor's priority that holds it back. */
	if (vlapic_read(a, 0xa0) < (vector & 0xf0u))
		abort();
}

/* SDM 3A, 11.4.3 and 11.5.1, from what the guest can read. */
static bool lets_external_in(struct vlapic *a)
{
	uint64_t base = 0;
	uint32_t lint0;

	vlapic_read_msr(a, 0x1b, &base);
	lint0 = vlapic_read(a, 0x350);
	return !(base & 1u << 11) || (!(lint0 & 1u << 16) && (lint0 >> 8 & 7) == DELIVER_EXTINT);
}

/* As a run loop does: is there anything, which vector, then it is delivered. */
static void take_external(struct vlapic *a, uint8_t vector)
{
	const int offered = vlapic_external(a);
	uint32_t irr[8], isr[8];

	if ((offered >= 0) != (intr && lets_external_in(a)))
		abort();
	if (offered < 0)
		return;
	memcpy(irr, a->irr, sizeof(irr));
	memcpy(isr, a->isr, sizeof(isr));
	if (offered != (int)VLAPIC_EXTERNAL || !vlapic_may_have_external(a))
		abort();
	vlapic_know_external(a, vector);
	if (vlapic_external(a) != vector || !vlapic_may_have_external(a))
		abort();
	a->external = 0;
	if (memcmp(irr, a->irr, sizeof(irr)) || memcmp(isr, a->isr, sizeof(isr)))
		abort();
}

static void set_intr(struct vlapic *a, bool level)
{
	intr = level;
	vlapic_set_intr(a, level);
}

/* The guest writes its TSC: what counts down stands where it stood, and what was due is. */
static void move_tsc(struct vlapic *a, uint64_t by)
{
	struct vlapic stays = *a;
	uint32_t count;

	vlapic_tick(&stays, clock_now);
	count = vlapic_read(&stays, 0x390);
	clock_now += by;
	vlapic_tsc_moved(a, by);
	if (vlapic_read(a, 0x390) != count || memcmp(a->irr, stays.irr, sizeof(a->irr)) != 0)
		abort();
}

static void apply(struct vlapic *a, const uint8_t *op)
{
	uint32_t value;
	uint64_t wide;

	memcpy(&value, op + 4, sizeof(value));
	switch (op[0] % 8) {
	case 0:
		vlapic_write(a, (uint32_t)op[1] << 4, value);
		break;
	case 1:
		vlapic_read(a, (uint32_t)(op[1] << 4 | (op[2] & 0xf)));
		break;
	case 2:
		vlapic_write_msr(a, 0x800u + op[1], value | (uint64_t)op[2] << 32);
		break;
	case 3:
		vlapic_read_msr(a, 0x800u + op[1], &wide);
		break;
	case 4:
		vlapic_write_msr(a, op[1] & 1 ? 0x1b : 0x6e0,
			op[1] & 1 ? APIC_DEFAULT_BASE | (value & 0xfff) : clock_now + value);
		break;
	case 5:
		vlapic_post(a, op[1], op[2] & 1);
		break;
	case 6:
		clock_now += value;
		if (op[1] & 1)
			move_tsc(a, op[1] & 2 ? 0 - clock_now / 2 : value);
		if (op[1] & 4) /* nobody looks */
			break;
		vlapic_tick(a, clock_now);
		if (vlapic_deadline(a) <= clock_now)
			abort();
		break;
	default:
		if (op[1] & 1)
			set_intr(a, op[2] & 1);
		if (op[1] & 2)
			vlapic_wire(a);
		take_external(a, op[3]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vlapic a;

	clock_now = 1;
	intr = false;
	vlapic_init(&a, &ops, &a, size ? data[0] : 0, true);
	for (size_t at = 1; at + 8 <= size && at < 8 * 128; at += 8) {
		apply(&a, data + at);
		deliver(&a);
		figures_operations(1);
	}
	return 0;
}
