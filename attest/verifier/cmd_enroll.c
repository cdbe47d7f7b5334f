/* vmkverify enroll: bind a host's attestation key to its TPM. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "verifier/credential.h"
#include "verifier/fetch.h"
#include "verifier/options.h"
#include "verifier/quote.h"
#include "verifier/store.h"

#define ENROLL_LOGS (1u << LOG_EK_CERT | 1u << LOG_EK_PUB | 1u << LOG_AK_PUB)
/* The quote proves possession here; which PCRs it covers does not matter yet. */
#define ENROLL_PCRS 0x7e0000u

struct enrollment {
	struct client client;
	struct evidence keys;  /* what the host says that it is */
	struct evidence proof; /* its quote over the credential's secret */
	struct ek_anchors anchors;
	struct key ek, ak;
	char issuer[256];
};

static bool fetch_keys(struct enrollment *e, const struct options *o, struct fault *fault)
{
	struct fetch fetch = {
		.host = o->host, .pcr_mask = ENROLL_PCRS, .logs_only = true, .logs = ENROLL_LOGS};

	if (!fetch_evidence(&e->keys, &e->client, &fetch, fault))
		return false;
	for (unsigned int i = 0; i < LOG_COUNT; i++) {
		if ((ENROLL_LOGS >> i & 1) && e->keys.logs[i].size == 0)
			return fault_set(fault, REASON_EK_UNTRUSTED, "the host sent no %s",
				log_name((enum log_id)i));
	}
	return true;
}

static bool check_keys(struct enrollment *e, struct fault *fault)
{
	return key_load(&e->ek, &e->keys.logs[LOG_EK_PUB], "endorsement key", fault) &&
	       key_load(&e->ak, &e->keys.logs[LOG_AK_PUB], "attestation key", fault) &&
	       ek_check(&e->anchors, &e->keys.logs[LOG_EK_CERT], &e->ek, e->issuer,
		       sizeof(e->issuer), fault) &&
	       key_check_attestation(&e->ak, fault);
}

/* Only the TPM of that EK can open the credential, and only if that AK lives in it. */
static bool check_proof(struct enrollment *e, struct fault *fault)
{
	struct quote_signature signature;
	uint8_t expected[QUOTE_EXTRA_MAX];
	struct quote quote;
	size_t size;

	if (!quote_parse(&quote, &e->proof.attest, fault) ||
		!quote_check_key(&quote, &e->ak, &e->ek, fault) ||
		!quote_parse_signature(&signature, &e->proof.signature, &e->ak, fault) ||
		!quote_check_signature(&signature, &e->proof.attest, &e->ak, fault))
		return false;
	size = quote_qualifying_data(expected, e->proof.qd_version, e->proof.nonce,
		e->proof.nonce_size, &e->proof.secret);
	if (!quote_check_nonce(&quote, expected, size, fault)) {
		fault->reason = REASON_ACTIVATION_FAILED;
		return false;
	}
	return quote_check_selection(&quote, ENROLL_PCRS, fault);
}

static bool prove(struct enrollment *e, const struct options *o, struct fault *fault)
{
	struct fetch fetch = {.host = o->host, .pcr_mask = ENROLL_PCRS};
	struct credential credential;
	bool ok;

	if (!credential_make(&credential, &e->ek, e->ak.name, e->ak.name_size, fault))
		return false;
	fetch.credential = &credential;
	ok = fetch_evidence(&e->proof, &e->client, &fetch, fault);
	credential_free(&credential);
	/* A TPM that cannot open the credential makes the agent refuse the request. */
	if (!ok && fault->reason == REASON_REFUSED)
		fault->reason = REASON_ACTIVATION_FAILED;
	return ok && check_proof(e, fault);
}

static bool record(struct enrollment *e, const struct options *o, struct fault *fault)
{
	struct host host = {.enrolled = (uint64_t)time(NULL)};
	struct store store;
	bool ok;

	snprintf(host.name, sizeof(host.name), "%s", o->host);
	snprintf(host.address, sizeof(host.address), "%s", o->address);
	host.ek_certificate = e->keys.logs[LOG_EK_CERT];
	host.ek_public = e->keys.logs[LOG_EK_PUB];
	host.ak_public = e->keys.logs[LOG_AK_PUB];
	if (!store_create(&store, o->state, o->head, fault))
		return false;
	ok = store_enroll(&store, &host, o->rekey, fault);
	store_close(&store);
	return ok;
}

static void print_enrolled(const struct enrollment *e, const struct options *o)
{
	char name[HEX_SIZE(KEY_NAME_MAX)];

	hex_encode(name, e->ak.name, e->ak.name_size);
	if (o->json) {
		json_t *done = json_pack("{s:b, s:s, s:s, s:o}", "enrolled", 1, "host", o->host,
			"ak-name", name, "wire", wire_to_json(&e->client.wire));

		json_dumpf(done, stdout, JSON_INDENT(1));
		putchar('\n');
		json_decref(done);
	} else {
		printf("EK certificate issued by %s\nAK name %s\nENROLLED host=%s\n", e->issuer,
			name, o->host);
	}
}

int cmd_enroll(const struct options *o)
{
	struct enrollment *e = must_alloc(1, sizeof(*e));
	struct fault fault = {0};
	bool ok;

	e->client.socket = -1;
	ok = ek_anchors_load(&e->anchors, o->ek_ca, o->ek_ca_count, &fault) &&
	     client_open(&e->client, o->address, o->wait_seconds, &fault) &&
	     fetch_keys(e, o, &fault) && check_keys(e, &fault) && prove(e, o, &fault) &&
	     record(e, o, &fault);
	if (ok) {
		printable(e->issuer);
		print_enrolled(e, o);
	}
	client_close(&e->client);
	evidence_free(&e->keys);
	evidence_free(&e->proof);
	key_free(&e->ek);
	key_free(&e->ak);
	ek_anchors_free(&e->anchors);
	free(e);
	return ok ? EXIT_TRUSTED : command_failed(o, &fault);
}
