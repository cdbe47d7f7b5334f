#include "worlds/libvmk/records.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void records_begin(struct records *records, const struct schema *schema)
{
	records->schema = schema;
	records->note = NULL;
	records->used = 0;
	records->cells = 0;
	records->full = records->wrong = false;
}

/* Answers go to terminals: what is in a name or a log must not be able to steer one. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static void add_cell(struct records *records, enum cell_type type, const char *text)
{
	size_t bytes = strlen(text) + 1;

	if (records->full)
		return;
	if (records->schema->columns[records->cells % records->schema->count].type != type)
		records->wrong = true;
	if (bytes > RECORDS_BYTES - records->used) {
		records->full = true;
		return;
	}
	memcpy(records->text + records->used, text, bytes);
	make_printable(records->text + records->used);
	records->used += bytes;
	records->cells++;
}

void records_text(struct records *records, const char *format, ...)
{
	char text[CELL_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	add_cell(records, CELL_TEXT, text);
}

void records_number(struct records *records, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	add_cell(records, CELL_NUMBER, text);
}

void records_bool(struct records *records, bool value)
{
	add_cell(records, CELL_BOOL, value ? "true" : "false");
}

unsigned records_rows(const struct records *records)
{
	return records->cells / records->schema->count;
}

/* --- text */

void writer_text(const struct writer *to, const char *text)
{
	to->write(to->context, text, strlen(text));
}

void writer_format(const struct writer *to, const char *format, ...)
{
	char text[CELL_MAX + 64];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	writer_text(to, text);
}

static void write_times(const struct writer *to, char c, size_t count)
{
	char text[64];

	memset(text, c, sizeof(text));
	for (size_t part; count; count -= part) {
		part = count < sizeof(text) ? count : sizeof(text);
		to->write(to->context, text, part);
	}
}

void writer_padded(const struct writer *to, const char *text, size_t length, size_t width)
{
	to->write(to->context, text, length);
	if (length < width)
		write_times(to, ' ', width - length);
}

/* The cell after this one. */
static const char *next_cell(const char *cell)
{
	return cell + strlen(cell) + 1;
}

static size_t column_width(const struct records *records, unsigned column)
{
	size_t width = strlen(records->schema->columns[column].name);
	const char *cell = records->text;

	for (unsigned i = 0; i < records->cells; i++, cell = next_cell(cell)) {
		if (i % records->schema->count == column && strlen(cell) > width)
			width = strlen(cell);
	}
	return width;
}

static void show_cell_of_table(const struct writer *to, const struct schema *schema,
	unsigned column, size_t width, const char *cell)
{
	const bool last = column + 1 == schema->count;

	writer_padded(to, cell, strlen(cell), last ? 0 : width);
	writer_text(to, last ? "\n" : "  ");
}

static void show_table(const struct records *records, const struct writer *to)
{
	const struct schema *schema = records->schema;
	size_t widths[TABLE_COLUMNS_MAX];
	const char *cell = records->text;

	for (unsigned c = 0; c < schema->count; c++)
		widths[c] = column_width(records, c);
	for (unsigned c = 0; c < schema->count; c++)
		show_cell_of_table(to, schema, c, widths[c], schema->columns[c].name);
	for (unsigned c = 0; c < schema->count; c++) {
		write_times(to, '-', widths[c]);
		writer_text(to, c + 1 == schema->count ? "\n" : "  ");
	}
	for (unsigned i = 0; i < records_rows(records) * schema->count; i++, cell = next_cell(cell))
		show_cell_of_table(to, schema, i % schema->count, widths[i % schema->count], cell);
}

static void show_row(const struct schema *schema, const char *cell, const struct writer *to)
{
	unsigned first = schema->layout == LAYOUT_BLOCKS;

	if (first) {
		writer_text(to, cell);
		writer_text(to, "\n");
		cell = next_cell(cell);
	}
	for (unsigned c = first; c < schema->count; c++, cell = next_cell(cell)) {
		if (schema->layout != LAYOUT_LINES) {
			writer_text(to, "   ");
			writer_text(to, schema->columns[c].name);
			writer_text(to, ": ");
		}
		writer_text(to, cell);
		writer_text(to, "\n");
	}
}

static const char *row_after(const struct schema *schema, const char *cell)
{
	for (unsigned c = 0; c < schema->count; c++)
		cell = next_cell(cell);
	return cell;
}

void records_show(const struct records *records, const struct writer *to)
{
	const struct schema *schema = records->schema;
	const char *row = records->text;
	unsigned rows = records_rows(records);

	if (rows == 0 && records->note) {
		writer_format(to, "%s\n", records->note);
		return;
	}
	if (schema->layout == LAYOUT_TABLE) {
		show_table(records, to);
		return;
	}
	for (unsigned i = 0; i < rows; i++, row = row_after(schema, row)) {
		if (i && schema->layout == LAYOUT_BLOCKS)
			writer_text(to, "\n");
		show_row(schema, row, to);
	}
}

/* --- JSON (RFC 8259) */

void writer_json_string(const struct writer *to, const char *text)
{
	writer_text(to, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			to->write(to->context, "\\", 1);
		to->write(to->context, *text >= ' ' && *text <= '~' ? text : "?", 1);
	}
	writer_text(to, "\"");
}

static void write_key(const struct writer *to, const char *name)
{
	char key[64];
	size_t used = 0;

	for (; *name && used < sizeof(key) - 1; name++) {
		bool keeps = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
			     (*name >= '0' && *name <= '9');

		if (keeps)
			key[used++] = *name;
	}
	key[used] = 0;
	writer_json_string(to, key);
}

static void write_object(const struct schema *schema, const char *cell, const struct writer *to)
{
	writer_text(to, "{");
	for (unsigned c = 0; c < schema->count; c++, cell = next_cell(cell)) {
		writer_text(to, c ? ", " : "");
		write_key(to, schema->columns[c].name);
		writer_text(to, ": ");
		if (schema->columns[c].type == CELL_TEXT)
			writer_json_string(to, cell);
		else
			writer_text(to, cell);
	}
	writer_text(to, "}");
}

void records_json(const struct records *records, const struct writer *to)
{
	const struct schema *schema = records->schema;
	const char *row = records->text;
	unsigned rows = records_rows(records);

	if (schema->layout == LAYOUT_RECORD) {
		if (rows)
			write_object(schema, row, to);
		else
			writer_text(to, "{}");
		writer_text(to, "\n");
		return;
	}
	writer_text(to, "[");
	for (unsigned i = 0; i < rows; i++, row = row_after(schema, row)) {
		writer_text(to, i ? ",\n " : "");
		write_object(schema, row, to);
	}
	writer_text(to, "]\n");
}
