/* sources: attest/verifier/hostfile.c */
/* quiet: attest/verifier/host.c attest/verifier/bytes.c attest/verifier/fault.c */
/* quiet: attest/verifier/reason.c attest/verifier/evidence.c kernel/lib/hex.c */
/* plain: fuzz/models/crypto_memory.c fuzz/models/json_edit.c fuzz/models/json_memory.c */
/* plain: fuzz/models/library_memory.c */
/* libs: -lcrypto -l:libjansson.a -Wl,--wrap=memcpy */
/* coverage: edges, comparisons, lean */
/*
 * What the verifier keeps of a host: a file that is taken says the same when it is written again,
 * but for the case of hex digits; what a host has is taken unless it is too large. The input is a
 * file, or behind a NUL {le16 size each of certificate, EK and AK} edits of a good one.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fuzz/models/json_edit.h"
#include "fuzz/models/json_memory.h"
#include "lib/reader.h"
#include "verifier/hostfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

/* What is taken of each. */
#define CERTIFICATE_MAX 16384u
#define PUBLIC_MAX      2048u
#define TEXT_MAX        (1u << 18)

/* Small, as every size in between does the same and long texts take long; from 0xff00 on, about
 * what is taken. */
static struct bytes part(struct reader *in, size_t limit)
{
	static const uint8_t content[CERTIFICATE_MAX + 16];
	const size_t size = reader_le16(in);

	return bytes_copy(content, size < 0xff00 ? size % 64 : limit - 16 + size % 32);
}

static json_t *host(struct reader *in, bool *fits)
{
	struct host host = {.name = "host1",
		.address = "192.0.2.7:5683",
		.enrolled = 1750000000,
		.seen = true,
		.reset_count = 7,
		.restart_count = UINT32_MAX,
		.firmware = 0x20191023000000ab};
	json_t *root;

	host.ek_certificate = part(in, CERTIFICATE_MAX);
	host.ek_public = part(in, PUBLIC_MAX);
	host.ak_public = part(in, PUBLIC_MAX);
	host_use_nonce(&host, (const uint8_t *)"a", 1, 5, 1000);
	host_use_nonce(&host, (const uint8_t *)"b", 1, 6, 1000);
	*fits = host_fits(&host);
	root = host_to_json(&host);
	host_free(&host);
	return root;
}

/* As a text that two of the same have alike; takes `root`. */
static void sort(json_t *root, char text[TEXT_MAX])
{
	const size_t bytes = json_dumpb(root, text, TEXT_MAX - 1, JSON_SORT_KEYS | JSON_COMPACT);

	check(bytes < TEXT_MAX);
	text[bytes] = 0;
	json_decref(root);
}

/* True if it was taken. */
static bool try(const char *text, size_t size)
{
	static char said[TEXT_MAX], again[TEXT_MAX];
	struct fault fault = {0};
	struct host host;

	if (!host_parse(&host, text, size, "file", &fault)) {
		check(fault.reason == REASON_STATE && strcmp(fault.what, "file") == 0);
		return false;
	}
	check(host_fits(&host));
	sort(json_loadb(text, size, 0, NULL), said);
	sort(host_to_json(&host), again);
	check(strcasecmp(said, again) == 0);
	host_free(&host);
	return true;
}

static void try_edited(struct reader *in)
{
	static const char *const extra[] = {"seen", "null", "seen", "{}", "nonces", "[]", "nonces",
		"[{\"sha256\": \"00\", \"used-ms\": 1}]", "more", "1", NULL};
	static char text[TEXT_MAX];
	bool fits, taken;
	json_t *good = host(in, &fits);
	const size_t steps = reader_left(in);
	json_t *root = json_edited(good, reader_bytes(in, steps), steps, extra);

	taken = try(text, json_edit_text(root, text, sizeof(text)));
	json_decref(root);
	json_decref(good);
	check(steps || taken == fits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(data, size);
	size_t live;

	json_memory_use();
	live = json_memory_live();
	if (!size || reader_u8(&in))
		try((const char *)data, size);
	else
		try_edited(&in);
	check(json_memory_live() == live);
	return 0;
}
