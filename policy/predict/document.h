/* The policy document, "merlon-policy-1" (attest/PROTOCOL.md, Policies). */
#ifndef PREDICT_DOCUMENT_H
#define PREDICT_DOCUMENT_H

#include "policy/predict/prediction.h"
#include <jansson.h>
#include <stdio.h>

/* A new document; the caller owns it. NULL: out of memory. */
json_t *document_of(const struct prediction *prediction);
/* The events as a table, for people. */
void document_print(const struct prediction *prediction, FILE *to);

#endif
