/*
 * What the processor and the SINIT module do between GETSEC[SENTER] and the MLE's first
 * instruction (MLE Developer's Guide, 1.10 and 2.3): authenticate SINIT, check the launch, measure
 * it into PCR 17 and 18, log it, and open TPM locality 2.
 */
#ifndef TXTSIM_SINIT_H
#define TXTSIM_SINIT_H

#include <stdbool.h>
#include <stdint.h>

struct txt;

struct sinit_launch {
	uint32_t entry;      /* physical */
	uint32_t page_table; /* the MLE's page table, physical */
};

/* acm, size and flags: EBX, ECX and EDX of SENTER. On refusal TXT.ERRORCODE says why. */
bool sinit_run(
	struct txt *t, uint32_t acm, uint32_t size, uint32_t flags, struct sinit_launch *launch);

/* Logs the SHA-256 values of PCR 17 and 18 under a title. */
void sinit_log_pcrs(struct txt *t, const char *title);

#endif
