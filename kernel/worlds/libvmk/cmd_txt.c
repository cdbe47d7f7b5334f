/* vmk hardware trustedboot status|register|heap|tboot ...: Intel TXT in words, by txtstat's
 * decoders. */
#include "worlds/libvmk/handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tboot-integration/txtstat/status.h"
#include "tboot-integration/txtstat/tbootlog.h"

/* --- what a decoder says, as rows of a dotted name and a value */

#define DEPTH_MAX   16u
#define PATH_BYTES  160u
#define BYTES_SHOWN 64u

struct sink {
	struct records *out;
	char path[PATH_BYTES];
	size_t length[DEPTH_MAX]; /* of the path, at each open level */
	bool list[DEPTH_MAX];
	unsigned items[DEPTH_MAX];
	unsigned depth;
};

/* The outermost group is the answer as a whole, and gives no part of a name. */
static size_t name_value(struct sink *sink, const char *name)
{
	unsigned level = sink->depth - 1;
	size_t used = sink->depth ? sink->length[level] : 0;
	int more = 0;

	sink->path[used] = 0;
	if (sink->depth && sink->list[level])
		more = snprintf(sink->path + used, PATH_BYTES - used, "[%u]", sink->items[level]++);
	else if (sink->depth)
		more = snprintf(
			sink->path + used, PATH_BYTES - used, "%s%s", used ? "." : "", name);
	return used + (more < 0 ? 0 : (size_t)more);
}

static void on_open(void *ctx, const char *name, bool list)
{
	struct sink *sink = ctx;
	size_t length = name_value(sink, name);

	if (sink->depth < DEPTH_MAX) {
		sink->length[sink->depth] = length < PATH_BYTES ? length : PATH_BYTES - 1;
		sink->list[sink->depth] = list;
		sink->items[sink->depth] = 0;
	}
	sink->depth++;
}

static void on_close(void *ctx)
{
	((struct sink *)ctx)->depth--;
}

static void add_row(struct sink *sink, const char *name, const char *value)
{
	if (sink->depth > DEPTH_MAX)
		return;
	name_value(sink, name);
	records_text(sink->out, "%s", sink->path);
	records_text(sink->out, "%s", value);
}

static void on_number(void *ctx, const char *name, uint64_t value, enum report_style style)
{
	char text[24];

	snprintf(text, sizeof(text), style == REPORT_HEX ? "0x%llx" : "%llu",
		(unsigned long long)value);
	add_row(ctx, name, text);
}

static void on_flag(void *ctx, const char *name, bool value)
{
	add_row(ctx, name, value ? "true" : "false");
}

static void on_text(void *ctx, const char *name, const char *text)
{
	add_row(ctx, name, text);
}

static void on_bytes(void *ctx, const char *name, const uint8_t *bytes, size_t size)
{
	char text[2 * BYTES_SHOWN + 4];

	format_hex(bytes, size < BYTES_SHOWN ? size : BYTES_SHOWN, text);
	if (size > BYTES_SHOWN)
		strcat(text, "...");
	add_row(ctx, name, text);
}

static struct report report_to(struct sink *sink, struct records *out)
{
	static const struct report_ops ops = {
		on_open, on_close, on_number, on_flag, on_text, on_bytes};

	*sink = (struct sink){.out = out};
	return (struct report){&ops, sink};
}

/* --- what the kernel reads from memory, put together */

#define RAW_BYTES_MAX (8u << 20)

struct raw {
	uint8_t *bytes; /* malloc'ed; NULL: the machine has none */
	size_t size;
	uint64_t base;
};

static bool add_part(struct call *call, struct raw *raw, const struct vmk_info_raw *part)
{
	if (!raw->bytes) {
		raw->base = part->base;
		raw->size = part->total <= RAW_BYTES_MAX ? (size_t)part->total : RAW_BYTES_MAX;
		raw->bytes = calloc(1, raw->size ? raw->size : 1);
	}
	if (raw->bytes)
		return true;
	call_fail(call, EXIT_FAILED, "no memory for %llu bytes", (unsigned long long)raw->size);
	return false;
}

/* False when it failed, and has said why. The caller frees raw->bytes. */
static bool read_raw(struct call *call, enum vmk_info_kind kind, struct raw *raw)
{
	static struct vmk_info_raw part;
	size_t at = 0, bytes;

	*raw = (struct raw){0};
	for (unsigned i = 0; next_record(call, kind, i, &part, sizeof(part)); i++) {
		if (!add_part(call, raw, &part))
			return false;
		bytes = part.bytes < sizeof(part.data) ? part.bytes : sizeof(part.data);
		if (at == raw->size)
			break;
		if (bytes > raw->size - at)
			bytes = raw->size - at;
		memcpy(raw->bytes + at, part.data, bytes);
		at += bytes;
	}
	raw->size = at;
	return !call->error[0];
}

