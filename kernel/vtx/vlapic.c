#include "lib/nospec.h"
#include "vtx/vlapic_timer.h"
#include <string.h>

/* Register offsets, SDM table 11-1. */
#define REG_ID              0x020u
#define REG_VERSION         0x030u
#define REG_TPR             0x080u
#define REG_PPR             0x0a0u
#define REG_EOI             0x0b0u
#define REG_LDR             0x0d0u
#define REG_DFR             0x0e0u
#define REG_SVR             0x0f0u
#define REG_ISR             0x100u
#define REG_TMR             0x180u
#define REG_IRR             0x200u
#define REG_ESR             0x280u
#define REG_CMCI            0x2f0u
#define REG_ICR             0x300u
#define REG_ICR_HIGH        0x310u
#define REG_TIMER           0x320u
#define REG_ERROR           0x370u
#define REG_INITIAL         0x380u
#define REG_CURRENT         0x390u
#define REG_DIVIDE          0x3e0u
#define REG_SELF_IPI        0x3f0u

#define VERSION             (0x14u | (LVTS - 1) << 16)
#define SVR_MASK            0x1ffu
#define ICR_PENDING         (1u << 12)
#define ICR_KNOWN           0xffffffff000ccfffull
#define ESR_SEND_ILLEGAL    (1u << 5)
#define ESR_RECEIVE_ILLEGAL (1u << 6)
#define ESR_REGISTER        (1u << 7)

#define MSR_APIC_BASE       0x1bu
#define MSR_TSC_DEADLINE    0x6e0u
#define MSR_X2APIC          0x800u

/* What software may write in each LVT entry. */
static const uint32_t lvt_writable[LVTS] = {
	[LVT_CMCI] = 0x107ff,
	[LVT_TIMER] = 0x700ff,
	[LVT_THERMAL] = 0x107ff,
	[LVT_PERF] = 0x107ff,
	[LVT_LINT0] = 0x1a7ff,
	[LVT_LINT1] = 0x1a7ff,
	[LVT_ERROR] = 0x100ff,
};

static bool test_bit(const uint32_t *words, unsigned n)
{
	return words[n / 32] >> n % 32 & 1;
}

static void set_bit(uint32_t *words, unsigned n)
{
	words[n / 32] |= 1u << n % 32;
}

static void clear_bit(uint32_t *words, unsigned n)
{
	words[n / 32] &= ~(1u << n % 32);
}

static int highest(const uint32_t *words)
{
	for (int i = APIC_WORDS - 1; i >= 0; i--)
		if (words[i])
			return i * 32 + 31 - __builtin_clz(words[i]);
	return -1;
}

static bool is_x2(const struct vlapic *a)
{
	return a->base & APIC_BASE_X2APIC;
}

bool vlapic_is_enabled(const struct vlapic *a)
{
	return (a->base & APIC_BASE_ENABLE) && (a->svr & SVR_ENABLE);
}

void vlapic_reset(struct vlapic *a)
{
	a->tpr = 0;
	a->ldr = 0;
	a->dfr = ~0u;
	a->svr = 0xff;
	a->esr = a->esr_new = 0;
	memset(a->isr, 0, sizeof(a->isr));
	memset(a->irr, 0, sizeof(a->irr));
	a->requested = false;
	memset(a->tmr, 0, sizeof(a->tmr));
	for (unsigned i = 0; i < LVTS; i++)
		a->lvt[i] = LVT_MASKED;
	a->icr = 0;
	a->divide = a->initial = 0;
	a->deadline = 0;
	a->external = 0;
	for (unsigned i = 0; i < APIC_WORDS; i++) {
		__atomic_store_n(&a->posted[i], 0, __ATOMIC_RELAXED);
		__atomic_store_n(&a->posted_level[i], 0, __ATOMIC_RELAXED);
	}
}

void vlapic_init(
	struct vlapic *a, const struct vlapic_ops *ops, void *context, uint32_t id, bool bootstrap)
{
	memset(a, 0, sizeof(*a));
	a->ops = ops;
	a->context = context;
	a->id = id;
	a->base = APIC_DEFAULT_BASE | APIC_BASE_ENABLE | (bootstrap ? APIC_BASE_BOOTSTRAP : 0);
	vlapic_reset(a);
}

/* --- interrupts --- */

void vlapic_post(struct vlapic *a, uint8_t vector, bool level_triggered)
{
	const uint32_t bit = 1u << vector % 32;

	if (vector < 16)
		return;
	if (level_triggered)
		__atomic_fetch_or(&a->posted_level[vector / 32], bit, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&a->posted_level[vector / 32], ~bit, __ATOMIC_RELAXED);
	__atomic_fetch_or(&a->posted[vector / 32], bit, __ATOMIC_RELEASE);
	__atomic_store_n(&a->posted_any, 1, __ATOMIC_RELEASE);
}

