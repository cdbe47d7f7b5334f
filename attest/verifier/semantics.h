/*
 * What an event means, derived anew from its content: the TPM measured digests only, so that types
 * and data in a log are claims until the digest proves them.
 */
#ifndef VERIFIER_SEMANTICS_H
#define VERIFIER_SEMANTICS_H

#include "verifier/events.h"

/*
 * Check 13. Faults: event-semantics, naming the event, for data whose hash is not the digest, data
 * of a size that its type cannot have, a type in a PCR or log where it cannot be.
 */
bool semantics_check(const struct events *events, struct fault *fault);

/*
 * The value of key in a kernel event's text ("package name=N version=V ..."), into value. False
 * when the event is none, has no such key, or the value does not fit.
 */
bool semantics_field(const struct event *event, const char *key, char *value, size_t size);

/* A few words that name an event: type, PCR, log and index; for packages the name too. */
void semantics_describe(const struct event *event, char *text, size_t size);

#endif
