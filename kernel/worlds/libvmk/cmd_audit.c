/* vmk system auditrecords ...: what the kernel recorded of what matters to security. */
#include "worlds/libvmk/handlers.h"

#include "trust/audit_read.h"

#define WINDOW_BYTES  16384u
#define RECORDS_SHOWN 50u
_Static_assert(WINDOW_BYTES >= 2 * AUDIT_RECORD_MAX, "a window holds a whole record");

/* A walk through the log, part by part. */
struct walk {
	struct call *call;
	uint64_t offset; /* of the window in the log */
	struct audit_cursor cursor;
};

static uint8_t window[WINDOW_BYTES];

static bool read_window(struct walk *walk)
{
	struct call *call = walk->call;
	uint64_t total = 0, left;
	enum vmk_status status;

	walk->offset += walk->cursor.offset;
	status = call->host->trust_log(
		call->context, VMK_LOG_AUDIT, walk->offset, window, sizeof(window), &total);
	if (status != VMK_OK) {
		call_fail_status(call, status, "reading the audit log");
		return false;
	}
	left = total > walk->offset ? total - walk->offset : 0;
	walk->cursor = (struct audit_cursor){
		.log = window, .size = left < sizeof(window) ? (size_t)left : sizeof(window)};
	return true;
}

static bool start_walk(struct call *call, struct walk *walk)
{
	const char *why;

	*walk = (struct walk){.call = call};
	if (!read_window(walk))
		return false;
	if (!walk->cursor.size ||
		audit_open(&walk->cursor, window, walk->cursor.size, &why) == VMK_OK)
		return true;
	call_fail(call, EXIT_FAILED, "the audit log cannot be read: %s", why);
	return false;
}

static bool next(struct walk *walk, struct audit_record *record)
{
	enum vmk_status status = audit_next(&walk->cursor, record);

	/* The end of a window, not of the log. */
	if (status == VMK_TRUNCATED && walk->cursor.offset) {
		if (!read_window(walk))
			return false;
		status = audit_next(&walk->cursor, record);
	}
	if (status != VMK_OK && status != VMK_NOT_FOUND)
		call_fail(
			walk->call, EXIT_FAILED, "the audit log is damaged: %s", walk->cursor.why);
	return status == VMK_OK;
}

static void add_record(struct call *call, const struct vmk_info_system *system,
	const struct vmk_info_audit *audit, const struct audit_record *record)
{
	char when[TIME_BYTES], line[CELL_MAX];

	format_moment(system, record->time_ns, when);
	audit_describe(record, line, sizeof(line));
	records_number(call->out, record->index);
	records_text(call->out, "%s", when);
	records_text(call->out, "%s", audit_kind_name(record->kind));
	records_bool(call->out, record->index < audit->anchored);
	records_text(call->out, "%s", line);
}

int cmd_audit_list(struct call *call)
{
	uint64_t shown =
		call_given(call, OPTION_RECORDS) ? call->number[OPTION_RECORDS] : RECORDS_SHOWN;
	struct vmk_info_system system;
	struct vmk_info_audit audit;
	struct audit_record record;
	struct walk walk;

	if (!read_record(call, VMK_INFO_SYSTEM, 0, &system, sizeof(system)) ||
		!read_record(call, VMK_INFO_AUDIT, 0, &audit, sizeof(audit)) ||
		!start_walk(call, &walk))
		return EXIT_FAILED;
	while (next(&walk, &record)) {
		if (record.index + shown >= audit.records)
			add_record(call, &system, &audit, &record);
	}
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}

int cmd_audit_get(struct call *call)
{
	struct vmk_info_audit audit;
	char head[2 * sizeof(audit.digest) + 1];

	if (!read_record(call, VMK_INFO_AUDIT, 0, &audit, sizeof(audit)))
		return EXIT_FAILED;
	format_hex(audit.digest, sizeof(audit.digest), head);
	records_number(call->out, audit.records);
	records_number(call->out, audit.anchored);
	records_number(call->out, audit.checkpoints);
	records_number(call->out, audit.suppressed);
	records_number(call->out, audit.lost);
	records_number(call->out, audit.bytes);
	records_number(call->out, audit.bytes_max);
	records_bool(call->out, audit.full);
	records_text(call->out, "%s", head);
	return EXIT_OK;
}
