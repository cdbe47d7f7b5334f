/* QEMU's command line. */
#ifndef TXTSIM_QEMU_ARGUMENTS_H
#define TXTSIM_QEMU_ARGUMENTS_H

#include <stddef.h>

struct run_options;

#define QEMU_PROGRAM "qemu-system-x86_64"

/* Descriptors that QEMU inherits, -1 where there is none. */
struct qemu_fds {
	int uart; /* COM1 */
	int qmp;
	/* With TXT. */
	int gdb;
	int proxy;  /* x-pci-proxy-dev's */
	int ram;    /* shared memory */
	int device; /* shared memory, TXT_MEM_SIZE bytes */
	/* Our ends. */
	int our_gdb, our_proxy;
};

/* The proxy's place on PCI bus 0. */
#define TXT_PROXY_SLOT  0x10u
#define TXT_MEMORY_SLOT 0x11u

struct qemu_arguments {
	const char *argv[128];
	unsigned count;
	char text[16384];
	size_t used;
};

void qemu_arguments_make(
	struct qemu_arguments *a, const struct run_options *o, const struct qemu_fds *fds);

#endif