static void take_posted(struct vlapic *a)
{
	__atomic_exchange_n(&a->posted_any, 0, __ATOMIC_ACQUIRE);
	for (unsigned i = 0; i < APIC_WORDS; i++) {
		uint32_t bits = __atomic_exchange_n(&a->posted[i], 0, __ATOMIC_ACQUIRE);
		uint32_t level = __atomic_load_n(&a->posted_level[i], __ATOMIC_RELAXED);

		a->irr[i] |= bits;
		a->tmr[i] = (a->tmr[i] & ~bits) | (level & bits);
	}
	a->requested = true;
}

/* What others have posted becomes this APIC's own. */
static void collect(struct vlapic *a)
{
	if (__atomic_load_n(&a->posted_any, __ATOMIC_RELAXED))
		take_posted(a);
}

static uint32_t processor_priority(const struct vlapic *a)
{
	int in_service = highest(a->isr);
	uint32_t service = in_service < 0 ? 0 : (uint32_t)in_service & 0xf0;

	return (a->tpr & 0xf0) >= service ? a->tpr : service;
}

int vlapic_pending(struct vlapic *a)
{
	int vector;

	collect(a);
	vector = highest(a->irr);
	a->requested = vector >= 0;
	if (vector < 0 || !vlapic_is_enabled(a) ||
		((uint32_t)vector & 0xf0) <= (processor_priority(a) & 0xf0))
		return -1;
	return vector;
}

void vlapic_accept(struct vlapic *a, uint8_t vector)
{
	clear_bit(a->irr, vector);
	set_bit(a->isr, vector);
}

void vlapic_set_intr(struct vlapic *a, bool level)
{
	__atomic_store_n(&a->intr, level, __ATOMIC_SEQ_CST);
}

static bool takes_external(const struct vlapic *a)
{
	const uint32_t lint0 = a->lvt[LVT_LINT0];

	if (!(a->base & APIC_BASE_ENABLE))
		return true;
	return !(lint0 & LVT_MASKED) && (lint0 >> 8 & 7) == DELIVER_EXTINT;
}

int vlapic_external(const struct vlapic *a)
{
	if (a->external)
		return a->external & 0xff;
	return __atomic_load_n(&a->intr, __ATOMIC_SEQ_CST) && takes_external(a)
		       ? (int)VLAPIC_EXTERNAL
		       : -1;
}

void vlapic_wire(struct vlapic *a)
{
	a->svr |= SVR_ENABLE;
	a->lvt[LVT_LINT0] = (uint32_t)DELIVER_EXTINT << 8;
	a->lvt[LVT_LINT1] = (uint32_t)DELIVER_NMI << 8;
}

static void end_of_interrupt(struct vlapic *a)
{
	int vector = highest(a->isr);

	if (vector < 0)
		return;
	clear_bit(a->isr, (unsigned)vector);
	if (test_bit(a->tmr, (unsigned)vector))
		a->ops->eoi(a->context, (uint8_t)vector);
}

uint8_t vlapic_tpr(const struct vlapic *a)
{
	return (uint8_t)(a->tpr >> 4);
}

void vlapic_set_tpr(struct vlapic *a, uint8_t cr8)
{
	a->tpr = (uint32_t)cr8 << 4;
}

static void raise_error(struct vlapic *a, uint32_t bit)
{
	uint32_t entry = a->lvt[LVT_ERROR];

	a->esr_new |= bit;
	if (!(entry & LVT_MASKED))
		vlapic_post(a, (uint8_t)entry, false);
}

/* --- messages --- */

static uint32_t logical_id(const struct vlapic *a)
{
	/* SDM 11.12.10.2: cluster and bit follow from the identifier. */
	return is_x2(a) ? (a->id & ~0xfu) << 12 | 1u << (a->id & 0xf) : a->ldr >> 24;
}

static bool matches_logical(const struct vlapic *a, uint32_t destination, bool x2)
{
	const uint32_t own = logical_id(a);

	if (is_x2(a)) {
		if (!x2) /* an 8-bit destination reaches cluster 0 alone */
			return !(own >> 16) && (own & destination & 0xff);
		return destination == ~0u ||
		       (own >> 16 == destination >> 16 && (own & destination & 0xffff));
	}
	destination &= 0xff;
	if (destination == 0xff)
		return true;
	if (a->dfr >> 28 == 0xf)
		return own & destination;
	return own >> 4 == destination >> 4 && (own & destination & 0xf);
}

