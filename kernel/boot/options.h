/*
 * Kernel options: words NAME=VALUE (or NAME) of the command line, separated by blanks. Pure.
 *   acceptanceLevel=LEVEL              the host's level (signing/README.md)
 *   onboot=poweroff|reboot|panic|halt  what to do once booted (tests)
 *   onboot=kill:NAME,...               kill these user worlds 3 s later, once (tests)
 *   onboot=vms:NAME:COUNT,...          start this VM so often, each time until it is gone;
 *                                      then the next (tests)
 *   onboot=modules:NAME:COUNT,...      load and unload this driver so often, then the next; then
 *                                      power off (tests)
 *   onboot=lives:NAME                  what is in use after each of two lives of that user world
 *   onpanic=halt|poweroff|reboot       after a panic; by default reboot
 *   pools=PATH:SETTING...,...          resource pools for CPU time (sched/pool_spec.h)
 *   schedcheck=N                      check the scheduler at each N-th switch (tests)
 *   replay=sched|sched_long|guest      give the bytes of the package of kind `replay` to what the
 *                                      fuzz target of that name tests (replay/), then go on
 *   cpus=N                             use at most N CPUs
 *   pti=on                             page tables of ring 3's own, wherever it can be
 *   ibrs=entry                         set IBRS at each entry, also where it may stay on
 */
#ifndef BOOT_OPTIONS_H
#define BOOT_OPTIONS_H

#include "lib/types.h"

/* Is there a word NAME or NAME=...? */
bool option_has(const char *cmdline, const char *name);
/* Copies the value of the first word NAME=...; false if there is none or it does not fit. */
bool option_get(const char *cmdline, const char *name, char *value, size_t size);
/* A decimal number; 0 for what is none or exceeds 9 digits. */
unsigned option_number(const char *text);

#endif
