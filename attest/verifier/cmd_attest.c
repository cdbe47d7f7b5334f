/* vmkverify attest: challenge a host and appraise what it answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/fetch.h"
#include "verifier/session.h"

#define ATTEST_LOGS                                                                     \
	(1u << LOG_TXT_DRTM | 1u << LOG_VMK | 1u << LOG_PCR_VALUES | 1u << LOG_LAUNCH | \
		1u << LOG_AK_PUB)

static bool challenge(
	struct session *s, struct client *client, const struct options *o, struct fault *fault)
{
	struct fetch fetch = {
		.host = s->host.name, .pcr_mask = s->policy.pcr_mask, .logs = ATTEST_LOGS};
	const char *address = o->address ? o->address : s->host.address;
	bool ok;

	/* While we wait for the host, other appraisals may want the store. */
	store_close(&s->store);
	ok = client_open(client, address, o->wait_seconds, fault) &&
	     fetch_evidence(&s->evidence, client, &fetch, fault);
	client_close(client);
	return ok && store_open(&s->store, o->state, fault);
}

int cmd_attest(const struct options *o)
{
	struct session *s = must_alloc(1, sizeof(*s));
	struct client client = {.socket = -1};
	struct fault fault = {0};
	double boot = -1;
	int status;

	if (session_open(s, o, o->host, &fault) && challenge(s, &client, o, &fault)) {
		if (o->boot_started >= 0)
			boot = (double)client.first_answer_ms / 1000 - o->boot_started;
		session_appraise(s, false, boot);
		status = session_report(s, o, false, boot);
	} else {
		status = command_failed(o, &fault);
	}
	session_close(s);
	free(s);
	return status;
}
