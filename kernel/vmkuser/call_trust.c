/* What only the attestation agent is given: quotes and logs, and the host's configuration. */
#include "lib/nospec.h"
#include "mem/space.h"
#include "trust/trust.h"
#include "vmkuser/call.h"
#include "vmkuser/login.h"

#include <string.h>

struct quote {
	struct vmk_quote_request request;
	struct vmk_quote_reply reply;
};
_Static_assert(sizeof(struct quote) <= SCRATCH_BYTES, "a quote must fit the scratch buffer");

/* Sizes are checked here, so that nobody below reads past the arrays. */
static bool request_ok(const struct vmk_quote_request *r)
{
	return r->nonce_size <= VMK_NONCE_MAX && r->credential_size <= VMK_CREDENTIAL_MAX &&
	       r->secret_size <= VMK_CREDENTIAL_MAX;
}

/* (trust, struct vmk_quote_request *, struct vmk_quote_reply *) */
enum vmk_status call_quote(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	struct quote *quote = (struct quote *)u->scratch;
	enum vmk_status status = call_object(u, args[0], VMK_KIND_TRUST, RIGHT_READ, NULL);

	if (status != VMK_OK)
		return status;
	memset(quote, 0, sizeof(*quote));
	status = space_copy_in(u->space, &quote->request, args[1], sizeof(quote->request));
	if (status != VMK_OK)
		return status;
	if (!request_ok(&quote->request))
		return VMK_BAD_PARAM;
	status = trust_quote(&quote->request, &quote->reply);
	if (status != VMK_OK)
		return status;
	return space_copy_out(u->space, args[2], &quote->reply, sizeof(quote->reply));
}

/* (trust, VMK_LOG_*, offset, buffer, bytes) -> total */
enum vmk_status call_trust_log(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	uint64_t bytes = args[4], done = 0;
	enum vmk_status status = call_object(u, args[0], VMK_KIND_TRUST, RIGHT_READ, NULL);

	if (status != VMK_OK)
		return status;
	if (args[1] < VMK_LOG_TXT_DRTM || args[1] >= VMK_LOG_END || args[2] > INT64_MAX)
		return VMK_BAD_PARAM;
	status = call_may(u, &(struct domain_request){.action = VMK_ACTION_LOG, .object = args[1]});
	if (status != VMK_OK)
		return status;
	if (bytes > VMK_TRANSFER_MAX)
		return VMK_TOO_LARGE;
	for (;;) {
		size_t part = MIN(bytes - done, SCRATCH_BYTES), copied = 0;

		status = trust_log((enum vmk_trust_log)args[1], args[2] + done, u->scratch, part,
			&copied, value);
		if (status != VMK_OK || copied == 0)
			return status;
		status = space_copy_out(u->space, args[3] + done, u->scratch, copied);
		if (status != VMK_OK)
			return status;
		done += copied;
		if (done == bytes)
			return VMK_OK;
	}
}

/* (config, offset, buffer, bytes) -> total */
enum vmk_status call_config_read(struct uworld *u, const uint64_t args[6], uint64_t *value)
{
	uint64_t offset = args[1], bytes = args[3];
	size_t total = 0;
	const char *text;
	enum vmk_status status = call_object(u, args[0], VMK_KIND_CONFIG, RIGHT_READ, NULL);

	if (status != VMK_OK)
		return status;
	if (bytes > VMK_TRANSFER_MAX)
		return VMK_TOO_LARGE;
	text = login_config(&total);
	*value = text ? total : 0;
	if (!text || offset >= total)
		return VMK_OK;
	offset = index_nospec(offset, total);
	return space_copy_out(u->space, args[2], text + offset, MIN(bytes, total - offset));
}
