/* What the trust subsystem knows: between trust.c and attester.c only. */
#ifndef TRUST_STATE_H
#define TRUST_STATE_H

#include "trust/describe.h"
#include "trust/measure.h"
#include "trust/crb.h"
#include "trust/srtm.h"
#include "trust/tcti.h"
#include "trust/tis.h"
#include "trust/tpm_key.h"

struct trust_state {
	struct tis tis; /* one of the two is in use */
	struct crb crb;
	struct tpm_transport transport;
	struct tcti tcti;
	struct tpm tpm;
	bool tpm_present; /* something answers at its registers */
	bool tpm_ready;
	char tpm_error[96];    /* empty while it works */
	struct tpm_key ak, ek; /* handle 0: not opened */
	enum vmk_launch launched;
	struct verdict verdict;
	struct srtm_verdict srtm; /* valid where the dynamic launch was not */
	uint8_t *drtm_log;
	size_t drtm_log_bytes;
	const uint8_t *dmar; /* SINIT's copy, of a launch that may or may not count */
	size_t dmar_bytes;
	uint8_t *firmware_log;
	size_t firmware_log_bytes;
	struct measure measure;
	uint8_t *ek_certificate; /* read once, when first asked for */
	size_t ek_certificate_bytes;
	char launch[8192]; /* text of the `launch` log */
	size_t launch_bytes;
	uint8_t pcrs[TPM_PCRS][32]; /* as last read */
	uint64_t complained_ns;     /* when the log had a failed request last; 0: never */
	unsigned unsaid;            /* since then */
};

extern struct trust_state trust_state;

/*
 * One at a time. Not a spinlock's section: a TPM takes up to seconds, in which others run. Whoever
 * waits spins through the wait hook.
 */
void trust_acquire(void);
void trust_release(void);

#endif
