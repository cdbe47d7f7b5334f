/*
 * vmkpaper DIR: writes what tests need to give a real TPM the history of the fixture's host:
 * policy.json, evidence.json, txt-drtm.log, vmk.log, hash-start.bin (for the launch), extends.txt
 * (what to extend then, "PCR:sha256=DIGEST" a line).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/vectors/fixture.h"

static const char *directory;

static void put(const char *name, const void *data, size_t size)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (file_write(path, data, size, 0644))
		return;
	perror(path);
	exit(1);
}

static void put_log(const struct fixture *f, enum log_id log)
{
	struct bytes bytes = fixture_log(&f->logged, log);
	char name[64];

	snprintf(name, sizeof(name), "%s.log", log_name(log));
	put(name, bytes.data, bytes.size);
	bytes_free(&bytes);
}

static void put_evidence(struct fixture *f)
{
	json_t *root;
	char *text;

	fixture_attest(f);
	root = evidence_to_json(&f->evidence);
	text = json_dumps(root, JSON_INDENT(1));
	put("evidence.json", text, strlen(text));
	free(text);
	json_decref(root);
}

static void put_extends(const struct fixture *f)
{
	char text[FIXTURE_EVENTS_MAX * 96], hex[HEX_SIZE(DIGEST_SIZE)];
	size_t size = 0;

	for (size_t i = 1; i < f->measured.count; i++) {
		hex_encode(hex, f->measured.items[i].digest, DIGEST_SIZE);
		size += (size_t)snprintf(text + size, sizeof(text) - size, "%u:sha256=%s\n",
			f->measured.items[i].pcr, hex);
	}
	put("extends.txt", text, size);
}

int main(int argc, char **argv)
{
	struct fixture *f = must_alloc(1, sizeof(*f));
	char *policy;

	if (argc != 2) {
		fputs("usage: vmkpaper DIR\n", stderr);
		return 2;
	}
	directory = argv[1];
	fixture_init(f);
	policy = fixture_policy_text(f);
	put("policy.json", policy, strlen(policy));
	put_log(f, LOG_TXT_DRTM);
	put_log(f, LOG_VMK);
	put("hash-start.bin", f->measured.items[0].data, f->measured.items[0].data_size);
	put_extends(f);
	put_evidence(f);
	free(policy);
	fixture_free(f);
	free(f);
	return 0;
}
