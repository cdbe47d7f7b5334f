/* GETSEC leaves (SDM volume 2D, chapter 7), as functions over what the leaf sees of a CPU. */
#ifndef TXTSIM_GETSEC_H
#define TXTSIM_GETSEC_H

#include <stdint.h>

struct txt;

enum getsec_leaf {
	GETSEC_CAPABILITIES = 0,
	GETSEC_SENTER = 4,
	GETSEC_SEXIT = 5,
	GETSEC_PARAMETERS = 6,
	GETSEC_SMCTRL = 7,
	GETSEC_WAKEUP = 8,
};

/* What the edge must do after the leaf. */
enum getsec_action {
	GETSEC_DONE,   /* write eax, ebx, ecx back and go on */
	GETSEC_FAULT,  /* raise #GP(0) */
	GETSEC_LAUNCH, /* enter the MLE as described below */
	GETSEC_WAKE,   /* start the other CPUs with the join data below, then go on */
	GETSEC_RESET,  /* TXT shutdown: reset the platform */
};

struct getsec_state {
	/* in */
	unsigned cpu; /* 0 is the bootstrap processor */
	unsigned cpl;
	uint32_t cr0;
	/* in and out */
	uint32_t eax, ebx, ecx, edx;
	/* MLE JOIN data: what a woken CPU loads before it jumps to the entry point */
	uint32_t join_gdt_limit, join_gdt_base, join_selector, join_entry;
};

/*
 * On GETSEC_LAUNCH the edge puts all other CPUs into the wait for WAKEUP and continues this one at
 * ebx with ecx = the MLE page table, CR0.PG, AM and WP clear, CR4 = SMXE and EFLAGS = 2.
 */
enum getsec_action txt_getsec(struct txt *t, struct getsec_state *s);

#endif
