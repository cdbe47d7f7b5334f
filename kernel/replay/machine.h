/* A virtual machine of its own on the running pCPU, for replay/guest.h. */
#ifndef REPLAY_MACHINE_H
#define REPLAY_MACHINE_H

#include "replay/guest.h"
#include <vmkapi/status.h>

/*
 * Runs the program in it, with interrupts off, and gives everything back. VMK_UNSUPPORTED: this
 * machine runs no guests; VMK_NO_MEMORY. *done: as replay_guest() returns.
 */
enum vmk_status machine_run(
	const struct replay_program *program, struct replay_trace *trace, unsigned *done);

#endif
