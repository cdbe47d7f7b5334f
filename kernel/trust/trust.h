/* The trust subsystem's face to the rest of the kernel: measuring, quoting, the launch verdict. */
#ifndef TRUST_TRUST_H
#define TRUST_TRUST_H

#include "lib/types.h"
#include <vmkapi/events.h>
#include <vmkapi/status.h>
#include <vmkuser/syscall.h>

struct boot_info;

/*
 * Find the TPM and tboot's log, draw the launch verdict, start the kernel's own log, log
 * "Error loading TPM: CAUSE" where there is one. Boot goes on whatever it returns.
 */
enum vmk_status trust_init(const struct boot_info *info);
/*
 * True only when every sign of a dynamic launch (trust/verdict.h) or, without one, every sign of a
 * static launch (trust/srtm.h) holds.
 */
bool trust_measured(void);
/* SINIT's copy of the ACPI DMAR, to be preferred after a measured launch; NULL: there is none. */
const void *trust_dmar(size_t *bytes);
/*
 * While the TPM is waited for, `yield` is called, so that other worlds run; until it is set (once
 * the scheduler runs) the CPU spins. `hold` is called when a world has got the TPM, and when it has
 * given it back: others wait for it meanwhile, whatever may hold it up.
 */
void trust_set_wait(void (*yield)(void), void (*hold)(bool holds));
/*
 * Measure `text` (its terminating zero included) into the PCR of `type` and log it.
 * VMK_NOT_MEASURED without a measured launch: nothing is extended then, and nothing logged.
 */
enum vmk_status trust_measure(enum vmk_event_type type, const char *text);
void trust_sha256(const void *data, size_t bytes, uint8_t digest[32]);
/* The two calls of the attestation agent. */
enum vmk_status trust_quote(const struct vmk_quote_request *request, struct vmk_quote_reply *reply);
/* Copies up to `bytes` of a log from `offset`; *total is the log's whole length. */
enum vmk_status trust_log(enum vmk_trust_log log, uint64_t offset, void *to, size_t bytes,
	size_t *copied, uint64_t *total);
/* Lines for people: "Drtm Enabled: true", "Tpm Present: true", cause. Zero-terminated. */
void trust_describe(char *to, size_t size);

#endif
