/*
 * The TXT heap: Intel TXT MLE Developer's Guide, appendix C. Firmware, tboot and SINIT wrote it;
 * nothing of it is trusted. Pure: parses a copy, reads nothing outside it.
 */
#ifndef TRUST_TXTHEAP_H
#define TRUST_TXTHEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmkapi/status.h>

/* The four blobs, in the order in which they lie. X(symbol, name) */
#define TXTHEAP_BLOBS(X)                   \
	X(TXTHEAP_BIOS, "BiosData")        \
	X(TXTHEAP_OS_MLE, "OsMleData")     \
	X(TXTHEAP_OS_SINIT, "OsSinitData") \
	X(TXTHEAP_SINIT_MLE, "SinitMleData")
enum txtheap_blob_name {
#define X(symbol, name) symbol,
	TXTHEAP_BLOBS(X)
#undef X
		TXTHEAP_BLOB_COUNT
};

struct txtheap_blob {
	size_t offset, bytes; /* of its data, without the size field before it */
};

/* What the kernel uses of it. Offsets count from the heap's first byte. */
struct txtheap {
	struct txtheap_blob blobs[TXTHEAP_BLOB_COUNT];
	uint32_t os_sinit_version;
	size_t log_offset, log_bytes; /* the crypto-agile event log, cut at its next record */
};

/*
 * heap[0..bytes) is a copy of the heap that lies at physical address `base`. On failure *why
 * (static text) names what was wrong: VMK_TRUNCATED when a blob does not fit, VMK_UNSUPPORTED for a
 * version that has no extended elements, VMK_NOT_FOUND without a crypto-agile log (element type 8),
 * VMK_BAD_FORMAT for a log that does not lie in the heap or elements that do not end.
 */
enum vmk_status txtheap_parse(
	const void *heap, size_t bytes, uint64_t base, struct txtheap *parsed, const char **why);
/*
 * SINIT's copy of the ACPI DMAR, made where no device could change it: heap[*offset .. *offset +
 * *bytes), within the heap. `parsed` is what txtheap_parse() made of it. False: there is none.
 */
bool txtheap_find_dmar(
	const void *heap, const struct txtheap *parsed, size_t *offset, size_t *bytes);

#endif
