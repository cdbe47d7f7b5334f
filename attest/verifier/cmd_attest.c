/* vmkverify attest: challenge a host and appraise what it answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/fetch.h"
#include "verifier/session.h"

/* Beside the event logs of the policy's launch. */
#define ATTEST_LOGS (1u << LOG_PCR_VALUES | 1u << LOG_LAUNCH | 1u << LOG_AK_PUB | 1u << LOG_AUDIT)

/* What others noted meanwhile counts; keys must be those that the challenge was made for. */
static bool reload_host(struct session *s, const struct options *o, struct fault *fault)
{
	struct host now;
	bool same;

	if (!store_open(&s->store, o->state, o->head, fault) ||
		!store_load_host(&s->store, s->host.name, &now, fault))
		return false;
	same = bytes_equal(&now.ak_public, &s->host.ak_public) &&
	       bytes_equal(&now.ek_public, &s->host.ek_public);
	host_free(&s->host);
	s->host = now;
	return same ||
	       fault_set(fault, REASON_STATE, "host %s was enrolled anew meanwhile", s->host.name);
}

/* Do the records lead to the checkpoints? Whatever else is wrong is the appraisal's to say. */
static bool audit_agrees(const struct evidence *evidence)
{
	struct events events = {0};
	struct fault fault = {0};
	struct audit audit;
	bool ok;

	if (!events_decode(&events, evidence, &fault))
		return true;
	ok = audit_check(&audit, &events, &evidence->logs[LOG_AUDIT], &fault) && !audit.rest;
	events_free(&events);
	return ok;
}

static bool ask_host(
	struct session *s, struct client *client, const struct fetch *fetch, struct fault *fault)
{
	if (!fetch_evidence(&s->evidence, client, fetch, fault))
		return false;
	return !fetch->audit->size || audit_agrees(&s->evidence) ||
	       fetch_whole_audit(&s->evidence, client, fetch, fault);
}

static bool challenge(
	struct session *s, struct client *client, const struct options *o, struct fault *fault)
{
	struct bytes known;
	struct fetch fetch = {.host = s->host.name,
		.pcr_mask = s->policy.pcr_mask,
		.logs = ATTEST_LOGS | launch_logs(s->policy.launch),
		.audit = &known};
	const char *address = o->address ? o->address : s->host.address;
	bool ok;

	if (!store_load_audit(&s->store, s->host.name, &known, fault))
		return false;
	/* While we wait for the host, other appraisals may want the store. */
	store_close(&s->store);
	ok = client_open(client, address, o->wait_seconds, fault) &&
	     ask_host(s, client, &fetch, fault);
	s->wire = client->wire;
	client_close(client);
	bytes_free(&known);
	return ok && reload_host(s, o, fault);
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
