/* <poll.h> of the freestanding kernel: the TSS2 TCTI header names its handle after it. */
#ifndef LIBC_POLL_H
#define LIBC_POLL_H

struct pollfd {
	int fd;
	short events, revents;
};

#endif
