/*
 * Where txtstat's decoders report to in tests and fuzz targets: a text "name=value\n" with the
 * groups' nesting checked. Each value's bytes are read, so that a sanitizer sees a stray pointer.
 */
#ifndef TESTS_TXTSTAT_SINK_H
#define TESTS_TXTSTAT_SINK_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tboot-integration/txtstat/report.h"

#define SINK_BYTES (1u << 18)

struct sink {
	char text[SINK_BYTES];
	size_t used;
	unsigned depth;
};

static inline void sink_add(struct sink *s, const char *name, const char *value)
{
	int n = snprintf(
		s->text + s->used, SINK_BYTES - s->used, "%s=%s\n", name ? name : "", value);

	if (n > 0 && (size_t)n < SINK_BYTES - s->used)
		s->used += (size_t)n;
}

static inline void sink_open(void *ctx, const char *name, bool list)
{
	struct sink *s = ctx;

	sink_add(s, name, list ? "[" : "{");
	s->depth++;
}
static inline void sink_close(void *ctx)
{
	struct sink *s = ctx;

	if (!s->depth--)
		abort();
}
static inline void sink_number(void *ctx, const char *name, uint64_t value, enum report_style style)
{
	char text[24];

	snprintf(text, sizeof(text), style == REPORT_HEX ? "0x%" PRIx64 : "%" PRIu64, value);
	sink_add(ctx, name, text);
}
static inline void sink_flag(void *ctx, const char *name, bool value)
{
	sink_add(ctx, name, value ? "yes" : "no");
}
static inline void sink_text(void *ctx, const char *name, const char *text)
{
	sink_add(ctx, name, text);
}
static inline void sink_bytes(void *ctx, const char *name, const uint8_t *bytes, size_t size)
{
	char text[72];
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++) {
		sum ^= bytes[i];
		if (i < 32)
			snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	}
	if (!size)
		*text = '\0';
	sink_add(ctx, name, size <= 32 ? text : sum ? "long" : "long, even");
}

static inline struct report sink_report(struct sink *s)
{
	static const struct report_ops ops = {
		.open = sink_open,
		.close = sink_close,
		.number = sink_number,
		.flag = sink_flag,
		.text = sink_text,
		.bytes = sink_bytes,
	};

	*s->text = '\0';
	s->used = 0;
	s->depth = 0;
	return (struct report){&ops, s};
}

#endif
