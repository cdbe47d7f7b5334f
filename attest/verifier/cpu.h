/*
 * What the host's CPU protects it with, as its kernel measured it (VMK_EV_CPU): it depends on the
 * platform and not on files, so a policy does not predict it but may demand protections by name.
 */
#ifndef VERIFIER_CPU_H
#define VERIFIER_CPU_H

#include "verifier/events.h"
#include "verifier/fault.h"

/* The bit of a protection in a policy's mask; 0 for a name that is none. */
uint32_t cpu_protection_bit(const char *name);
/* Is it the event, in the PCR that the kernel's launch gives it? */
bool cpu_is_event(const struct event *event);
/* The event's text behind "cpu ", or NULL where the host measured none. */
const char *cpu_describe(const struct events *events);
/* Are all of `required` on? Names those that are not. */
bool cpu_check(const struct events *events, uint32_t required, struct fault *fault);

#endif