bool vlapic_is_addressed(const struct vlapic *a, const struct apic_message *m, bool self)
{
	if (!(a->base & APIC_BASE_ENABLE))
		return false;
	switch (m->shorthand) {
	case TO_SELF:
		return self;
	case TO_ALL:
		return true;
	case TO_OTHERS:
		return !self;
	}
	if (m->logical)
		return matches_logical(a, m->destination, m->x2);
	return m->destination == (m->x2 ? ~0u : 0xffu) || m->destination == a->id;
}

static void send(struct vlapic *a)
{
	const struct apic_message m = {
		.destination = (uint32_t)(a->icr >> (is_x2(a) ? 32 : 56)),
		.vector = (uint8_t)a->icr,
		.delivery = a->icr >> 8 & 7,
		.shorthand = a->icr >> 18 & 3,
		.logical = a->icr >> 11 & 1,
		.assert = a->icr >> 14 & 1,
		.level_triggered = a->icr >> 15 & 1,
		.x2 = is_x2(a),
	};

	/* An INIT level de-assert did something for the processors before the Pentium 4 alone. */
	if (m.delivery == DELIVER_INIT && m.level_triggered && !m.assert)
		return;
	if ((m.delivery == DELIVER_FIXED || m.delivery == DELIVER_LOWEST) && m.vector < 16) {
		raise_error(a, ESR_SEND_ILLEGAL);
		return;
	}
	a->ops->send(a->context, &m);
}

/* --- registers --- */

static int lvt_of(uint32_t offset)
{
	if (offset == REG_CMCI)
		return LVT_CMCI;
	if (offset >= REG_TIMER && offset <= REG_ERROR && !(offset & 0xf))
		return LVT_TIMER + (int)index_nospec((offset - REG_TIMER) >> 4, LVTS - LVT_TIMER);
	return -1;
}

static void write_lvt(struct vlapic *a, int index, uint32_t value)
{
	const uint32_t old_mode = timer_mode(a);

	if (index == LVT_TIMER)
		vlapic_timer_catch_up(a);
	value &= lvt_writable[index];
	if (!(a->svr & SVR_ENABLE))
		value |= LVT_MASKED;
	a->lvt[index] = value;
	/* SDM 11.5.4.1: a change to or from deadline mode disarms the timer. */
	if (index == LVT_TIMER && timer_mode(a) != old_mode &&
		(timer_mode(a) == TIMER_DEADLINE || old_mode == TIMER_DEADLINE))
		a->deadline = 0;
}

static void write_svr(struct vlapic *a, uint32_t value)
{
	a->svr = value & SVR_MASK;
	for (unsigned i = 0; i < LVTS && !(a->svr & SVR_ENABLE); i++)
		a->lvt[i] |= LVT_MASKED;
}

static uint32_t bitmap_word(const uint32_t *words, uint32_t offset)
{
	return words[offset >> 4 & 7];
}

uint32_t vlapic_read(struct vlapic *a, uint32_t offset)
{
	int lvt = lvt_of(offset);

	collect(a);
	if (lvt >= 0)
		return a->lvt[lvt];
	switch (offset) {
	case REG_ID:
		return is_x2(a) ? a->id : a->id << 24;
	case REG_VERSION:
		return VERSION;
	case REG_TPR:
		return a->tpr;
	case REG_PPR:
		return processor_priority(a);
	case REG_LDR:
		return is_x2(a) ? logical_id(a) : a->ldr;
	case REG_DFR:
		return a->dfr;
	case REG_SVR:
		return a->svr;
	case REG_ESR:
		return a->esr;
	case REG_ICR:
		return (uint32_t)a->icr;
	case REG_ICR_HIGH:
		return (uint32_t)(a->icr >> 32);
	case REG_INITIAL:
		return a->initial;
	case REG_CURRENT:
		vlapic_timer_catch_up(a);
		return vlapic_timer_count(a);
	case REG_DIVIDE:
		return a->divide;
	}
	if (offset & 0xf)
		return 0;
	if (offset >= REG_ISR && offset < REG_TMR)
		return bitmap_word(a->isr, offset);
	if (offset >= REG_TMR && offset < REG_IRR)
		return bitmap_word(a->tmr, offset);
	if (offset >= REG_IRR && offset < REG_ESR)
		return bitmap_word(a->irr, offset);
	return 0;
}

