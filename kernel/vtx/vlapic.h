/*
 * A virtual local APIC (SDM 3A, chapter 11): xAPIC and x2APIC mode, priorities, timer in all three
 * modes, IPIs. Pure; one vCPU's thread calls everything but vlapic_post(), which anyone may call.
 * The timer counts at the TSC's rate.
 */
#ifndef VTX_VLAPIC_H
#define VTX_VLAPIC_H

#include "lib/types.h"

#define APIC_DEFAULT_BASE   0xfee00000ull
#define APIC_BASE_BOOTSTRAP (1ull << 8)
#define APIC_BASE_X2APIC    (1ull << 10)
#define APIC_BASE_ENABLE    (1ull << 11)

/* Delivery modes, SDM figure 11-12. */
enum apic_delivery {
	DELIVER_FIXED = 0,
	DELIVER_LOWEST = 1,
	DELIVER_SMI = 2,
	DELIVER_NMI = 4,
	DELIVER_INIT = 5,
	DELIVER_STARTUP = 6,
	DELIVER_EXTINT = 7,
};
enum apic_shorthand { TO_DESTINATION, TO_SELF, TO_ALL, TO_OTHERS };

/* What an ICR write, an I/O APIC entry or an MSI asks for. */
struct apic_message {
	uint32_t destination;
	uint8_t vector;
	uint8_t delivery;  /* enum apic_delivery */
	uint8_t shorthand; /* enum apic_shorthand */
	bool logical, level_triggered, assert;
	bool x2; /* the destination has 32 bits */
};

struct vlapic_ops {
	/* The guest's TSC now. */
	uint64_t (*now)(void *context);
	/* A message leaves this APIC; shorthands are for the receiver to resolve. */
	void (*send)(void *context, const struct apic_message *message);
	/* A level-triggered interrupt has ended. */
	void (*eoi)(void *context, uint8_t vector);
};

/* The local vector table's entries. */
enum vlapic_lvt {
	LVT_CMCI,
	LVT_TIMER,
	LVT_THERMAL,
	LVT_PERF,
	LVT_LINT0,
	LVT_LINT1,
	LVT_ERROR,
	LVTS
};

#define APIC_WORDS 8 /* 256 vectors */

struct vlapic {
	const struct vlapic_ops *ops;
	void *context;
	uint64_t base; /* IA32_APIC_BASE */
	uint32_t id, tpr, ldr, dfr, svr, esr, esr_new;
	uint32_t isr[APIC_WORDS], irr[APIC_WORDS], tmr[APIC_WORDS];
	uint32_t lvt[LVTS];
	bool requested; /* `irr` may be anything but zeroes */
	uint64_t icr;
	uint32_t divide, initial;
	uint64_t deadline; /* of the timer, in the guest's TSC; 0: not armed */
	/* Set by others: vlapic_post(). */
	bool intr;         /* LINT0 and INTR are asserted; set by others: vlapic_set_intr() */
	uint16_t external; /* VLAPIC_EXTERNAL and the vector that came with it; 0: none */
	uint32_t posted[APIC_WORDS], posted_level[APIC_WORDS], posted_any;
};

/* Power-up state. The bootstrap vCPU's base says so. */
void vlapic_init(struct vlapic *apic, const struct vlapic_ops *ops, void *context, uint32_t id,
	bool bootstrap);
/* INIT: everything but identifier and base. */
void vlapic_reset(struct vlapic *apic);
bool vlapic_is_enabled(const struct vlapic *apic);

/* Thread-safe: an interrupt for this APIC. Vectors below 16 are ignored, as the SDM says. */
void vlapic_post(struct vlapic *apic, uint8_t vector, bool level_triggered);
/* Is the message for this APIC, and does its shorthand include it? `self`: it sent it. */
bool vlapic_is_addressed(const struct vlapic *apic, const struct apic_message *message, bool self);

/* The vector to be delivered now, or -1: pending, above the processor's priority. */
int vlapic_pending(struct vlapic *apic);
/* False: that is -1, as each entry into a guest asks. */
static inline bool vlapic_may_have_pending(const struct vlapic *apic)
{
	return apic->requested || __atomic_load_n(&apic->posted_any, __ATOMIC_RELAXED);
}
void vlapic_accept(struct vlapic *apic, uint8_t vector);
/*
 * The other way in: LINT0 in ExtINT mode, or INTR while the APIC is disabled (SDM 3A, 11.5.1,
 * 11.4.3). Its vector comes from outside: whoever takes it asks for it, then says so here.
 */
#define VLAPIC_EXTERNAL 0x100u
/* Thread-safe. */
void vlapic_set_intr(struct vlapic *apic, bool level);
/* -1: nothing is to be taken; VLAPIC_EXTERNAL: its vector is not known; or the vector. */
int vlapic_external(const struct vlapic *apic);
/* False: that is -1, as each entry into a guest asks. */
static inline bool vlapic_may_have_external(const struct vlapic *apic)
{
	return apic->external || __atomic_load_n(&apic->intr, __ATOMIC_SEQ_CST);
}
static inline void vlapic_know_external(struct vlapic *apic, uint8_t vector)
{
	apic->external = VLAPIC_EXTERNAL | vector;
}
/* As firmware leaves it: software-enabled, LINT0 ExtINT, LINT1 NMI ("virtual wire"; MP
 * specification 3.6.2.2). */
void vlapic_wire(struct vlapic *apic);
uint8_t vlapic_tpr(const struct vlapic *apic); /* as in CR8 */
void vlapic_set_tpr(struct vlapic *apic, uint8_t cr8);

/* When the timer is due, in the guest's TSC; UINT64_MAX: it is not armed, or masked, so that nobody
 * is to be interrupted. */
static inline uint64_t vlapic_deadline(const struct vlapic *apic)
{
	const bool masked = apic->lvt[LVT_TIMER] >> 16 & 1;

	return apic->deadline && !masked ? apic->deadline : UINT64_MAX;
}
/* The guest has moved its TSC, as ops->now() tells, forward by so much (modulo 2^64): its deadline
 * is another time then, but what counts down goes on counting, and what was due is due. */
void vlapic_tsc_moved(struct vlapic *apic, uint64_t by);
/* The guest's TSC is `now`: fires what is due. */
void vlapic_tick(struct vlapic *apic, uint64_t now);

/* Registers of xAPIC mode by offset in the page (aligned double words; others read 0). */
uint32_t vlapic_read(struct vlapic *apic, uint32_t offset);
void vlapic_write(struct vlapic *apic, uint32_t offset, uint32_t value);
/* IA32_APIC_BASE, IA32_TSC_DEADLINE and the x2APIC MSRs; false: #GP. */
bool vlapic_read_msr(struct vlapic *apic, uint32_t msr, uint64_t *value);
bool vlapic_write_msr(struct vlapic *apic, uint32_t msr, uint64_t value);

#endif
