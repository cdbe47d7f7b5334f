#include "tboot-integration/txtsim/qemu/qmp.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tboot-integration/txtsim/run/process.h"

#define ANSWER_WAIT_S 30

void qmp_init(struct qmp *q, int fd, void (*pump)(void *), void *ctx)
{
	memset(q, 0, offsetof(struct qmp, line));
	q->fd = fd;
	q->pump = pump;
	q->ctx = ctx;
}

bool qmp_send(struct qmp *q, const char *command, const char *arguments)
{
	char request[512];
	int n = snprintf(request, sizeof(request), "{\"execute\":\"%s\"%s%s}\n", command,
		arguments ? ",\"arguments\":" : "", arguments ? arguments : "");

	q->asked++;
	return (size_t)n < sizeof(request) && send(q->fd, request, (size_t)n, MSG_NOSIGNAL) == n;
}

bool qmp_ask(struct qmp *q, const char *command, const char *arguments)
{
	double end = process_now() + ANSWER_WAIT_S;

	if (!qmp_send(q, command, arguments))
		return false;
	while (q->answered != q->asked) {
		if (q->fd < 0 || process_now() > end || process_caught())
			return false;
		q->pump(q->ctx);
	}
	return !q->failed;
}

static void take_answer(struct qmp *q, const json_t *message)
{
	const json_t *value = json_object_get(message, "return");
	const char *text = json_string_value(value);

	q->answered++;
	q->failed = !value;
	snprintf(q->text, sizeof(q->text), "%s", text ? text : "");
}

static void take_shutdown(struct qmp *q, const json_t *event)
{
	const json_t *data = json_object_get(event, "data");
	const char *reason = json_string_value(json_object_get(data, "reason"));

	if (!reason)
		q->end = QMP_OTHER_END;
	else if (!strcmp(reason, "guest-shutdown"))
		q->end = QMP_POWERED_OFF;
	/* The edge resets the machine for the platform. */
	else if (!strcmp(reason, "guest-reset") || !strcmp(reason, "host-qmp-system-reset"))
		q->end = QMP_WAS_RESET;
	else
		q->end = QMP_OTHER_END;
}

void qmp_take_line(struct qmp *q, const char *line, size_t size)
{
	json_t *message = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL);
	const char *event;

	if (!message)
		return;
	event = json_string_value(json_object_get(message, "event"));
	if (event && !strcmp(event, "SHUTDOWN"))
		take_shutdown(q, message);
	else if (event && !strcmp(event, "RESET"))
		q->resets++;
	else if (event && !strcmp(event, "SUSPEND"))
		q->suspends++;
	if (json_object_get(message, "return") || json_object_get(message, "error"))
		take_answer(q, message);
	json_decref(message);
}

static void take_lines(struct qmp *q)
{
	char *end;

	while ((end = memchr(q->line, '\n', q->size))) {
		size_t n = (size_t)(end - q->line) + 1;

		qmp_take_line(q, q->line, n - 1);
		q->size -= n;
		memmove(q->line, q->line + n, q->size);
	}
	/* No message of QEMU's is that long: what follows is dropped up to the next line. */
	if (q->size == sizeof(q->line))
		q->size = 0;
}

bool qmp_serve(struct qmp *q)
{
	for (;;) {
		ssize_t n = recv(q->fd, q->line + q->size, sizeof(q->line) - q->size, MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		q->size += (size_t)n;
		take_lines(q);
	}
}
