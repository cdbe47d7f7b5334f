/* QEMU's machine protocol: one JSON object a line, requests, answers and events. */
#ifndef TXTSIM_QMP_H
#define TXTSIM_QMP_H

#include <stdbool.h>
#include <stddef.h>

#define QMP_LINE_MAX 16384u

enum qmp_end { QMP_RUNNING, QMP_POWERED_OFF, QMP_WAS_RESET, QMP_OTHER_END };

struct qmp {
	int fd;
	size_t size;              /* of `line` */
	unsigned resets;          /* RESET events that the guest or we caused */
	unsigned suspends;        /* SUSPEND events: the guest sleeps (S3) */
	enum qmp_end end;         /* from the SHUTDOWN event */
	unsigned asked, answered; /* requests and answers so far */
	bool failed;              /* the last answer is an error */
	char text[128];           /* the last answer, if it is a text */
	/* Called while waiting: serves whatever QEMU may be waiting for; returns after some time.
	 */
	void (*pump)(void *ctx);
	void *ctx;
	char line[QMP_LINE_MAX];
};

void qmp_init(struct qmp *q, int fd, void (*pump)(void *), void *ctx);
/* Takes what QEMU has sent, without blocking; false once the channel is closed. */
bool qmp_serve(struct qmp *q);
/* Sends a request; its answer comes with a later qmp_serve(). `arguments`: a JSON object or NULL.
 */
bool qmp_send(struct qmp *q, const char *command, const char *arguments);
/* Sends a request and waits for its answer; false if there is none or it is an error. */
bool qmp_ask(struct qmp *q, const char *command, const char *arguments);
/* Takes one line of QEMU's. */
void qmp_take_line(struct qmp *q, const char *line, size_t size);

#endif
