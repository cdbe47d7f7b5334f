/* Reads what is reported. */
#include "fuzz/models/report_reader.h"

#include <stdlib.h>
#include <string.h>

static void read_bytes(struct report_reader *reader, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		reader->sum ^= bytes[i];
}

static void read_text(struct report_reader *reader, const char *text)
{
	reader->sum ^= (uint8_t)strlen(text);
}

/* Elements of lists have no names. */
static struct report_reader *named(void *ctx, const char *name)
{
	if (name)
		read_text(ctx, name);
	return ctx;
}

static void open_group(void *ctx, const char *name, bool list)
{
	(void)list;
	named(ctx, name)->depth++;
}

static void close_group(void *ctx)
{
	struct report_reader *reader = ctx;

	if (!reader->depth--)
		abort();
}

static void number(void *ctx, const char *name, uint64_t value, enum report_style style)
{
	(void)style;
	named(ctx, name)->sum ^= (uint8_t)value;
}

static void flag(void *ctx, const char *name, bool value)
{
	named(ctx, name)->sum ^= value;
}

static void text(void *ctx, const char *name, const char *value)
{
	read_text(named(ctx, name), value);
}

static void bytes(void *ctx, const char *name, const uint8_t *value, size_t size)
{
	read_bytes(named(ctx, name), value, size);
}

struct report report_to_reader(struct report_reader *reader)
{
	static const struct report_ops ops = {
		.open = open_group,
		.close = close_group,
		.number = number,
		.flag = flag,
		.text = text,
		.bytes = bytes,
	};

	*reader = (struct report_reader){0};
	return (struct report){&ops, reader};
}

void report_reader_check(const struct report_reader *reader)
{
	if (reader->depth)
		abort();
}
