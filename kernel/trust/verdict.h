/*
 * The launch verdict: was this kernel launched and measured by tboot through Intel TXT? tboot
 * launches a kernel unmeasured, and silently so, when TXT or the TPM is missing; so every sign has
 * to be there and agree with the others. Pure: facts in, verdict with its reasons out.
 */
#ifndef TRUST_VERDICT_H
#define TRUST_VERDICT_H

#include "trust/sign.h"

#include <vmkapi/status.h>

/* X(symbol, name, what it means). Each of them must hold. */
#define VERDICT_SIGNS(X)                                                                  \
	X(SIGN_TBOOT_WORD, "tboot-word", "tboot= is the last word of the command line")   \
	X(SIGN_TBOOT_UUID, "tboot-uuid", "the shared page carries tboot's UUID")          \
	X(SIGN_TBOOT_PLACE, "tboot-place", "the shared page lies where tboot may lie")    \
	X(SIGN_TXT_STS, "txt-sts", "TXT.STS: SENTER done, SEXIT not")                     \
	X(SIGN_TXT_LOCALITY, "txt-locality2", "TXT.STS: TPM locality 2 is open")          \
	X(SIGN_TXT_ESTS, "txt-ests", "TXT.ESTS: no TXT reset")                            \
	X(SIGN_TXT_ERROR, "txt-errorcode", "TXT.ERRORCODE: no error of processor or ACM") \
	X(SIGN_TXT_SECRETS, "txt-e2sts", "TXT.E2STS: tboot has set SECRETS")              \
	X(SIGN_PCR17, "pcr17", "PCR 17 was reset by the launch and extended")             \
	X(SIGN_PCR18, "pcr18", "PCR 18 was reset by the launch and extended")             \
	X(SIGN_LOG, "log", "SINIT's event log is there and well-formed")                  \
	X(SIGN_REPLAY17, "replay17", "the replayed log gives PCR 17")                     \
	X(SIGN_REPLAY18, "replay18", "the replayed log gives PCR 18")
enum verdict_sign_name {
#define X(symbol, name, meaning) symbol,
	VERDICT_SIGNS(X)
#undef X
		VERDICT_SIGN_COUNT
};

/* TXT public configuration registers, MLE Developer's Guide appendix B.1. */
#define TXT_STS_SENTER_DONE    (1ull << 0)
#define TXT_STS_SEXIT_DONE     (1ull << 1)
#define TXT_STS_LOCALITY2_OPEN (1ull << 16)
#define TXT_ESTS_RESET         (1ull << 0)
#define TXT_E2STS_SECRETS      (1ull << 1)
#define TXT_ERRORCODE_VALID    (1u << 31)
/* What an ACM leaves when all went well: valid, external, SINIT, no class, no error. */
#define TXT_ERRORCODE_SINIT_OK 0xc0000001u

/* All that the verdict is drawn from, as found. */
struct verdict_facts {
	bool tboot_word, tboot_uuid, tboot_place;
	bool txt; /* the registers below were read */
	uint64_t sts, ests, e2sts;
	uint32_t errorcode;
	bool pcrs; /* the values below were read from the TPM */
	uint8_t pcr17[32], pcr18[32];
	const uint8_t *log; /* SINIT's and tboot's log, cut at its end; NULL: none */
	size_t log_bytes;
	const char *log_why; /* static text: why there is none */
	const uint8_t *dmar; /* SINIT's copy; NULL: none */
	size_t dmar_bytes;
};

struct verdict {
	bool measured;    /* every sign holds */
	unsigned missing; /* how many do not */
	struct verdict_sign signs[VERDICT_SIGN_COUNT];
};

void verdict_draw(const struct verdict_facts *facts, struct verdict *verdict);
const char *verdict_sign_name(enum verdict_sign_name sign);
const char *verdict_sign_meaning(enum verdict_sign_name sign);

#endif
