/*
 * A world's times in the columns that administrators know (esxtop's CPU panel), over an interval.
 * Pure.
 */
#ifndef SCHED_STATS_H
#define SCHED_STATS_H

#include "lib/types.h"

struct task;

/* What a wait is for. */
enum sched_wait {
	SCHED_WAIT_EVENT,  /* for something that others do */
	SCHED_WAIT_WORK,   /* for something to do */
	SCHED_WAIT_MEMORY, /* for a frame that others are to give back */
	SCHED_WAITS
};

/* What one look sees; ns since the world was first started. */
struct sched_sample {
	uint64_t at; /* of the monotonic clock */
	uint64_t run, ready, parked, costop, wait;
	uint64_t idle;    /* of `wait`: with nothing to do */
	uint64_t memory;  /* of `wait`: for memory */
	uint64_t served;  /* by interrupts, in others' `run` */
	uint64_t overlap; /* of `run`: by interrupts, for others */
	uint64_t switches, migrations;
	uint64_t shortfall; /* that its reservation promised and did not bring */
};

/* Of the interval, in hundredths of a percent of one pCPU; but for rounding, run + ready + costop +
 * wait is 10000, and used is run + sys - overlap. */
struct sched_columns {
	uint32_t used, run;
	uint32_t sys;          /* what interrupts did for it while others ran (service.h) */
	uint32_t overlap;      /* of run: what they did for others */
	uint32_t wait, idle;   /* idle: of that, with nothing to do */
	uint32_t vmwait;       /* of wait: the rest. Of a vCPU: for its VMX world, or for memory */
	uint32_t swapwait;     /* of vmwait: for memory. There is no swap: for balloons */
	uint32_t ready, mlmtd; /* mlmtd: of that, held back by a limit */
	uint32_t costop;
	uint64_t switches, migrations;
};

/* The home queue's lock is held, or nothing runs. */
void sched_sample(const struct task *task, uint64_t now, struct sched_sample *out);
void sched_columns(const struct sched_sample *before, const struct sched_sample *after,
	struct sched_columns *out);

#endif
