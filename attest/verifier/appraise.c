#include "verifier/appraise.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "verifier/covers.h"
#include "verifier/cpu.h"
#include "verifier/explain.h"
#include "verifier/firmware.h"
#include "verifier/semantics.h"

static const char *const check_names[CHECK_COUNT] = {
#define X(symbol, name, demand) [symbol] = name,
	CHECKS(X)
#undef X
};

const char *check_name(enum check check)
{
	return (unsigned int)check < CHECK_COUNT ? check_names[check] : "?";
}

static void note(struct appraisal *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void note(struct appraisal *a, const char *format, ...)
{
	va_list args;

	if (a->note_count == NOTES_MAX)
		return;
	va_start(args, format);
	vsnprintf(a->notes[a->note_count++], NOTE_SIZE, format, args);
	va_end(args);
}

/* Records the outcome of one check and passes it on. */
static bool done(struct appraisal *a, enum check check, bool ok)
{
	a->states[check] = ok ? CHECK_PASSED : CHECK_FAILED;
	if (!ok)
		a->failed = check;
	return ok;
}

/* Checks 1 to 3 come from one structure: which of them failed shows in the reason. */
static bool check_structure(struct appraisal *a, const struct appraise_request *r)
{
	bool ok = quote_parse(&a->quote, &r->evidence->attest, &a->fault);
	enum check check = CHECK_TYPE;

	if (!ok && a->fault.reason == REASON_BAD_MAGIC)
		check = CHECK_MAGIC;
	else if (!ok && a->fault.reason != REASON_NOT_A_QUOTE)
		check = CHECK_LENGTH;
	for (enum check passed = CHECK_LENGTH; passed < check; passed++)
		a->states[passed] = CHECK_PASSED;
	return done(a, check, ok);
}

static bool check_key(struct appraisal *a, const struct appraise_request *r)
{
	const struct bytes *sent = &r->evidence->logs[LOG_AK_PUB];

	if (sent->size && !bytes_equal(sent, &r->host->ak_public))
		return fault_set(&a->fault, REASON_UNKNOWN_KEY,
			"the host offers another attestation key than the enrolled one");
	return quote_check_key(&a->quote, r->key, r->endorsement, &a->fault);
}

static bool check_nonce(struct appraisal *a, const struct appraise_request *r)
{
	const struct evidence *e = r->evidence;
	uint8_t expected[QUOTE_EXTRA_MAX];
	size_t size =
		quote_qualifying_data(expected, e->qd_version, e->nonce, e->nonce_size, &e->secret);

	if (!quote_check_nonce(&a->quote, expected, size, &a->fault))
		return false;
	if (r->recorded)
		return true;
	if (host_nonce_used(r->host, e->nonce, e->nonce_size))
		return fault_set(&a->fault, REASON_NONCE_REUSED, "nonce");
	if (e->answered_ms < e->requested_ms || e->answered_ms - e->requested_ms > r->max_age_ms) {
		fault_set(&a->fault, REASON_NONCE_EXPIRED, "age of the answer");
		fault_expected(&a->fault, "at most %" PRIu64 " ms", r->max_age_ms);
		return fault_found(
			&a->fault, "%" PRId64 " ms", (int64_t)(e->answered_ms - e->requested_ms));
	}
	return true;
}

static bool check_selection(struct appraisal *a, const struct appraise_request *r)
{
	if (!quote_check_selection(&a->quote, r->evidence->pcr_mask, &a->fault))
		return false;
	if (r->evidence->pcr_mask == r->policy->pcr_mask)
		return true;
	fault_set(&a->fault, REASON_SELECTION_MISMATCH, "challenge: PCRs");
	fault_expected(&a->fault, "the policy's mask 0x%06x", r->policy->pcr_mask);
	return fault_found(&a->fault, "0x%06x", r->evidence->pcr_mask);
}

/* Checks 1 to 8. */
static bool check_quote(struct appraisal *a, const struct appraise_request *r)
{
	struct quote_signature signature;

	return check_structure(a, r) && done(a, CHECK_KEY, check_key(a, r)) &&
	       done(a, CHECK_ALGORITHM,
		       quote_parse_signature(
			       &signature, &r->evidence->signature, r->key, &a->fault)) &&
	       done(a, CHECK_SIGNATURE,
		       quote_check_signature(
			       &signature, &r->evidence->attest, r->key, &a->fault)) &&
	       done(a, CHECK_NONCE, check_nonce(a, r)) &&
	       done(a, CHECK_SELECTION, check_selection(a, r));
}

static bool never_launched(const struct appraisal *a, const struct appraise_request *r)
{
	return r->policy->launch == VMK_LAUNCH_DRTM && a->values_known &&
	       (pcr_all(a->values[17], 0xff) || pcr_all(a->values[18], 0xff) ||
		       pcr_all(a->values[17], 0));
}

static bool check_epoch(struct appraisal *a, const struct appraise_request *r)
{
	const struct quote *q = &a->quote;
	const struct host *h = r->host;

	a->new_epoch = !h->seen || q->reset_count != h->reset_count ||
		       q->restart_count != h->restart_count;
	if (!q->clock_safe)
		note(a, "the TPM's clock is not safe: it lost power without TPM2_Shutdown lately");
	if (!r->recorded && h->seen &&
		(q->reset_count < h->reset_count ||
			(q->reset_count == h->reset_count && q->restart_count < h->restart_count)))
		note(a, "the TPM's reset counter went back from %u.%u to %u.%u: it was cleared",
			h->reset_count, h->restart_count, q->reset_count, q->restart_count);
	if (h->seen && q->firmware != h->firmware)
		note(a, "the TPM's firmware changed from %016" PRIx64 " to %016" PRIx64,
			h->firmware, q->firmware);
	if (never_launched(a, r))
		return true;
	for (unsigned int i = 0; i < LOG_EVENT_LOGS; i++) {
		if ((launch_logs(r->policy->launch) >> i & 1) && r->evidence->logs[i].size == 0)
			return fault_set(
				&a->fault, REASON_LOG_REQUIRED, "log %s", log_name((enum log_id)i));
	}
	return true;
}

static bool check_firmware(struct appraisal *a, const struct appraise_request *r)
{
	for (size_t i = 0; i < r->policy->firmware_count; i++) {
		if (r->policy->firmware[i] == a->quote.firmware)
			return true;
	}
	if (r->policy->firmware_count == 0)
		return true;
	fault_set(&a->fault, REASON_FIRMWARE_VERSION, "TPM firmware");
	fault_expected(&a->fault, "one of the policy's tpm-firmware");
	return fault_found(&a->fault, "%016" PRIx64, a->quote.firmware);
}

/* Static trust holds only where nobody launched anything after it. */
static bool check_static(struct appraisal *a)
{
	char text[HEX_SIZE(DIGEST_SIZE)];

	for (unsigned int pcr = PCR_DRTM_FIRST; a->values_known && pcr <= PCR_DRTM_LAST; pcr++) {
		if (pcr_all(a->values[pcr], 0xff))
			continue;
		fault_set(&a->fault, REASON_WRONG_LAUNCH, "PCR %u", pcr);
		fault_expected(&a->fault, "all-ones: no dynamic launch since power-on");
		hex_encode(text, a->values[pcr], DIGEST_SIZE);
		return fault_found(&a->fault, "%s", text);
	}
	return true;
}

static bool check_launched(struct appraisal *a, const struct appraise_request *r)
{
	bool reset_only = a->values_known && pcr_all(a->values[17], 0);
	unsigned int pcr = reset_only || pcr_all(a->values[17], 0xff) ? 17 : 18;

	if (r->policy->launch == VMK_LAUNCH_SRTM)
		return check_static(a);
	if (!never_launched(a, r))
		return true;
	fault_set(&a->fault, REASON_NOT_LAUNCHED, "PCR %u", pcr);
	fault_expected(&a->fault, "measurements of a dynamic launch");
	return fault_found(
		&a->fault, reset_only ? "zero: reset from locality 4, without a launch event"
				      : "all-ones: no dynamic launch since power-on");
}

/* The policy's events say it too, but only a person who decodes them would know. */
static bool check_secure_boot(struct appraisal *a, const struct appraise_request *r)
{
	enum secure_boot state;

	if (r->policy->launch != VMK_LAUNCH_SRTM)
		return true;
	state = firmware_secure_boot(&a->events);
	note(a, "UEFI Secure Boot is %s", secure_boot_name(state));
	if (!r->policy->secure_boot || state == SECURE_BOOT_ON)
		return true;
	fault_set(&a->fault, REASON_SECURE_BOOT, "UEFI Secure Boot");
	fault_expected(&a->fault, "on");
	return fault_found(&a->fault, "%s", secure_boot_name(state));
}

static void note_audit(struct appraisal *a)
{
	const struct audit *audit = &a->audit;

	if (!audit->shown)
		return;
	note(a, "audit log: %" PRIu64 " records, %" PRIu64 " proven by %" PRIu64 " checkpoint%s",
		audit->records, audit->proven, audit->checkpoints,
		audit->checkpoints == 1 ? "" : "s");
	for (unsigned int i = 0; i < AUDIT_KIND_END; i++) {
		enum audit_kind kind = (enum audit_kind)i;

		if (audit_remarkable(kind) && audit->counts[kind])
			note(a, "audit log: %" PRIu64 " x %s, the first is record %" PRIu64,
				audit->counts[kind], audit_kind_name(kind), audit->first[kind]);
	}
	if (audit->suppressed)
		note(a, "audit log: %" PRIu64 " more events were only counted", audit->suppressed);
	if (audit->rest)
		note(a, "audit log, behind what is proven: %s", audit->rest);
}

/* Only checkpoints in a PCR that was quoted prove anything. */
static bool check_audit(struct appraisal *a, const struct appraise_request *r)
{
	static const struct events none;
	bool quoted = r->policy->pcr_mask >> semantics_pcr(VMK_EV_AUDIT, r->policy->launch) & 1;

	return audit_check(
		&a->audit, quoted ? &a->events : &none, &r->evidence->logs[LOG_AUDIT], &a->fault);
}

static bool check_semantics(struct appraisal *a, const struct appraise_request *r)
{
	if (!semantics_check(&a->events, r->policy->launch, &a->fault) || !check_audit(a, r))
		return false;
	note_audit(a);
	if (cpu_describe(&a->events))
		note(a, "CPU: %s", cpu_describe(&a->events));
	return true;
}

/* A log that nothing proves could say anything. */
static bool check_forbidden(struct appraisal *a, const struct appraise_request *r)
{
	if (r->policy->audit_forbid && !a->audit.proven) {
		fault_set(&a->fault, REASON_AUDIT_MISSING, "audit log");
		return fault_expected(&a->fault, "a checkpoint of it in a quoted PCR");
	}
	return audit_check_forbidden(
		&r->evidence->logs[LOG_AUDIT], r->policy->audit_forbid, &a->fault);
}

static bool check_policy(struct appraisal *a, const struct appraise_request *r)
{
	const struct step *step = steps_first_difference(&a->steps);

	if (!step)
		return check_secure_boot(a, r) && check_forbidden(a, r) &&
		       cpu_check(&a->events, r->policy->cpu_required, &a->fault);
	explain(&a->fault, step, r->evidence, &a->events);
	return false;
}

/* Checks 10 to 14. log_fault: what was wrong with the logs' format, if anything. */
static bool check_contents(
	struct appraisal *a, const struct appraise_request *r, const struct fault *log_fault)
{
	if (!done(a, CHECK_EPOCH, check_epoch(a, r)) ||
		!done(a, CHECK_FIRMWARE, check_firmware(a, r)))
		return false;
	if (!done(a, CHECK_REPLAY, check_launched(a, r)))
		return false;
	if (log_fault->reason != REASON_NONE) {
		a->fault = *log_fault;
		return done(a, CHECK_REPLAY, false);
	}
	return done(a, CHECK_REPLAY, covers_check(a, r, &a->fault)) &&
	       done(a, CHECK_SEMANTICS, check_semantics(a, r)) &&
	       done(a, CHECK_POLICY, check_policy(a, r));
}

void appraise(struct appraisal *a, const struct appraise_request *r)
{
	struct fault log_fault = {0};
	size_t late;
	bool ok;

	memset(a, 0, sizeof(*a));
	(void)events_decode(&a->events, r->evidence, &log_fault);
	ok = check_quote(a, r);
	late = ok ? covers_find_values(a, r) : 0;
	if (late)
		note(a, "%zu events at the end of log vmk were logged after the quote", late);
	/* Aligned whatever the outcome, so that a person sees the whole table. */
	align(&a->steps, r->policy, &a->events);
	if (ok)
		ok = done(a, CHECK_PCR_DIGEST, covers_check_digest(a, r, &a->fault));
	if (ok)
		ok = check_contents(a, r, &log_fault);
	a->trusted = ok;
}

void appraisal_free(struct appraisal *a)
{
	steps_free(&a->steps);
	events_free(&a->events);
}
