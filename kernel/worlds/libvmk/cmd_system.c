/* vmk system ...: version, settings, log, leaving. */
#include "worlds/libvmk/handlers.h"

#include <stdio.h>
#include <string.h>

int cmd_version(struct call *call)
{
	struct vmk_info_system system;

	if (!read_record(call, VMK_INFO_SYSTEM, 0, &system, sizeof(system)))
		return EXIT_FAILED;
	records_text(call->out, "%s %s build-%s", system.name, system.version, system.build);
	return EXIT_OK;
}

int cmd_version_get(struct call *call)
{
	struct vmk_info_system system;

	if (!read_record(call, VMK_INFO_SYSTEM, 0, &system, sizeof(system)))
		return EXIT_FAILED;
	records_text(call->out, "%s", system.name);
	records_text(call->out, "%s", system.version);
	records_text(call->out, "build-%s", system.build);
	records_text(call->out, "%s", system.loader);
	return EXIT_OK;
}

/* --- settings */

#define ENABLE_TBOOT "enableTboot"

static const char *stored_name(uint8_t stored)
{
	if (stored == VMK_STORED_NOT)
		return "not set";
	return stored == VMK_STORED_TRUE ? "true" : "false";
}

int cmd_settings_list(struct call *call)
{
	struct vmk_info_system system;

	if (!read_record(call, VMK_INFO_SYSTEM, 0, &system, sizeof(system)))
		return EXIT_FAILED;
	records_text(call->out, ENABLE_TBOOT);
	records_text(call->out, "Bool");
	records_text(call->out, "%s", stored_name(system.enable_tboot));
	records_text(call->out, system.through_tboot ? "true" : "false");
	records_text(call->out, "as boot.cfg says");
	records_text(
		call->out, "Boot through tboot: Intel TXT measures the launch. At the next boot.");
	return EXIT_OK;
}

int cmd_settings_set(struct call *call)
{
	const char *value = call->text[OPTION_VALUE];
	enum vmk_stored wanted = VMK_STORED_NOT;
	enum vmk_status status;

	if (!strcmp(value, "true") || !strcmp(value, "TRUE"))
		wanted = VMK_STORED_TRUE;
	else if (!strcmp(value, "false") || !strcmp(value, "FALSE"))
		wanted = VMK_STORED_FALSE;
	status = call->host->control(call->context, VMK_CONTROL_ENABLE_TBOOT, wanted);
	if (status == VMK_IO_ERROR)
		return call_fail(call, EXIT_FAILED,
			"the clock's memory did not keep the setting: nothing has changed; set "
			"enableTboot in boot.cfg instead");
	if (status != VMK_OK)
		return call_fail_status(call, status, "setting " ENABLE_TBOOT);
	return call_done(call);
}

/* --- log */

#define LINE_TEXT 1536u

/* Gathers lines from the parts that the kernel hands out. */
struct lines {
	char text[LINE_TEXT];
	size_t used;
	bool skip; /* the rest of a line whose beginning is gone */
};

static void take_text(struct lines *lines, const char *text, size_t bytes,
	void (*show)(struct call *call, const char *line), struct call *call)
{
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] != '\n') {
			if (lines->used < LINE_TEXT - 1)
				lines->text[lines->used++] = text[i];
			continue;
		}
		lines->text[lines->used] = 0;
		lines->used = 0;
		if (!lines->skip)
			show(call, lines->text);
		lines->skip = false;
	}
}

/* Reads on from *offset; false when there is nothing more now. */
static bool read_log(struct call *call, uint64_t *offset, struct lines *lines,
	void (*show)(struct call *call, const char *line))
{
	struct vmk_info_log part;

	if (!read_record(call, VMK_INFO_LOG, *offset, &part, sizeof(part)))
		return false;
	if (part.first != *offset) {
		lines->used = 0;
		lines->skip = true;
	}
	*offset = part.next;
	take_text(lines, part.text, part.bytes < sizeof(part.text) ? part.bytes : sizeof(part.text),
		show, call);
	return part.bytes != 0;
}

static void count_line(struct call *call, const char *line)
{
	call->number[OPTIONS_MAX - 1]++;
}

static void tail_line(struct call *call, const char *line)
{
	if (call->number[OPTIONS_MAX - 1]-- <= call->number[0])
		records_text(call->out, "%s", line);
}

/* Twice through the log: to count, and to take the last ones. */
int cmd_log_tail(struct call *call)
{
	struct lines lines = {.used = 0};
	uint64_t offset = 0;

	if (!call_given(call, 0))
		call->number[0] = 10;
	call->number[OPTIONS_MAX - 1] = 0;
	while (read_log(call, &offset, &lines, count_line))
		;
	offset = 0;
	lines = (struct lines){.used = 0};
	while (!call->error[0] && read_log(call, &offset, &lines, tail_line))
		;
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}

static void follow_line(struct call *call, const char *line)
{
	if (!call->json) {
		writer_text(&call->writer, line);
		writer_text(&call->writer, "\n");
		return;
	}
	writer_text(&call->writer, "{\"Line\": ");
	writer_json_string(&call->writer, line);
	writer_text(&call->writer, "}\n");
}

#define FOLLOW_MS 200u

/* On a serial line the log goes past anyway; here it is for whoever is elsewhere. */
int cmd_log_follow(struct call *call)
{
	struct lines lines = {.used = 0};
	uint64_t offset = UINT64_MAX; /* the kernel says where the end is */

	do {
		while (read_log(call, &offset, &lines, follow_line))
			;
		if (call->error[0])
			return EXIT_FAILED;
		lines.skip = false;
	} while (call->host->pause(call->context, FOLLOW_MS));
	return EXIT_OK;
}

/* --- leaving */

static int leave(struct call *call, enum vmk_control control, const char *what)
{
	enum vmk_status status;
	char line[128];

	if (call_given(call, 0)) {
		snprintf(line, sizeof(line), "%s asked for: %.80s", what, call->text[0]);
		call->host->log(call->context, line);
	}
	status = call->host->control(call->context, control, 0);
	return status == VMK_OK ? call_done(call) : call_fail_status(call, status, what);
}

int cmd_power_off(struct call *call)
{
	return leave(call, VMK_CONTROL_POWER_OFF, "power off");
}

int cmd_reboot(struct call *call)
{
	return leave(call, VMK_CONTROL_REBOOT, "reboot");
}
