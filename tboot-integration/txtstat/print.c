#include "tboot-integration/txtstat/print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"

#define TEXT_BYTES_SHOWN 48u
#define INDENT           2

/* --- text */

/* What stands before a value: indentation, the hyphen of a list's item, the name. */
static void begin_line(struct print *p, const char *name)
{
	bool item = p->first;

	fprintf(p->to, "%*s", (int)(INDENT * (p->depth - (item ? 1 : 0))), "");
	if (item || (!name && p->depth && p->list[p->depth - 1]))
		fputs("- ", p->to);
	if (name)
		fprintf(p->to, "%s: ", name);
	p->first = false;
}

static void text_open(void *ctx, const char *name, bool list)
{
	struct print *p = ctx;

	if (name) {
		begin_line(p, NULL);
		fprintf(p->to, "%s:\n", name);
	} else {
		p->first = true;
	}
	if (p->depth < PRINT_DEPTH_MAX)
		p->list[p->depth] = list;
	p->depth++;
}

static void text_close(void *ctx)
{
	struct print *p = ctx;

	p->depth--;
	p->first = false;
}

static void text_number(void *ctx, const char *name, uint64_t value, enum report_style style)
{
	struct print *p = ctx;

	begin_line(p, name);
	fprintf(p->to, style == REPORT_HEX ? "0x%" PRIx64 "\n" : "%" PRIu64 "\n", value);
}

static void text_flag(void *ctx, const char *name, bool value)
{
	struct print *p = ctx;

	begin_line(p, name);
	fprintf(p->to, "%s\n", value ? "yes" : "no");
}

static void text_text(void *ctx, const char *name, const char *text)
{
	struct print *p = ctx;

	begin_line(p, name);
	for (; *text; text++)
		fputc(*text >= ' ' && *text <= '~' ? *text : '.', p->to);
	fputc('\n', p->to);
}

static void text_bytes(void *ctx, const char *name, const uint8_t *bytes, size_t size)
{
	struct print *p = ctx;
	size_t shown = size < TEXT_BYTES_SHOWN ? size : TEXT_BYTES_SHOWN;

	begin_line(p, name);
	for (size_t i = 0; i < shown; i++)
		fprintf(p->to, "%02x", bytes[i]);
	if (shown < size)
		fprintf(p->to, "... (%zu bytes)", size);
	fputc('\n', p->to);
}

static const struct report_ops text_ops = {
	.open = text_open,
	.close = text_close,
	.number = text_number,
	.flag = text_flag,
	.text = text_text,
	.bytes = text_bytes,
};

/* --- JSON */

static void json_add(struct print *p, const char *name, json_t *value)
{
	json_t *parent = p->level[p->depth];

	if (json_is_array(parent))
		json_array_append_new(parent, value);
	else
		json_object_set_new(parent, name ? name : "", value);
}

static void json_open(void *ctx, const char *name, bool list)
{
	struct print *p = ctx;
	json_t *value = list ? json_array() : json_object();

	json_add(p, name, value);
	if (p->depth + 1 < PRINT_DEPTH_MAX)
		p->level[++p->depth] = value;
}

static void json_close(void *ctx)
{
	struct print *p = ctx;

	p->depth--;
}

/* Numbers that people write in hexadecimal stay text: JSON has none, and 64 bits do not fit. */
static void json_number(void *ctx, const char *name, uint64_t value, enum report_style style)
{
	char text[24];

	if (style == REPORT_DECIMAL && value <= INT64_MAX) {
		json_add(ctx, name, json_integer((json_int_t)value));
		return;
	}
	snprintf(text, sizeof(text), style == REPORT_HEX ? "0x%" PRIx64 : "%" PRIu64, value);
	json_add(ctx, name, json_string(text));
}

static void json_flag(void *ctx, const char *name, bool value)
{
	json_add(ctx, name, json_boolean(value));
}

/* JSON is UTF-8: what is no ASCII becomes a dot. */
static void json_text(void *ctx, const char *name, const char *text)
{
	char *copy = strdup(text);

	for (char *c = copy; c && *c; c++)
		if ((unsigned char)*c > '~')
			*c = '.';
	json_add(ctx, name, json_string(copy ? copy : ""));
	free(copy);
}

static void json_bytes(void *ctx, const char *name, const uint8_t *bytes, size_t size)
{
	char *hex = malloc(2 * size + 1);

	if (hex)
		hex_encode(hex, bytes, size);
	json_add(ctx, name, json_string(hex ? hex : ""));
	free(hex);
}

static const struct report_ops json_ops = {
	.open = json_open,
	.close = json_close,
	.number = json_number,
	.flag = json_flag,
	.text = json_text,
	.bytes = json_bytes,
};

struct report print_begin(struct print *p, FILE *to, bool json)
{
	*p = (struct print){.to = to, .json = json};
	if (json)
		p->level[0] = json_object();
	return (struct report){json ? &json_ops : &text_ops, p};
}

bool print_end(struct print *p)
{
	if (p->json) {
		json_dumpf(p->level[0], p->to, JSON_INDENT(1));
		json_decref(p->level[0]);
		fputc('\n', p->to);
	}
	return fflush(p->to) == 0 && !ferror(p->to);
}
