/* SINIT's events: types, the order in which real modules log them, and this platform's data. */
#ifndef TXTSIM_EVENTS_H
#define TXTSIM_EVENTS_H

#include <stdint.h>

#include "trust/txt_events.h"

/* Where an event's data or digest comes from. */
enum sinit_source {
	SOURCE_PLATFORM,     /* data that no file holds: sinit_platform_data() */
	SOURCE_CAPABILITIES, /* OsSinitData.capabilities, little-endian */
	SOURCE_MLE,          /* the digest of the MLE, without data */
	SOURCE_SINIT_KEY,    /* the digest of SINIT's public key, without data */
};

struct sinit_event {
	uint32_t pcr;
	enum txt_event_type type;
	enum sinit_source source;
};

/* In order, HASH_START (which the processor measures) excluded; ends with pcr 0. */
extern const struct sinit_event sinit_events[];

/* The constant data of an event of this platform; NULL if the type has none. */
const uint8_t *sinit_platform_data(enum txt_event_type type, uint32_t *size);
const char *sinit_event_name(enum txt_event_type type);

#endif
