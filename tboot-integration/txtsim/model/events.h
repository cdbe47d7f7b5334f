/* SINIT's events: types, the order in which real modules log them, and this platform's data. */
#ifndef TXTSIM_EVENTS_H
#define TXTSIM_EVENTS_H

#include <stdint.h>

/* X(symbol, type): MLE Developer's Guide, appendix G; tboot prints the same names. */
#define SINIT_EVENT_TYPES(X)            \
	X(HASH_START, 0x402u)           \
	X(MLE_HASH, 0x404u)             \
	X(BIOSAC_REG_DATA, 0x40au)      \
	X(CPU_SCRTM_STAT, 0x40bu)       \
	X(LCP_CONTROL_HASH, 0x40cu)     \
	X(STM_HASH, 0x40eu)             \
	X(OSSINITDATA_CAP, 0x40fu)      \
	X(SINIT_PUBKEY_HASH, 0x410u)    \
	X(LCP_DETAILS_HASH, 0x412u)     \
	X(LCP_AUTHORITIES_HASH, 0x413u) \
	X(NV_INFO_HASH, 0x414u)

enum sinit_event_type {
#define X(symbol, type) EVTYPE_##symbol = (int)(type),
	SINIT_EVENT_TYPES(X)
#undef X
};

/* Where an event's data or digest comes from. */
enum sinit_source {
	SOURCE_PLATFORM,     /* data that no file holds: sinit_platform_data() */
	SOURCE_CAPABILITIES, /* OsSinitData.capabilities, little-endian */
	SOURCE_MLE,          /* the digest of the MLE, without data */
	SOURCE_SINIT_KEY,    /* the digest of SINIT's public key, without data */
};

struct sinit_event {
	uint32_t pcr;
	enum sinit_event_type type;
	enum sinit_source source;
};

/* In order, HASH_START (which the processor measures) excluded; ends with pcr 0. */
extern const struct sinit_event sinit_events[];

/* The constant data of an event of this platform; NULL if the type has none. */
const uint8_t *sinit_platform_data(enum sinit_event_type type, uint32_t *size);
const char *sinit_event_name(enum sinit_event_type type);

#endif
