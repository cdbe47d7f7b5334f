/*
 * tboot's Verified Launch Policy as tb_polgen writes it: which module's measurement goes into which
 * PCR, and the digest of the policy itself, which tboot extends into PCR 17 and 18.
 */
#ifndef PREDICT_VLP_H
#define PREDICT_VLP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmkapi/status.h>

#define VLP_ENTRIES_MAX   8u    /* tboot's own limit */
#define VLP_MODULE_ANY    0x81u /* "any" in tb_polgen; seen in its output */
#define VLP_MODULE_NV_RAW 0x83u /* an NV index; tboot skips one that is not defined */
#define VLP_PCR_NONE      255u

struct vlp_entry {
	uint8_t module; /* 0-based, or VLP_MODULE_ANY */
	uint8_t pcr;    /* 0..23 or VLP_PCR_NONE */
};
struct vlp {
	uint8_t type;     /* 0 nonfatal, 1 continue, 2 halt */
	uint32_t control; /* bit 0: the policy is part of its own measurement */
	unsigned entry_count;
	struct vlp_entry entries[VLP_ENTRIES_MAX];
};

/* The policy that tboot falls back to under details/authorities mapping when NV holds none. */
extern const uint8_t vlp_default[];
extern const size_t vlp_default_size;

enum vmk_status vlp_parse(const void *data, size_t size, struct vlp *vlp, const char **why);
/* SHA-256(LE32 control || SHA-256(policy)), or with 32 zero bytes where control bit 0 is clear. */
void vlp_digest(const struct vlp *vlp, const void *data, size_t size, uint8_t digest[32]);
/*
 * The PCRs that module `number` is extended into, in order; module 0 always goes into PCR 17 first.
 * Returns how many (0..2).
 */
unsigned vlp_module_pcrs(const struct vlp *vlp, unsigned number, uint8_t pcrs[2]);

#endif
