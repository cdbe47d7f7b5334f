/* The appraisal: fifteen checks in their order; the first that fails decides. */
#ifndef VERIFIER_APPRAISE_H
#define VERIFIER_APPRAISE_H

#include "verifier/align.h"
#include "verifier/audit.h"
#include "verifier/host.h"
#include "verifier/quote.h"

/* X(symbol, name, what it demands). Check 15, the record, is the caller's. */
#define CHECKS(X)                                                                               \
	X(CHECK_LENGTH, "length", "the attestation ends where its structure ends")              \
	X(CHECK_MAGIC, "magic", "a TPM made it")                                                \
	X(CHECK_TYPE, "type", "it is a quote")                                                  \
	X(CHECK_KEY, "key", "by the enrolled key, which is fit to attest")                      \
	X(CHECK_ALGORITHM, "algorithm", "with allowed algorithms")                              \
	X(CHECK_SIGNATURE, "signature", "the signature verifies")                               \
	X(CHECK_NONCE, "nonce", "it answers this challenge, once and in time")                  \
	X(CHECK_SELECTION, "selection", "over exactly the PCRs that were asked for")            \
	X(CHECK_PCR_DIGEST, "pcr-digest", "PCR values are known that give the signed digest")   \
	X(CHECK_EPOCH, "boot-epoch", "a new boot brings its full log")                          \
	X(CHECK_FIRMWARE, "firmware", "the TPM's firmware is allowed")                          \
	X(CHECK_REPLAY, "replay", "the policy's launch happened and the log leads to each PCR") \
	X(CHECK_SEMANTICS, "semantics", "each event is what it says, and so is the audit log")  \
	X(CHECK_POLICY, "policy", "each event is one that the policy expects")                  \
	X(CHECK_RECORD, "record", "the verdict is signed and recorded")

enum check {
#define X(symbol, name, demand) symbol,
	CHECKS(X)
#undef X
		CHECK_COUNT
};

enum check_state { CHECK_NOT_RUN, CHECK_PASSED, CHECK_FAILED };

#define APPRAISE_MAX_AGE_MS 60000u
#define NOTES_MAX           24u
#define NOTE_SIZE           160u

struct appraise_request {
	const struct evidence *evidence;
	const struct policy *policy;
	const struct host *host;
	const struct key *key;         /* of host->ak_public */
	const struct key *endorsement; /* of host->ek_public, or NULL */
	bool recorded;                 /* appraised again: the nonce's use and age are history */
	uint64_t max_age_ms;           /* of an answer */
};

/* Points into the request's parts, which must outlive it. */
struct appraisal {
	bool trusted;
	struct fault fault; /* why not */
	enum check failed;
	enum check_state states[CHECK_COUNT];
	struct quote quote;
	struct events events; /* those that the quote covers */
	struct replay replay;
	bool values_known; /* then values are what the TPM signed */
	uint8_t values[PCR_COUNT][DIGEST_SIZE];
	struct steps steps;
	struct audit audit;               /* what the audit log proves */
	bool new_epoch;                   /* another boot than the last one seen */
	char notes[NOTES_MAX][NOTE_SIZE]; /* what a person should know, but refuses nothing */
	unsigned int note_count;
};

void appraise(struct appraisal *appraisal, const struct appraise_request *request);
void appraisal_free(struct appraisal *appraisal);

const char *check_name(enum check check);

#endif
