/* TSS2 TCTI version 1 (TCG TSS 2.0 TCTI API) over the FIFO driver, for tss2-sys. */
#ifndef TRUST_TCTI_H
#define TRUST_TCTI_H

#include "trust/tis.h"

#include <tss2/tss2_tcti.h>

struct tcti {
	TSS2_TCTI_CONTEXT_COMMON_V1 common; /* first: tss2-sys sees only this */
	struct tis *tis;
	uint32_t duration_ms; /* of the command that was sent */
	bool sent;
	size_t bytes; /* of the response that waits to be fetched; 0: none */
	uint8_t response[TIS_COMMAND_MAX];
};

/* `tis` must outlive the context, which lies within *tcti and needs no freeing. */
TSS2_TCTI_CONTEXT *tcti_init(struct tcti *tcti, struct tis *tis);

#endif
