/*
 * What a decoder says: a tree of named values, given piece by piece to whoever prints it (text,
 * JSON, a console's table). Decoders keep nothing and allocate nothing.
 */
#ifndef TXTSTAT_REPORT_H
#define TXTSTAT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum report_style { REPORT_DECIMAL, REPORT_HEX };

struct report_ops {
	/* A group of named values, or a list of unnamed groups or values; name is NULL in a list.
	 */
	void (*open)(void *ctx, const char *name, bool list);
	void (*close)(void *ctx);
	void (*number)(void *ctx, const char *name, uint64_t value, enum report_style style);
	void (*flag)(void *ctx, const char *name, bool value);
	/* Zero-terminated; may hold a stranger's bytes: whoever prints makes them harmless. */
	void (*text)(void *ctx, const char *name, const char *text);
	void (*bytes)(void *ctx, const char *name, const uint8_t *bytes, size_t size);
};
struct report {
	const struct report_ops *ops;
	void *ctx;
};

static inline void report_group(const struct report *r, const char *name)
{
	r->ops->open(r->ctx, name, false);
}
static inline void report_list(const struct report *r, const char *name)
{
	r->ops->open(r->ctx, name, true);
}
static inline void report_end(const struct report *r)
{
	r->ops->close(r->ctx);
}
static inline void report_hex(const struct report *r, const char *name, uint64_t value)
{
	r->ops->number(r->ctx, name, value, REPORT_HEX);
}
static inline void report_number(const struct report *r, const char *name, uint64_t value)
{
	r->ops->number(r->ctx, name, value, REPORT_DECIMAL);
}
static inline void report_flag(const struct report *r, const char *name, bool value)
{
	r->ops->flag(r->ctx, name, value);
}
static inline void report_text(const struct report *r, const char *name, const char *text)
{
	r->ops->text(r->ctx, name, text);
}
static inline void report_bytes(
	const struct report *r, const char *name, const uint8_t *bytes, size_t size)
{
	r->ops->bytes(r->ctx, name, bytes, size);
}

#endif
