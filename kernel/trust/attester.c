/* The two calls of the attestation agent: quote and log. */
#include "trust/trust.h"

#include "arch/x86/time.h"
#include "lib/nospec.h"
#include "lib/types.h"
#include "lib/wipe.h"
#include "mem/heap.h"
#include "trust/audit.h"
#include "trust/quote.h"
#include "trust/state.h"

#include <string.h>

#define LOG_MODULE "Trust"
#include "lib/log.h"

#define EK_CERTIFICATE_MAX 4096u
#define COMPLAINT_NS       10000000000ull

/* Whoever asks, over the network at last, decides how often something fails: the log has one line
 * of it now and then, and the number of those that it has not. */
static bool may_complain(struct trust_state *s)
{
	const uint64_t now = time_ns();

	if (s->complained_ns && now - s->complained_ns < COMPLAINT_NS) {
		s->unsaid++;
		return false;
	}
	if (s->unsaid)
		vmk_warn("%u more requests failed", s->unsaid);
	s->unsaid = 0;
	s->complained_ns = MAX(now, 1u);
	return true;
}

/* Making an RSA key takes a real TPM seconds: only when somebody enrolls this host. */
static enum vmk_status need_ek(struct trust_state *s)
{
	enum vmk_status status;

	if (s->ek.handle)
		return VMK_OK;
	status = tpm_ek_open(&s->tpm, &s->ek);
	if (status == VMK_OK)
		vmk_log("endorsement key %s", s->ek.origin);
	else if (may_complain(s))
		vmk_warn("no endorsement key: %s (0x%x)", s->tpm.why, s->tpm.rc);
	return status;
}

static enum vmk_status need_ek_certificate(struct trust_state *s)
{
	enum vmk_status status;

	if (s->ek_certificate_bytes)
		return VMK_OK;
	if (!s->ek_certificate)
		s->ek_certificate = heap_alloc(EK_CERTIFICATE_MAX);
	if (!s->ek_certificate)
		return VMK_NO_MEMORY;
	status = tpm_ek_certificate(
		&s->tpm, s->ek_certificate, EK_CERTIFICATE_MAX, &s->ek_certificate_bytes);
	if (status != VMK_OK && may_complain(s))
		vmk_warn("no endorsement certificate: %s (0x%x)", s->tpm.why, s->tpm.rc);
	return status;
}

static enum vmk_status quote(struct trust_state *s, const struct vmk_quote_request *request,
	struct vmk_quote_reply *reply)
{
	uint8_t secret[QUOTE_SECRET_MAX], qualifying[QUOTE_QUALIFYING_MAX];
	size_t secret_bytes = 0, bytes;
	enum vmk_status status = VMK_OK;

	if (!s->tpm_ready || !s->ak.handle)
		return VMK_NOT_PRESENT;
	if (request->qd_version == 2) {
		status = need_ek(s);
		if (status == VMK_OK)
			status = quote_activate(
				&s->tpm, &s->ak, &s->ek, request, secret, &secret_bytes);
	}
	if (status != VMK_OK)
		return status;
	bytes = quote_qualifying(request, secret, secret_bytes, qualifying);
	wipe(secret, sizeof(secret));
	return quote_make(&s->tpm, &s->ak, request, qualifying, bytes, reply);
}

enum vmk_status trust_quote(const struct vmk_quote_request *request, struct vmk_quote_reply *reply)
{
	struct trust_state *s = &trust_state;
	enum vmk_status status = quote_check(request);

	if (status != VMK_OK)
		return status;
	trust_acquire();
	status = quote(s, request, reply);
	if (status != VMK_OK && s->tpm_ready && may_complain(s))
		vmk_warn("no quote: %s (%s, 0x%x)", vmk_status_name(status), s->tpm.why, s->tpm.rc);
	trust_release();
	return status;
}

struct content {
	const void *bytes;
	size_t size;
};

/* Logs that only the TPM can give. */
static enum vmk_status tpm_content(struct trust_state *s, enum vmk_trust_log log, uint64_t offset,
	size_t bytes, struct content *content)
{
	enum vmk_status status = VMK_OK;

	if (!s->tpm_ready)
		return VMK_NOT_PRESENT;
	switch (log) {
	case VMK_LOG_EK_CERT:
		status = need_ek_certificate(s);
		*content = (struct content){s->ek_certificate, s->ek_certificate_bytes};
		return status;
	case VMK_LOG_EK_PUB:
		status = need_ek(s);
		*content = (struct content){s->ek.public, s->ek.public_bytes};
		return status;
	case VMK_LOG_AK_PUB:
		*content = (struct content){s->ak.public, s->ak.public_bytes};
		return s->ak.handle ? VMK_OK : VMK_NOT_FOUND;
	default:
		/* Read anew at the start, then kept: the parts of one answer belong together.
		 * Whoever only asks how long it is costs the TPM nothing. */
		if (offset == 0 && bytes)
			status = tpm_pcr_read_all(&s->tpm, s->pcrs);
		*content = (struct content){s->pcrs, sizeof(s->pcrs)};
		return status;
	}
}

static enum vmk_status find_content(struct trust_state *s, enum vmk_trust_log log, uint64_t offset,
	size_t bytes, struct content *content)
{
	switch (log) {
	case VMK_LOG_TXT_DRTM:
		*content = (struct content){s->drtm_log, s->drtm_log_bytes};
		return s->drtm_log ? VMK_OK : VMK_NOT_FOUND;
	case VMK_LOG_TCG_BOOT:
		*content = (struct content){s->firmware_log, s->firmware_log_bytes};
		return s->firmware_log ? VMK_OK : VMK_NOT_FOUND;
	case VMK_LOG_VMK:
		*content = (struct content){s->measure.log.bytes, s->measure.log.size};
		return VMK_OK;
	case VMK_LOG_LAUNCH:
		*content = (struct content){s->launch, s->launch_bytes};
		return VMK_OK;
	case VMK_LOG_EK_CERT:
	case VMK_LOG_EK_PUB:
	case VMK_LOG_AK_PUB:
	case VMK_LOG_PCR_VALUES:
		return tpm_content(s, log, offset, bytes, content);
	default:
		return VMK_BAD_PARAM;
	}
}

enum vmk_status trust_log(enum vmk_trust_log log, uint64_t offset, void *to, size_t bytes,
	size_t *copied, uint64_t *total)
{
	struct content content = {0};
	enum vmk_status status;

	*copied = 0;
	*total = 0;
	if (log == VMK_LOG_AUDIT) {
		*copied = audit_read(offset, to, bytes, total);
		return VMK_OK;
	}
	trust_acquire();
	status = find_content(&trust_state, log, offset, bytes, &content);
	if (status == VMK_OK) {
		*total = content.size;
		if (offset < content.size)
			*copied = MIN(bytes, content.size - offset);
		if (*copied)
			memcpy(to,
				(const uint8_t *)content.bytes + index_nospec(offset, content.size),
				*copied);
	}
	trust_release();
	return status;
}
