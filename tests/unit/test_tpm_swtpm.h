/*
 * A swtpm of its own for each test program, behind the modelled FIFO registers: what the kernel's
 * driver, TCTI and wrapper say reaches a real TPM 2.0 implementation.
 */
#ifndef TEST_TPM_SWTPM_H
#define TEST_TPM_SWTPM_H

#include "tests/unit/test_tis_device.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct swtpm {
	char directory[32];
	pid_t pid;
	int control, data;
};

/* swtpm's control commands: swtpm_ioctls(3). */
enum {
	SWTPM_INIT = 2,
	SWTPM_SET_LOCALITY = 5,
	SWTPM_HASH_START = 6,
	SWTPM_HASH_DATA = 7,
	SWTPM_HASH_END = 8,
	SWTPM_SET_DATAFD = 16
};

static inline void swtpm_be32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* One control command; `fd` >= 0 goes along. True when swtpm says that all is well. */
static inline bool swtpm_control(
	struct swtpm *s, uint32_t command, const void *body, size_t bytes, int fd)
{
	uint8_t message[64], answer[4] = {1}, rights[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {message, 4 + bytes};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	swtpm_be32(message, command);
	if (bytes)
		memcpy(message + 4, body, bytes);
	if (fd >= 0) {
		m.msg_control = rights;
		m.msg_controllen = sizeof(rights);
		CMSG_FIRSTHDR(&m)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&m)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&m)->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &fd, sizeof(fd));
	}
	if (sendmsg(s->control, &m, 0) < 0 || recv(s->control, answer, 4, MSG_WAITALL) != 4)
		return false;
	return answer[0] == 0 && answer[1] == 0 && answer[2] == 0 && answer[3] == 0;
}

/* `startup`: send TPM2_Startup, as firmware does. False where there is no swtpm. */
static inline bool swtpm_start(struct swtpm *s, bool startup)
{
	static const uint8_t startup_clear[] = {0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0};
	uint8_t answer[10], no_flags[4] = {0};
	int control[2], data[2];
	char state[64], fd[64];

	memset(s, 0, sizeof(*s));
	strcpy(s->directory, "/tmp/test_tpm_XXXXXX");
	if (!mkdtemp(s->directory) || socketpair(AF_UNIX, SOCK_STREAM, 0, control) ||
		socketpair(AF_UNIX, SOCK_STREAM, 0, data))
		return false;
	snprintf(state, sizeof(state), "dir=%s", s->directory);
	snprintf(fd, sizeof(fd), "type=unixio,clientfd=%d", control[1]);
	s->pid = fork();
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--ctrl", fd,
			(char *)NULL);
		_exit(127);
	}
	close(control[1]);
	s->control = control[0];
	s->data = data[0];
	if (!swtpm_control(s, SWTPM_SET_DATAFD, NULL, 0, data[1]) ||
		!swtpm_control(s, SWTPM_INIT, no_flags, 4, -1))
		return false;
	close(data[1]);
	if (!startup)
		return true;
	return write(s->data, startup_clear, 12) == 12 &&
	       recv(s->data, answer, 10, MSG_WAITALL) == 10 && answer[9] == 0;
}

static inline void swtpm_stop(struct swtpm *s)
{
	char command[64];

	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	close(s->control);
	close(s->data);
	snprintf(command, sizeof(command), "rm -r %s", s->directory);
	if (system(command) != 0)
		fprintf(stderr, "%s stays behind\n", s->directory);
}

/* The measured launch as the processor makes it: resets PCR 17 to 22, extends 17 by the hash. */
static inline bool swtpm_launch(struct swtpm *s)
{
	static const uint8_t hashed[] = {0, 0, 0, 4, 'A', 'C', 'M', '!'};

	return swtpm_control(s, SWTPM_HASH_START, NULL, 0, -1) &&
	       swtpm_control(s, SWTPM_HASH_DATA, hashed, sizeof(hashed), -1) &&
	       swtpm_control(s, SWTPM_HASH_END, NULL, 0, -1);
}

/* struct tis_device.run: the command goes to swtpm in the locality that holds the device. */
static inline void swtpm_run(struct tis_device *d)
{
	struct swtpm *s = d->user;
	uint8_t locality[4] = {(uint8_t)d->active};
	size_t size;

	d->response_bytes = 0;
	if (!swtpm_control(s, SWTPM_SET_LOCALITY, locality, 4, -1) ||
		write(s->data, d->command, d->command_bytes) != (ssize_t)d->command_bytes ||
		recv(s->data, d->response, TPM_HEADER, MSG_WAITALL) != TPM_HEADER)
		return;
	size = device_length(d->response);
	if (size < TPM_HEADER || size > sizeof(d->response))
		return;
	if (size > TPM_HEADER && recv(s->data, d->response + TPM_HEADER, size - TPM_HEADER,
					 MSG_WAITALL) != (ssize_t)(size - TPM_HEADER))
		return;
	d->response_bytes = size;
}

#endif
