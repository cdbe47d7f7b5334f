#include "verifier/checkquote.h"

#include <errno.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* tpm2-tools 5.4, lib/pcr.c: what pcr_fwrite_serialized writes; integers little-endian. */
#define SELECTIONS     16u /* TPML_PCR_SELECTION: {u16 hash, u8 size, u8 select[4]}, padded */
#define SELECTION_SIZE 8u
#define LIST_DIGESTS   8u /* TPML_DIGEST */
#define DIGEST_ROOM    64u
#define LIST_SIZE      (4u + LIST_DIGESTS * (2u + DIGEST_ROOM))
#define PCRS_SIZE      (4u + SELECTIONS * SELECTION_SIZE + 4u + 3u * LIST_SIZE)

static void put_le(uint8_t *p, uint32_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)(value >> (8 * i));
}

static size_t serialize_pcrs(
	uint8_t out[PCRS_SIZE], uint32_t mask, const uint8_t values[PCR_COUNT][DIGEST_SIZE])
{
	uint8_t *lists = out + 4 + SELECTIONS * SELECTION_SIZE + 4;
	uint32_t count = 0;

	memset(out, 0, PCRS_SIZE);
	put_le(out, 1, 4);
	put_le(out + 4, TPM2_ALG_SHA256, 2);
	out[6] = 3;
	put_le(out + 7, mask, 3);
	for (unsigned int i = 0; i < PCR_COUNT; i++) {
		uint8_t *list = lists + count / LIST_DIGESTS * LIST_SIZE;
		uint8_t *digest = list + 4 + count % LIST_DIGESTS * (2 + DIGEST_ROOM);

		if (!(mask >> i & 1))
			continue;
		put_le(digest, DIGEST_SIZE, 2);
		memcpy(digest + 2, values[i], DIGEST_SIZE);
		put_le(list, ++count % LIST_DIGESTS ? count % LIST_DIGESTS : LIST_DIGESTS, 4);
	}
	count = (count + LIST_DIGESTS - 1) / LIST_DIGESTS;
	put_le(lists - 4, count, 4);
	return (size_t)(lists - out) + count * LIST_SIZE;
}

struct target {
	const char *directory;
	const char *host;
	struct fault *fault;
};

static bool put(const struct target *t, const char *suffix, const void *data, size_t size)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s.%s", t->directory, t->host, suffix);
	if (file_write(path, data, size, 0644))
		return true;
	return fault_local(t->fault, REASON_STATE, path, strerror(errno));
}

static bool put_key(const struct target *t, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long size = 0;
	bool ok;

	if (bio && PEM_write_bio_PUBKEY(bio, key) == 1)
		size = BIO_get_mem_data(bio, &text);
	ok = put(t, "ak.pem", text, (size_t)size);
	BIO_free(bio);
	return ok;
}

static void drop(const struct target *t, const char *suffix)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s.%s", t->directory, t->host, suffix);
	unlink(path);
}

/*
 * Platforms are captured from these files, so only what the quote proves has the plain name. What
 * an earlier appraisal left under the other one goes.
 */
static bool put_logs(
	const struct target *t, const struct evidence *e, enum vmk_launch launch, bool proven)
{
	for (unsigned int i = 0; i < LOG_EVENT_LOGS; i++) {
		const char *log = log_name((enum log_id)i);
		char name[32], other[32];

		if (!(launch_logs(launch) >> i & 1))
			continue;
		snprintf(name, sizeof(name), "%s%s.log", log, proven ? "" : ".unproven");
		snprintf(other, sizeof(other), "%s%s.log", log, proven ? ".unproven" : "");
		drop(t, other);
		if (!put(t, name, e->logs[i].data, e->logs[i].size))
			return false;
	}
	return true;
}

/* Up to the last checkpoint it is proven; `vmkverify log` shows it. */
static bool put_audit(const struct target *t, const struct evidence *e, bool proven)
{
	drop(t, proven ? "audit.unproven.log" : "audit.log");
	return !e->logs[LOG_AUDIT].size ||
	       put(t, proven ? "audit.log" : "audit.unproven.log", e->logs[LOG_AUDIT].data,
		       e->logs[LOG_AUDIT].size);
}

bool checkquote_write(const char *directory, const struct appraisal *a,
	const struct appraise_request *r, struct fault *fault)
{
	const struct evidence *e = r->evidence;
	struct target t = {.directory = directory, .host = e->host, .fault = fault};
	uint8_t pcrs[PCRS_SIZE];
	size_t size = serialize_pcrs(pcrs, e->pcr_mask, a->values);

	if (mkdir(directory, 0755) != 0 && errno != EEXIST) {
		fault_set(fault, REASON_STATE, "%s", directory);
		return fault_found(fault, "%s", strerror(errno));
	}
	return put(&t, "msg", e->attest.data, e->attest.size) &&
	       put(&t, "sig", e->signature.data, e->signature.size) &&
	       put(&t, "pcrs", pcrs, size) && put_key(&t, r->key->pkey) &&
	       put_logs(&t, e, r->policy->launch, a->states[CHECK_REPLAY] == CHECK_PASSED) &&
	       put_audit(&t, e, a->states[CHECK_SEMANTICS] == CHECK_PASSED);
}
