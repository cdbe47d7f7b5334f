/* Locks (lib/lock.h) of simulated processors: who waits for one lets another processor go on. */
#ifndef MODELS_SIMCPU_LOCK_H
#define MODELS_SIMCPU_LOCK_H

/* After simcpu_start(): none is held. */
void simcpu_locks(void);

#endif