/* The kernel's own reading of PCR 17, which no register can replace. */
static enum txt_known pcr17_set(struct call *call)
{
	struct vmk_info_sign sign;

	for (unsigned i = 0; next_record(call, VMK_INFO_SIGN, i, &sign, sizeof(sign)); i++) {
		if (!strcmp(sign.name, "pcr17"))
			return sign.holds ? TXT_YES : TXT_NO;
	}
	return TXT_UNKNOWN;
}

/* Registers of a machine that has none read as ones. */
static struct txtregs registers_of(const struct raw *raw)
{
	static const uint8_t none[] = {0xff};

	if (raw->bytes)
		return (struct txtregs){raw->bytes, raw->size};
	return (struct txtregs){none, sizeof(none)};
}

int cmd_txt_status(struct call *call)
{
	struct txtfacts facts = {.pcr17_set = pcr17_set(call)};
	struct raw registers = {0}, heap = {0};
	struct heapstat decoded;
	struct report report;
	struct sink sink;

	if (read_raw(call, VMK_INFO_TXT_REGISTERS, &registers) &&
		read_raw(call, VMK_INFO_TXT_HEAP, &heap)) {
		facts.regs = registers_of(&registers);
		if (heap.bytes && heapstat_open(&decoded, heap.bytes, heap.size, heap.base))
			facts.heap = &decoded;
		report = report_to(&sink, call->out);
		txtstatus_report(&report, &facts);
	}
	free(heap.bytes);
	free(registers.bytes);
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}

int cmd_txt_registers(struct call *call)
{
	struct report report;
	struct txtregs regs;
	struct sink sink;
	struct raw raw;

	call->out->note = "There are no TXT registers: this machine has no TXT chipset.";
	if (read_raw(call, VMK_INFO_TXT_REGISTERS, &raw) && raw.bytes) {
		regs = registers_of(&raw);
		report = report_to(&sink, call->out);
		txtregs_report(&report, &regs);
	}
	free(raw.bytes);
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}

int cmd_txt_heap(struct call *call)
{
	struct heapstat heap;
	struct report report;
	struct sink sink;
	struct raw raw;

	call->out->note = "There is no TXT heap: the firmware made none.";
	if (read_raw(call, VMK_INFO_TXT_HEAP, &raw) && raw.bytes) {
		if (heapstat_open(&heap, raw.bytes, raw.size, raw.base)) {
			report = report_to(&sink, call->out);
			heapstat_report(&report, &heap);
		} else {
			call_fail(call, EXIT_FAILED, "the TXT heap cannot be read: %s", heap.why);
		}
	}
	free(raw.bytes);
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}

/* --- tboot's log */

/* The text, malloc'ed; NULL when there is none, or after a failure that it has named. */
static char *read_tboot(struct call *call, size_t *used)
{
	enum vmk_status status;
	char *text = NULL;
	struct raw raw;

	call->out->note = "tboot left no log: it did not run, or without logging=memory.";
	if (read_raw(call, VMK_INFO_TBOOT_LOG, &raw) && raw.bytes) {
		text = malloc(TBOOTLOG_TEXT_MAX);
		status = text ? tbootlog_text(raw.bytes, raw.size, text, TBOOTLOG_TEXT_MAX, used)
			      : VMK_NO_MEMORY;
		if (status != VMK_OK) {
			free(text);
			text = NULL;
		}
		if (status != VMK_OK && status != VMK_NOT_FOUND)
			call_fail_status(call, status, "reading tboot's log");
	}
	free(raw.bytes);
	return text;
}

int cmd_tboot_findings(struct call *call)
{
	struct report report;
	struct sink sink;
	size_t used;
	char *text = read_tboot(call, &used);

	if (text) {
		report = report_to(&sink, call->out);
		tbootlog_report_findings(&report, text, used);
		free(text);
	}
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}

/* One line of text[0..size) as a row; what it takes of the text. */
static size_t add_line(struct records *out, const char *text, size_t size)
{
	const char *end = memchr(text, '\n', size);
	size_t line = end ? (size_t)(end - text) : size;
	size_t shown = line < CELL_MAX ? line : CELL_MAX;

	if (shown && text[shown - 1] == '\r')
		shown--;
	records_text(out, "%.*s", (int)shown, text);
	return end ? line + 1 : line;
}

/* The first lines say most: why tboot launches, or does not. */
int cmd_tboot_log(struct call *call)
{
	uint64_t lines = call_given(call, 0) ? call->number[0] : UINT64_MAX;
	size_t used = 0;
	char *text = read_tboot(call, &used);

	for (size_t at = 0; text && at < used && lines; lines--)
		at += add_line(call->out, text + at, used - at);
	free(text);
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}
