/*
 * Faults that a platform can be given on purpose, each at the step where a real one would show it.
 * They end in an unmeasured launch, in a refused one or in a machine that stops, never in trust.
 */
#ifndef TXTSIM_FAULTS_H
#define TXTSIM_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * X(symbol, name, what is wrong, how a boot through tboot ends). Ends: "unmeasured": tboot gives
 * this reason and starts the kernel without a launch; "refused": SENTER resets the platform with
 * this error, and the next boot is unmeasured; "launched": this is said after the launch, which
 * then cannot be proved. tboot waits for minutes for a TPM that does not answer.
 */
#define TXT_FAULTS(X)                                                                            \
	X(NO_SMX, "no-smx", "the processor has no Safer Mode Extensions",                        \
		"unmeasured: CPU does not support SMX")                                          \
	X(TXT_DISABLED, "txt-disabled", "the firmware locked FEATURE_CONTROL without SENTER",    \
		"unmeasured: SENTER disabled")                                                   \
	X(NO_SINIT, "no-sinit", "the firmware keeps no memory for SINIT: TXT.SINIT.SIZE is 0",   \
		"unmeasured: too small for loaded SINIT")                                        \
	X(WRONG_CHIPSET, "wrong-chipset", "TXT.DIDVID is that of another chipset than SINIT's",  \
		"unmeasured: chipset id mismatch")                                               \
	X(SINIT_SIGNATURE, "sinit-signature", "SINIT changes on its way into the processor",     \
		"refused: failure to authenticate SINIT")                                        \
	X(EARLIER_ERROR, "earlier-error", "an earlier launch left TXT.ERRORCODE and TXT.ESTS",   \
		"unmeasured: TXT_RESET.STS is set")                                              \
	X(SECRETS_LEFT, "secrets-left", "TXT.E2STS.SECRETS is set, the firmware cannot scrub",   \
		"unmeasured: TXT_RESET.STS is set")                                              \
	X(NO_DMAR, "no-dmar", "the firmware has no ACPI DMAR table",                             \
		"unmeasured: DMAR table not found")                                              \
	X(TPM_ABSENT, "tpm-absent", "no TPM answers", "unmeasured: TPM not ready")               \
	X(TPM_FAILED, "tpm-failed", "the TPM is in failure mode", "unmeasured: TPM not ready")   \
	X(TPM_HANGS, "tpm-hangs", "no TPM command ever completes",                               \
		"unmeasured: wait for data available timeout")                                   \
	X(TPM_SLOW, "tpm-slow", "TPM commands take seconds, each",                               \
		"launched: Error loading TPM: time-out")                                         \
	X(TPM_NO_LOCALITY, "tpm-no-locality", "the TPM grants no locality",                      \
		"unmeasured: TPM not ready")                                                     \
	X(TPM_NOT_READY, "tpm-not-ready", "the TPM is never ready for a command",                \
		"unmeasured: TPM not ready")                                                     \
	X(TPM_SHORT_ANSWER, "tpm-short-answer", "TPM answers end within their header",           \
		"unmeasured: TPM not ready")                                                     \
	X(TPM_HASH, "tpm-hash", "the hash sequence at locality 4 fails",                         \
		"refused: TPM hash sequence at locality 4")                                      \
	X(TPM_EXTEND_17, "tpm-extend-17", "SINIT's extends of PCR 17 fail",                      \
		"refused: TPM command at locality 3")                                            \
	X(TPM_EXTEND_18, "tpm-extend-18", "SINIT's extends of PCR 18 fail",                      \
		"refused: TPM command at locality 3")                                            \
	X(TPM_LAUNCHED_FAILED, "tpm-launched-failed", "after the launch the TPM fails",          \
		"launched: TPM not ready")                                                       \
	X(TPM_LAUNCHED_HANGS, "tpm-launched-hangs", "after the launch no TPM command completes", \
		"launched: wait for data available timeout")                                     \
	X(LOCALITY_CLOSED, "locality-closed", "after the launch localities 1 and 2 stay closed", \
		"launched: Locality 2 is not open")                                              \
	X(HEAP_BIOS, "heap-bios", "BiosData is larger than the heap",                            \
		"unmeasured: BIOS data size is larger than heap size")                           \
	X(HEAP_OS_MLE, "heap-os-mle", "OsMleData's size is changed before SENTER",               \
		"refused: the heap's blobs do not fit")                                          \
	X(HEAP_OS_SINIT, "heap-os-sinit", "OsSinitData's size is changed before SENTER",         \
		"refused: the heap's blobs do not fit")                                          \
	X(HEAP_SINIT_MLE, "heap-sinit-mle", "SINIT leaves a SinitMleData larger than the heap",  \
		"launched: verification of post-launch failed")                                  \
	X(SINIT_MLE_OLD, "sinit-mle-old", "SinitMleData is of version 5",                        \
		"launched: SinitMleData is older than version 6")                                \
	X(MLE_PAGE_ORDER, "mle-page-order", "the MLE's second page lies below its first",        \
		"refused: MLE pages are not in order")                                           \
	X(MLE_PAGE_OUTSIDE, "mle-page-outside", "the MLE's second page is not RAM",              \
		"refused: MLE page outside RAM")                                                 \
	X(MLE_PAGE_UNPROTECTED, "mle-page-unprotected",                                          \
		"the MLE's second page lies outside the protected memory ranges",                \
		"refused: MLE page outside the PMRs")                                            \
	X(LOG_SMALL, "log-small", "the event log's buffer has no room for SINIT's events",       \
		"refused: no room for the event log")                                            \
	X(VMX_DISABLED, "vmx-disabled", "the firmware locked FEATURE_CONTROL without VMX",       \
		"unmeasured: VMXON disabled")

/*
 * Those that let tboot read the TPM's registers millions of times: minutes in Bochs. In QEMU each
 * read leaves the emulator, and nobody would wait for the end.
 */
#define TXT_FAULTS_POLLED(X) \
	X(TPM_HANGS)         \
	X(TPM_SLOW)          \
	X(TPM_NO_LOCALITY)   \
	X(TPM_NOT_READY)     \
	X(TPM_SHORT_ANSWER)  \
	X(TPM_LAUNCHED_HANGS)

enum txt_fault {
#define X(symbol, name, what, end) TXT_FAULT_##symbol,
	TXT_FAULTS(X)
#undef X
		TXT_FAULT_COUNT
};

_Static_assert(TXT_FAULT_COUNT <= 64, "a set of faults is one 64-bit mask");

struct txt_fault_row {
	const char *name;
	const char *what;
	const char *end;
};

extern const struct txt_fault_row txt_faults[TXT_FAULT_COUNT];
extern const uint64_t txt_faults_polled; /* a mask, as below */

/*
 * Names separated by commas to a mask with bit (1 << enum txt_fault) for each. False for an unknown
 * name: *bad and *bad_size are it then.
 */
bool txt_faults_parse(const char *text, uint64_t *mask, const char **bad, size_t *bad_size);

#endif
