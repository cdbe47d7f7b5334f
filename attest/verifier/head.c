#include "verifier/head.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAGIC "merlon-head-1"

static size_t print_line(const struct head *head, char line[HEAD_LINE_MAX + 1])
{
	char digest[HEX_SIZE(DIGEST_SIZE)];

	hex_encode(digest, head->last, DIGEST_SIZE);
	return (size_t)snprintf(
		line, HEAD_LINE_MAX + 1, MAGIC " %" PRIu64 " %s", head->records, digest);
}

size_t head_print(const struct head *head, EVP_PKEY *key, char text[HEAD_TEXT_MAX + 1])
{
	size_t line = print_line(head, text), size;
	uint8_t signature[SIGNATURE_MAX];

	if (!signature_make(key, text, line, signature, &size))
		return 0;
	text[line++] = '\n';
	hex_encode(text + line, signature, size);
	line += 2 * size;
	text[line++] = '\n';
	text[line] = 0;
	return line;
}

/* Only what this verifier signed is looked into. */
static bool is_signed(EVP_PKEY *key, const char *line, const char *signature)
{
	struct bytes raw;
	bool ok;

	if (!hex_decode_bytes(&raw, SIGNATURE_MAX, signature))
		return false;
	ok = signature_holds(key, line, strlen(line), &raw);
	bytes_free(&raw);
	return ok;
}

static bool parse_line(struct head *head, const char *line)
{
	char digest[HEX_SIZE(DIGEST_SIZE)], same[HEAD_LINE_MAX + 1];

	if (sscanf(line, MAGIC " %" SCNu64 " %64s", &head->records, digest) != 2 ||
		!hex_decode_text(head->last, DIGEST_SIZE, digest))
		return false;
	print_line(head, same);
	return strcmp(line, same) == 0;
}

const char *head_parse(struct head *head, EVP_PKEY *key, const struct bytes *text)
{
	char lines[HEAD_TEXT_MAX + 1], *signature, *end;

	if (text->size > HEAD_TEXT_MAX)
		return "is too long";
	memcpy(lines, text->data, text->size);
	lines[text->size] = 0;
	signature = strchr(lines, '\n');
	end = signature ? strchr(signature + 1, '\n') : NULL;
	if (!end || end[1] || strlen(lines) != text->size)
		return "is not two lines";
	*signature++ = 0;
	*end = 0;
	if (!is_signed(key, lines, signature))
		return "not signed by this verifier";
	return parse_line(head, lines) ? NULL : "is no head of a chain";
}
