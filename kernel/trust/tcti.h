/* TSS2 TCTI version 1 (TCG TSS 2.0 TCTI API) over either interface of the TPM, for tss2-sys. */
#ifndef TRUST_TCTI_H
#define TRUST_TCTI_H

#include "trust/transport.h"

#include <stdbool.h>

#include <tss2/tss2_tcti.h>

struct tcti {
	TSS2_TCTI_CONTEXT_COMMON_V1 common; /* first: tss2-sys sees only this */
	struct tpm_transport transport;
	uint32_t duration_ms; /* of the command that was sent */
	bool sent;
	size_t bytes; /* of the response that waits to be fetched; 0: none */
	uint8_t response[TPM_COMMAND_MAX];
};

/* The driver must outlive the context, which lies within *tcti and needs no freeing. */
TSS2_TCTI_CONTEXT *tcti_init(struct tcti *tcti, struct tpm_transport transport);

#endif
