/* runs: 4000 */
/* sources: attest/verifier/head.c attest/verifier/signature.c */
/* quiet: attest/verifier/bytes.c kernel/lib/hex.c */
/* plain: fuzz/models/signature_memo.c fuzz/models/crypto_memory.c fuzz/models/library_memory.c */
/* libs: -lcrypto -Wl,--wrap=EVP_DigestSign -Wl,--wrap=EVP_DigestVerify */
/* coverage: edges, comparisons, lean */
/*
 * The end of the verifier's chain of evidence, as it was written, signed otherwise, or changed:
 * taken is just what the verifier's key has signed, and it reads as it was written.
 * Input: u8 options, then the head {le64, 32 bytes}, or {le16 size, a line or text}; then changes
 * {u8 how, le16 offset, u8 by}.
 */
#include <inttypes.h>
#include <openssl/ec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/reader.h"
#include "verifier/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OWN_MAX (HEAD_TEXT_MAX + 64) /* some are too long */

enum {
	KIND = 3,
	HEAD = 0,     /* and by any other number a */
	OWN_LINE = 1, /* that is signed, whatever it says, */
	OWN_TEXT = 2, /* or that is all of the file */
	FORGED = 4,   /* signed with another key */
};

/* What is in the file, and what of it was signed. */
struct scene {
	EVP_PKEY *key;
	uint8_t options;
	struct head head;
	char line[OWN_MAX + 1], text[OWN_MAX + 2 * SIGNATURE_MAX + 64];
	size_t size;
	bool changed;
};

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void sign_line(struct scene *s, EVP_PKEY *key)
{
	uint8_t signature[SIGNATURE_MAX];
	size_t size, at = strlen(s->line);

	check(signature_make(key, s->line, at, signature, &size));
	memcpy(s->text, s->line, at);
	s->text[at++] = '\n';
	hex_encode(s->text + at, signature, size);
	at += 2 * size;
	s->text[at++] = '\n';
	s->size = at;
}

static void write_own(struct scene *s, struct reader *in, EVP_PKEY *key)
{
	size_t size = reader_le16(in) % (OWN_MAX + 1);

	size = size < reader_left(in) ? size : reader_left(in);
	reader_copy(in, s->line, size);
	s->line[size] = 0;
	if ((s->options & KIND) == OWN_TEXT) {
		memcpy(s->text, s->line, size);
		s->size = size;
	} else {
		sign_line(s, key);
	}
}

static void write_head(struct scene *s, struct reader *in, EVP_PKEY *key)
{
	s->head.records = reader_le64(in);
	reader_copy(in, s->head.last, sizeof(s->head.last));
	s->size = head_print(&s->head, key, s->text);
	check(s->size && s->size <= HEAD_TEXT_MAX && !s->text[s->size]);
	memcpy(s->line, s->text, strcspn(s->text, "\n"));
}

static void change(struct scene *s, struct reader *in)
{
	char before[sizeof(s->text)];
	size_t size = s->size;

	memcpy(before, s->text, sizeof(before));
	while (reader_left(in) >= 4) {
		uint8_t how = reader_u8(in);
		size_t at = reader_le16(in) % (s->size + 1);
		uint8_t by = reader_u8(in);

		if (how % 3 == 0 && at < s->size) {
			s->text[at] ^= (char)by;
		} else if (how % 3 == 1) {
			s->size = at;
		} else if (s->size < sizeof(s->text)) {
			memmove(s->text + at + 1, s->text + at, s->size - at);
			s->text[at] = (char)by;
			s->size++;
		}
	}
	s->changed = size != s->size || memcmp(before, s->text, size) != 0;
}

/* By the format's own words, without the parser: a magic, a number without zeros before it, and 64
 * digits in lower case. */
static bool is_head_line(const char *line)
{
	const size_t magic = strlen("merlon-head-1 "), digits = strspn(line + magic, "0123456789");
	const char *digest = line + magic + digits + 1;
	char number[24];

	if (strncmp(line, "merlon-head-1 ", magic) != 0 || !digits || digits > 20 ||
		digest[-1] != ' ')
		return false;
	snprintf(number, sizeof(number), "%" PRIu64, (uint64_t)strtoull(line + magic, NULL, 10));
	return strncmp(number, line + magic, digits) == 0 && !number[digits] &&
	       strlen(digest) == 64 && strspn(digest, "0123456789abcdef") == 64;
}

/* Two lines and nothing behind them, the first what was signed. */
static bool has_shape(const struct scene *s)
{
	const size_t line = strlen(s->line);
	const char *end;

	if (s->size <= line || memcmp(s->text, s->line, line) != 0 || s->text[line] != '\n')
		return false;
	end = memchr(s->text + line + 1, '\n', s->size - line - 1);
	return end && end + 1 == s->text + s->size;
}

static void look(const struct scene *s)
{
	const bool good = !(s->options & FORGED) && (s->options & KIND) != OWN_TEXT;
	struct bytes file = bytes_copy(s->text, s->size);
	struct head found = {0};
	char again[HEAD_TEXT_MAX + 1];
	const bool taken = !head_parse(&found, s->key, &file);

	if (taken) {
		/* Hex digits may change their case. */
		check(good && has_shape(s));
		check(head_print(&found, s->key, again) && is_head_line(s->line));
		check(strcspn(again, "\n") == strlen(s->line));
		check(memcmp(again, s->line, strlen(s->line)) == 0);
	}
	if (!s->changed && good)
		check(taken == (s->size <= HEAD_TEXT_MAX && is_head_line(s->line) &&
				       !strchr(s->line, '\n')));
	if (taken && (s->options & KIND) == HEAD)
		check(found.records == s->head.records &&
			memcmp(found.last, s->head.last, sizeof(found.last)) == 0);
	bytes_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static EVP_PKEY *keys[2];
	static struct scene s;
	struct reader in = reader_of(data, size);
	EVP_PKEY *signer;

	for (unsigned i = 0; i < 2; i++)
		keys[i] = keys[i] ? keys[i] : EVP_EC_gen("P-256");
	s = (struct scene){.key = keys[0], .options = reader_u8(&in)};
	signer = keys[s.options & FORGED ? 1 : 0];
	if ((s.options & KIND) == HEAD)
		write_head(&s, &in, signer);
	else
		write_own(&s, &in, signer);
	change(&s, &in);
	look(&s);
	return 0;
}
