/*
 * Someone at a terminal: bytes in, lines run, answers out. The words of a line are a command of the
 * table, with or without "vmk" before it. Pure over struct vmk_host.
 */
#ifndef LIBVMK_SESSION_H
#define LIBVMK_SESSION_H

#include "worlds/libvmk/command.h"
#include "worlds/libvmk/editor.h"

struct session {
	const struct vmk_host *host;
	void *context;
	struct editor editor;
	struct records records;
	int status; /* of the last line; the prompt shows it unless it is 0 */
};

/* Writes the first prompt. */
void session_start(struct session *session, const struct vmk_host *host, void *context);
/* Bytes that were typed; runs each line that they end before it returns. */
void session_feed(struct session *session, const char *bytes, size_t count);

#endif
