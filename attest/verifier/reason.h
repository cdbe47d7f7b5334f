/*
 * Why a host, an enrollment or a request was refused: one table from which codes, meanings and
 * advice come. The codes are stable: programs compare them and people look them up in REASONS.md.
 */
#ifndef VERIFIER_REASON_H
#define VERIFIER_REASON_H

/* X(symbol, code, meaning, what to do) */
#define REASONS(X)                                                                                 \
	X(REASON_NONE, "none", "nothing was wrong", "nothing")                                     \
	X(REASON_NOT_LAUNCHED, "not-launched", "the PCRs say that no dynamic launch happened",     \
		"boot through tboot with TXT enabled; tboot's console log says why it went on "    \
		"without")                                                                         \
	X(REASON_WRONG_LAUNCH, "wrong-launch",                                                     \
		"the host was launched in another way than the policy accepts",                    \
		"appraise it by a policy of its launch, or start it as the policy says")           \
	X(REASON_MALFORMED, "malformed", "a message or TPM structure breaks its format",           \
		"look for another program on the host's port, or a host of another version")       \
	X(REASON_TRAILING_BYTES, "trailing-bytes", "bytes follow a TPM structure",                 \
		"treat the host or the path to it as hostile: a TPM does not produce this")        \
	X(REASON_BAD_MAGIC, "bad-magic", "the attestation does not carry TPM_GENERATED_VALUE",     \
		"treat the host as hostile: the structure was not made by a TPM")                  \
	X(REASON_NOT_A_QUOTE, "not-a-quote", "the TPM attested something other than PCRs",         \
		"treat the host as hostile: it offered another kind of attestation")               \
	X(REASON_UNKNOWN_KEY, "unknown-key", "another key than the enrolled one made the quote",   \
		"check that this is the host that was enrolled; an operator re-enrolls it with "   \
		"--rekey")                                                                         \
	X(REASON_KEY_ATTRIBUTES, "key-attributes",                                                 \
		"the key is not a restricted signing key that never leaves its TPM",               \
		"update the host's agent; a key with other attributes can sign lies")              \
	X(REASON_ALGORITHM, "algorithm", "a key, signature or hash algorithm is not allowed",      \
		"use an ECC P-256, P-384 or RSA-2048 key with SHA-256 or better")                  \
	X(REASON_BAD_SIGNATURE, "bad-signature", "the signature does not verify",                  \
		"treat the host or the path to it as hostile, then try again")                     \
	X(REASON_NONCE_MISMATCH, "nonce-mismatch", "the quote does not answer this challenge",     \
		"try again; if it stays, somebody replays old quotes")                             \
	X(REASON_NONCE_REUSED, "nonce-reused", "the challenge was answered once before",           \
		"challenge the host with a fresh nonce")                                           \
	X(REASON_NONCE_EXPIRED, "nonce-expired", "the answer came too late",                       \
		"challenge the host again; look at the network if it stays slow")                  \
	X(REASON_SELECTION_MISMATCH, "selection-mismatch",                                         \
		"the signed PCR selection is not the one that was asked for",                      \
		"treat the host as hostile: it quoted other PCRs than it was asked for")           \
	X(REASON_PCR_DIGEST_MISMATCH, "pcr-digest-mismatch",                                       \
		"neither the reported nor the replayed PCR values give the signed digest",         \
		"treat the reported values as invented; fetch the host's own log")                 \
	X(REASON_LOG_REQUIRED, "log-required", "the host sent no log that explains its PCRs",      \
		"ask for the full log; look whether the kernel found tboot's log")                 \
	X(REASON_FIRMWARE_VERSION, "firmware-version",                                             \
		"the TPM's firmware is not on the policy's list",                                  \
		"update the TPM's firmware, or add the version to the policy")                     \
	X(REASON_LOG_MALFORMED, "log-malformed", "an event log breaks its format",                 \
		"decode it with `vmkverify log`")                                                  \
	X(REASON_LOG_TRUNCATED, "log-truncated", "an event log ends too early",                    \
		"look whether the log area was too small, or somebody hides events")               \
	X(REASON_PCR_NOT_COVERED, "pcr-not-covered", "a PCR was extended, but no event says so",   \
		"find out who extended it: its events are not in any log")                         \
	X(REASON_REPLAY_MISMATCH, "replay-mismatch", "the log does not lead to the quoted PCRs",   \
		"treat the log as forged or incomplete")                                           \
	X(REASON_EVENT_SEMANTICS, "event-semantics", "an event is not what it says it is",         \
		"treat the log as forged: types and data are not measured, digests are")           \
	X(REASON_EVENT_MISMATCH, "event-mismatch", "something that was measured differs",          \
		"compare the named file or command line with the released one, or predict a new "  \
		"policy")                                                                          \
	X(REASON_EVENT_MISSING, "event-missing", "something expected was not measured",            \
		"put the named file back into boot.cfg, or predict a new policy")                  \
	X(REASON_EVENT_UNEXPECTED, "event-unexpected", "something unknown was measured",           \
		"find out what was loaded; add it to the policy only if it is yours")              \
	X(REASON_EVENT_ORDER, "event-order", "the right things were measured in another order",    \
		"restore the order of boot.cfg, or predict a new policy")                          \
	X(REASON_SECURE_BOOT, "secure-boot",                                                       \
		"UEFI Secure Boot is not on, and the policy wants it",                             \
		"switch Secure Boot on in the firmware's setup")                                   \
	X(REASON_CPU_PROTECTION, "cpu-protection",                                                 \
		"a protection of the CPU that the policy wants is not on",                         \
		"use a host whose CPU has it; firmware and emulators can hide one")                \
	X(REASON_AUDIT_ALTERED, "audit-altered", "a record of the audit log is not what it was",   \
		"treat the host as hostile from that record on: somebody changed what it wrote")   \
	X(REASON_AUDIT_MISSING, "audit-missing", "a record of the audit log was dropped",          \
		"treat the host as hostile: somebody hides what happened")                         \
	X(REASON_AUDIT_ORDER, "audit-order", "a record of the audit log is not in its place",      \
		"treat the host as hostile: somebody changed the order of what happened")          \
	X(REASON_AUDIT_TRUNCATED, "audit-truncated",                                               \
		"the audit log ends before its last checkpoint",                                   \
		"ask for the whole log; if it stays short, somebody hides what happened")          \
	X(REASON_AUDIT_FORBIDDEN, "audit-forbidden",                                               \
		"something happened on the host that the policy does not allow",                   \
		"find out why it happened; a new boot begins a new audit log")                     \
	X(REASON_EK_UNTRUSTED, "ek-untrusted", "the EK certificate does not lead to a trusted CA", \
		"give the TPM maker's CA certificates with --ek-ca")                               \
	X(REASON_EK_MISMATCH, "ek-mismatch", "the EK is not the one in its certificate",           \
		"treat the host as hostile: it shows a certificate of another TPM")                \
	X(REASON_ACTIVATION_FAILED, "activation-failed",                                           \
		"the host could not prove that its key and its EK share one TPM",                  \
		"treat the host as hostile, or look at the kernel's TPM messages")                 \
	X(REASON_ALREADY_ENROLLED, "already-enrolled",                                             \
		"the name is bound to another key or TPM, or this TPM to another name",            \
		"use --rekey if an operator replaced the TPM or cleared its endorsement seed; "    \
		"what "                                                                            \
		"binds this TPM to another name is hosts/NAME.json of the state, for an operator " \
		"to remove")                                                                       \
	X(REASON_NOT_ENROLLED, "not-enrolled", "no key is on record for this name",                \
		"run `vmkverify enroll` first")                                                    \
	X(REASON_UNREACHABLE, "unreachable", "no answer came from the host",                       \
		"check address, port and firewall; the host's console says where it listens")      \
	X(REASON_REFUSED, "refused", "the host answered with an error",                            \
		"read the answer; wait where it says rate limited")                                \
	X(REASON_POLICY_INVALID, "policy-invalid", "the policy breaks its format or its own sums", \
		"write it anew with vmkpredict")                                                   \
	X(REASON_STATE, "state", "the verifier's own records cannot be used",                      \
		"look at the named file; restore it from a backup, never edit it")

enum reason {
#define X(symbol, code, meaning, advice) symbol,
	REASONS(X)
#undef X
		REASON_COUNT
};

/* Never NULL; "?" and the like for a number that is none. */
const char *reason_code(enum reason reason);
const char *reason_meaning(enum reason reason);
const char *reason_advice(enum reason reason);
/* The reason of a code, or REASON_COUNT. */
enum reason reason_find(const char *code);

#endif
