/*
 * What a command answers: rows of cells under a schema, so that the same answer can be shown as
 * people expect it, as JSON, or handed on by a management agent. Pure and bounded: cells are text
 * in one buffer.
 */
#ifndef LIBVMK_RECORDS_H
#define LIBVMK_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDS_BYTES 49152u
#define CELL_MAX      512u /* longer text is cut */

enum cell_type { CELL_TEXT, CELL_NUMBER, CELL_BOOL };
struct column {
	const char *name; /* as ESXi writes it: "MAC Address"; in JSON "MACAddress" */
	enum cell_type type;
};

#define TABLE_COLUMNS_MAX 24u
enum layout {
	LAYOUT_TABLE,  /* a line of names, a line of dashes, a line for each row; at most so many
			  columns */
	LAYOUT_BLOCKS, /* each row: its first cell alone, then "   Name: cell" for each of the
			  others */
	LAYOUT_RECORD, /* one row of "   Name: cell" */
	LAYOUT_LINES,  /* one column: each cell is a line */
};
struct schema {
	enum layout layout;
	const struct column *columns;
	unsigned count;
};
#define SCHEMA(layout_, columns_)      \
	{.layout = (layout_),          \
		.columns = (columns_), \
		.count = sizeof(columns_) / sizeof((columns_)[0])}

struct records {
	const struct schema *schema;
	const char *note; /* shown instead of nothing when there is no row; static text or NULL */
	size_t used;
	unsigned cells;
	bool full;  /* something did not fit: the rows are not all */
	bool wrong; /* a cell of another type than its column's: an error of the command's */
	char text[RECORDS_BYTES]; /* zero-terminated cells, one after another */
};

void records_begin(struct records *records, const struct schema *schema);
/* The next cell, from left to right, row after row. What cannot be shown becomes "?". */
void records_text(struct records *records, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void records_number(struct records *records, uint64_t value);
void records_bool(struct records *records, bool value);
/* Complete rows. */
unsigned records_rows(const struct records *records);

/* Where formatted text goes. */
struct writer {
	void (*write)(void *context, const char *text, size_t bytes);
	void *context;
};
void writer_text(const struct writer *to, const char *text);
/* `length` bytes of `text`, and blanks until it is as wide as `width`. */
void writer_padded(const struct writer *to, const char *text, size_t length, size_t width);
void writer_format(const struct writer *to, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void records_show(const struct records *records, const struct writer *to);
/* One object for LAYOUT_RECORD, else an array of objects; ends with a newline. */
void records_json(const struct records *records, const struct writer *to);
/* A string with its quotes. */
void writer_json_string(const struct writer *to, const char *text);

#endif
