/* The TXT heap: four blobs of {u64 size, data} (MLE Developer's Guide, appendix C). */
#ifndef TXTSIM_HEAP_H
#define TXTSIM_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct txt;

struct txt_os_sinit {
	uint32_t version;
	uint64_t mle_page_table;
	uint64_t mle_size;
	uint64_t mle_header;
	uint64_t pmr_low_base, pmr_low_size;
	uint64_t pmr_high_base, pmr_high_size;
	uint64_t lcp_base; /* the owner's policy data; size 0 if there are none */
	uint64_t lcp_size;
	uint32_t capabilities;
	uint32_t log_element;  /* offset in the heap of the type-8 element's data, 0 if absent */
	uint32_t log_offset;   /* offset in the heap of the event log's buffer */
	uint32_t log_size;     /* its size in bytes */
	uint32_t sinit_mle_at; /* offset in the heap of the SinitMleData blob */
};

/* What the firmware leaves in the heap: BiosData. */
void heap_firmware_init(struct txt *t);

/* Reads OsSinitData as the guest left it; on refusal calls txt_fail(). */
bool heap_parse(struct txt *t, struct txt_os_sinit *os);

/* Copies an event log into the buffer that OsSinitData names. */
bool heap_write_log(struct txt *t, const struct txt_os_sinit *os, const uint8_t *log, uint32_t n);

struct txt_sinit_result {
	uint32_t edx_flags;
	uint8_t sinit_sha1[20];
	uint8_t mle_sha1[20];
};

/* Writes SinitMleData: what SINIT tells the MLE. */
bool heap_write_sinit_mle(
	struct txt *t, const struct txt_os_sinit *os, const struct txt_sinit_result *result);

#endif
