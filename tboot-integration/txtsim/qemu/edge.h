/*
 * The QEMU edge: the same platform and TPM models as in Bochs, connected to a stock QEMU through
 * its GDB stub (instructions that TCG lacks), x-pci-proxy-dev (registers and TPM) and shared
 * memory.
 */
#ifndef TXTSIM_QEMU_EDGE_H
#define TXTSIM_QEMU_EDGE_H

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>

#include "tboot-integration/txtsim/model/platform.h"
#include "tboot-integration/txtsim/model/tis.h"
#include "tboot-integration/txtsim/qemu/gdb.h"
#include "tboot-integration/txtsim/qemu/guest.h"
#include "tboot-integration/txtsim/qemu/mleimage.h"
#include "tboot-integration/txtsim/qemu/pciproxy.h"
#include "tboot-integration/txtsim/swtpm/client.h"

#define EDGE_CPUS_MAX  16u
#define EDGE_SITES_MAX 512u

struct run_options;
struct qmp;
struct qemu_fds;

enum site_kind { SITE_GETSEC, SITE_CR4_READ, SITE_CR4_WRITE, SITE_RDMSR, SITE_REAL_MODE };

/* An instruction of the MLE that TCG cannot execute as a TXT machine would. */
struct site {
	uint32_t address;
	enum site_kind kind;
	uint8_t reg; /* CR4's: the instruction's register */
	bool watched;
};

struct edge {
	const struct run_options *options;
	struct txt txt;
	struct tis tis;
	enum tis_mode tis_mode;
	struct swtpm swtpm;
	struct guest guest;
	struct gdb gdb;
	struct pciproxy proxy;
	struct qmp *qmp;
	int proxy_fd;
	FILE *log, *tpm_times;
	double started;

	struct mle_image images[MLE_IMAGES_MAX];
	unsigned image_count;
	struct site sites[EDGE_SITES_MAX];
	unsigned site_count;
	bool all_watched, entries_watched;
	struct guest_code mtrr, wake; /* begin 0: not under way */
	unsigned mtrr_cpu, wake_cpu;
	uint64_t saved[GDB_EFLAGS + 1]; /* registers of the CPU that runs one of these */
	uint8_t trampoline_saved[GUEST_TRAMPOLINE_SIZE];
	bool smxe[EDGE_CPUS_MAX]; /* CR4.SMXE, which TCG does not take */
	bool begun;               /* past the reset that QEMU begins with */
	bool was_reset;           /* the machine begins anew: breakpoints and BARs are to be set */
	bool waking;              /* from sleep, not yet at the first instruction */
	unsigned suspends;        /* how often it has slept */
	bool resumed;             /* out of sleep, what the firmware left undone is to be done */
};

/* --- edge.c */
/* Before QEMU starts: shared memory, the TPM, the platform's power-on. Adds to `fds`. */
void edge_open(struct edge *e, const struct run_options *o, struct qemu_fds *fds);
/* QEMU has been started, stopped at its first instruction: sets it going. */
void edge_begin(struct edge *e, struct qmp *qmp, void (*pump)(void *), void *ctx);
/* Fills in at most two entries for poll(2); returns how many. */
unsigned edge_wants(const struct edge *e, struct pollfd *fds);
/* Serves what QEMU waits for. May be called while the edge itself waits. */
void edge_serve(struct edge *e);
/* Handles stops and resets; only from the main loop. False once QEMU's channels are broken. */
bool edge_run(struct edge *e);
void edge_close(struct edge *e);

__attribute__((format(printf, 2, 3))) void edge_log(struct edge *e, const char *format, ...);
/* What firmware does out of sleep and SeaBIOS does not: the power management ports work again. */
void edge_restore_power(struct edge *e);
/* Asks QEMU to reset the machine. */
void edge_request_reset(void *edge);

/* --- cpu.c: with the machine stopped */
/* Breakpoints for a machine that has just been reset. */
void cpu_prepare(struct edge *e);
/* The same out of sleep: the MLE's code is still there, and so are its breakpoints. */
void cpu_resume(struct edge *e);
/* A CPU has stopped; on return it may go on. */
void cpu_stopped(struct edge *e, unsigned cpu);

/* --- sites.c */
/* Finds the instructions in the MLE's code, as it now stands in memory; none is watched yet. */
void sites_find(struct edge *e, const struct mle_image *image);
/*
 * Sets breakpoints. entry != 0: an MLE begins there, which will first clear its memory, slowly if
 * that page were watched; nothing on it is needed before its first GETSEC. entry 0: all.
 */
void sites_watch(struct edge *e, uint32_t entry);
void sites_forget(struct edge *e);

#endif
