/* The measured launched environment: page table and header (MLE Developer's Guide, 2.1 and 2.2). */
#ifndef TXTSIM_MLE_H
#define TXTSIM_MLE_H

#include <stdbool.h>
#include <stdint.h>

#include "tboot-integration/txtsim/model/digest.h"

struct txt;
struct txt_os_sinit;

struct txt_mle {
	struct digests digests;
	uint32_t entry; /* physical address of the first instruction */
};

/* Walks the page table, measures every byte, finds the entry; on refusal calls txt_fail(). */
bool mle_measure(struct txt *t, const struct txt_os_sinit *os, struct txt_mle *mle);

#endif
