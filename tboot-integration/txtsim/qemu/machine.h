/* A machine in QEMU, from power-on to power-off. */
#ifndef TXTSIM_QEMU_MACHINE_H
#define TXTSIM_QEMU_MACHINE_H

struct run_options;

/* Returns enum run_status; what cannot be started ends the program. */
int qemu_run(const struct run_options *o);

#endif
