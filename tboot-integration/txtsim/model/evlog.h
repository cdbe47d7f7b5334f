/* TCG crypto-agile event log (PC Client Platform Firmware Profile, 10.2), two banks. */
#ifndef TXTSIM_EVLOG_H
#define TXTSIM_EVLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "tboot-integration/txtsim/model/digest.h"

#define EVLOG_MAX 4096u
/* tboot's printer takes one byte of an event's size. */
#define EVLOG_DATA_MAX 255u

struct evlog {
	uint8_t bytes[EVLOG_MAX];
	uint32_t size;
	bool overflow;
};

/* Begins with the Spec ID event. */
void evlog_init(struct evlog *log);
/* One TCG_PCR_EVENT2; sets `overflow` instead of writing past the end. */
void evlog_add(struct evlog *log, uint32_t pcr, uint32_t type, const struct digests *digests,
	const void *data, uint32_t size);

#endif
