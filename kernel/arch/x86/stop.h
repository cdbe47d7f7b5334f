/*
 * Who leaves the machine, and how all other CPUs stop for it: the order of things between them.
 * Pure over struct stop_ops. A CPU that leaves the kernel is in the hands of whoever had it before,
 * who knows neither our interrupts nor our VMX operation: it gets no NMI from us any more, and has
 * executed VMXOFF before the one that goes on counts it (SDM 3C, 24.8: INIT is blocked until then).
 */
#ifndef ARCH_STOP_H
#define ARCH_STOP_H

#include "lib/types.h"

/* Of each CPU; whoever changes one does it by compare and exchange. */
enum stop_state {
	STOP_RUNS,
	STOP_ASKED,
	STOP_NMI,    /* an NMI is on its way: until it is there the CPU stays */
	STOP_LEAVES, /* by its own decision; nobody sends it anything from then on */
	STOP_GONE,
	STOP_GIVEN_UP, /* it never leaves the kernel: should it come back, it halts */
};

struct stop_ops {
	unsigned (*here)(void);
	uint32_t *(*state)(unsigned cpu); /* 0 when the CPU comes up; NULL: there are no more */
	/* One that is not yet, never will be. */
	bool (*is_online)(unsigned cpu);
	void (*interrupt)(unsigned cpu); /* calls stop_here() there */
	void (*nmi)(unsigned cpu);       /* stop_nmi_came(), then stop_here() */
	uint64_t (*now)(void);           /* ns */
	void (*wait)(void);              /* in each turn of waiting */
	void (*deafen)(void);            /* the CPU that leaves: interrupts off */
	void (*disarm)(void);            /* and then: VMXOFF, its APIC quiet, no more online */
	/* Have all that are gone left the kernel? */
	bool (*are_away)(void);
	void (*unanswered)(unsigned cpu); /* names it */
};

struct stop {
	const struct stop_ops *ops;
	uint32_t leaver; /* its number and 1; 0: nobody */
	bool stopping;
};

/* True: the caller is the one that leaves, from now on or already. False: it waits for
 * stop_here()'s turn (stop_is_on()). */
bool stop_claim(struct stop *stop);
bool stop_is_on(const struct stop *stop);
/*
 * For the one that leaves. Every other CPU stops: by an interrupt, after 100 ms by NMI, and after
 * another second it is named and given up. False: not all were away a second later.
 */
bool stop_others(struct stop *stop);

enum stop_next {
	STOP_GO_ON, /* it leaves itself, or has been interrupted in this very function */
	STOP_PARK,
	STOP_HALT, /* nobody waits for it any more */
};
/* Once stop_is_on(), on every other CPU. Interrupts are off afterwards, but for STOP_GO_ON. */
enum stop_next stop_here(struct stop *stop);

/* Unless that CPU is leaving. */
void stop_send_nmi(struct stop *stop, unsigned cpu);
/* First of all in the handler of each NMI. */
void stop_nmi_came(struct stop *stop);

#endif