void vlapic_write(struct vlapic *a, uint32_t offset, uint32_t value)
{
	int lvt = lvt_of(offset);

	if (lvt >= 0) {
		write_lvt(a, lvt, value);
		return;
	}
	switch (offset) {
	case REG_TPR:
		a->tpr = value & 0xff;
		return;
	case REG_EOI:
		end_of_interrupt(a);
		return;
	case REG_LDR:
		a->ldr = value & 0xff000000u;
		return;
	case REG_DFR:
		a->dfr = value | 0x0fffffffu;
		return;
	case REG_SVR:
		write_svr(a, value);
		return;
	case REG_ESR: /* a write latches what has come up since the last */
		a->esr = a->esr_new;
		a->esr_new = 0;
		return;
	case REG_ICR:
		a->icr = (a->icr & ~0xffffffffull) | (value & ~ICR_PENDING);
		send(a);
		return;
	case REG_ICR_HIGH:
		a->icr = (uint32_t)a->icr | (uint64_t)(value & 0xff000000u) << 32;
		return;
	case REG_INITIAL:
		if (timer_mode(a) == TIMER_DEADLINE)
			return;
		a->initial = value;
		vlapic_timer_start(a);
		return;
	case REG_DIVIDE:
		vlapic_timer_catch_up(a);
		a->divide = value & 0xb;
		return;
	}
	if (offset != REG_ID)
		raise_error(a, ESR_REGISTER);
}

/* --- MSRs --- */

/* SDM figure 11-29: off, xAPIC, x2APIC; from x2APIC only to off, from off only to xAPIC. */
static bool write_base(struct vlapic *a, uint64_t value)
{
	const uint64_t modes = APIC_BASE_ENABLE | APIC_BASE_X2APIC;
	const uint64_t was = a->base & modes, is = value & modes;

	if ((value & ~(modes | APIC_BASE_BOOTSTRAP | 0x000ffffffffff000ull)) ||
		is == APIC_BASE_X2APIC || (was == modes && is == APIC_BASE_ENABLE) ||
		(!was && is == modes))
		return false;
	/* A page elsewhere is nothing that any system asks for. */
	if ((value & 0x000ffffffffff000ull) != APIC_DEFAULT_BASE)
		return false;
	a->base = (value & modes) | (a->base & ~modes);
	if (!is)
		vlapic_reset(a);
	return true;
}

/* Registers that have no MSR, or none that may be read or written (SDM table 11-6). */
static bool x2_can_read(uint32_t offset)
{
	switch (offset) {
	case REG_EOI:
	case REG_DFR:
	case REG_ICR_HIGH:
	case REG_SELF_IPI:
		return false;
	}
	return offset == REG_ID || offset == REG_VERSION || offset == REG_TPR ||
	       offset == REG_PPR || (offset >= REG_LDR && offset <= REG_ESR) ||
	       lvt_of(offset) >= 0 || offset == REG_ICR || offset == REG_INITIAL ||
	       offset == REG_CURRENT || offset == REG_DIVIDE;
}

static bool x2_can_write(uint32_t offset, uint64_t value)
{
	if (offset == REG_ICR)
		return !(value & ~ICR_KNOWN);
	if (value >> 32)
		return false;
	switch (offset) {
	case REG_TPR:
	case REG_SELF_IPI:
		return value <= 0xff;
	case REG_EOI:
	case REG_ESR:
		return value == 0;
	case REG_SVR:
		return !(value & ~SVR_MASK);
	case REG_INITIAL:
		return true;
	case REG_DIVIDE:
		return !(value & ~0xbull);
	}
	return lvt_of(offset) >= 0 && !(value & ~(uint64_t)lvt_writable[lvt_of(offset)]);
}

bool vlapic_read_msr(struct vlapic *a, uint32_t msr, uint64_t *value)
{
	const uint32_t offset = (msr - MSR_X2APIC) << 4;

	if (msr == MSR_APIC_BASE) {
		*value = a->base;
		return true;
	}
	if (msr == MSR_TSC_DEADLINE) {
		vlapic_timer_catch_up(a);
		*value = timer_mode(a) == TIMER_DEADLINE ? a->deadline : 0;
		return true;
	}
	if (!is_x2(a) || !x2_can_read(offset))
		return false;
	*value = offset == REG_ICR ? a->icr : vlapic_read(a, offset);
	return true;
}

bool vlapic_write_msr(struct vlapic *a, uint32_t msr, uint64_t value)
{
	const uint32_t offset = (msr - MSR_X2APIC) << 4;

	if (msr == MSR_APIC_BASE)
		return write_base(a, value);
	if (msr == MSR_TSC_DEADLINE) {
		if (timer_mode(a) == TIMER_DEADLINE)
			a->deadline = value;
		return true;
	}
	if (!is_x2(a) || !x2_can_write(offset, value))
		return false;
	if (offset == REG_ICR) {
		a->icr = value;
		send(a);
	} else if (offset == REG_SELF_IPI) {
		if (value < 16)
			raise_error(a, ESR_RECEIVE_ILLEGAL);
		else
			vlapic_post(a, (uint8_t)value, false);
	} else {
		vlapic_write(a, offset, (uint32_t)value);
	}
	return true;
}
