/*
 * What an event means, derived anew from its content: the TPM measured digests only, so that types
 * and data in a log are claims until the digest proves them.
 */
#ifndef VERIFIER_SEMANTICS_H
#define VERIFIER_SEMANTICS_H

#include <vmkapi/events.h>

#include "verifier/events.h"

/*
 * Check 13. Faults: event-semantics, naming the event, for data whose hash is not the digest, data
 * of a size that its type cannot have, a type in a PCR or log where it cannot be.
 */
bool semantics_check(const struct events *events, enum vmk_launch launch, struct fault *fault);

/* The PCR that the kernel measures a type of its own into; 0 for any other type. */
unsigned int semantics_pcr(uint32_t type, enum vmk_launch launch);

/* Which launch the logs speak of; VMK_LAUNCH_DRTM where they do not say. */
enum vmk_launch semantics_launch(const struct events *events);

/*
 * The text that was measured, where it was one: a kernel event's, or a command or command line of
 * GRUB's. Without terminating zero; points into the event.
 */
bool semantics_text(const struct event *event, const char **text, size_t *size);

/*
 * The value of key in a kernel event's text ("package name=N version=V ..."), into value. False
 * when the event is none, has no such key, or the value does not fit.
 */
bool semantics_field(const struct event *event, const char *key, char *value, size_t size);

/*
 * A checkpoint of the audit log: how many records it covers, and their head (vmkapi/audit.h). False
 * for any other event.
 */
bool semantics_audit(const struct event *event, uint64_t *records, uint8_t head[DIGEST_SIZE]);

/* A few words that name an event: type, PCR, log and index; for packages the name too. */
void semantics_describe(const struct event *event, char *text, size_t size);

#endif
