/* Where trust meets the machine: TPM registers, TXT's public registers, the TXT heap. */
#ifndef TRUST_EDGE_H
#define TRUST_EDGE_H

#include "trust/tis.h"
#include "trust/verdict.h"

/* Over the registers that edge_map_tis() mapped, which are the device. */
extern const struct tis_ops edge_tis_ops;
enum vmk_status edge_map_tis(void **device);
/* Called whenever the TPM is waited for, so that other worlds run; NULL: nobody. */
void edge_set_wait(void (*yield)(void));
/* Some milliseconds, for a TPM that asks for a retry. */
void edge_pause(void);

/*
 * TXT's public registers and SINIT's log, into *facts. facts->log is heap memory, the caller's to
 * free; where there is none, facts->log_why says why.
 */
void edge_read_txt(struct verdict_facts *facts);

#endif
