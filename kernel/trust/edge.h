/* Where trust meets the machine: TPM registers, TXT's public registers, the TXT heap. */
#ifndef TRUST_EDGE_H
#define TRUST_EDGE_H

#include "trust/crb.h"
#include "trust/srtm.h"
#include "trust/tis.h"
#include "trust/verdict.h"

struct boot_info;

/* Both over the registers that edge_map_tpm() mapped, which are the device. */
extern const struct tis_ops edge_tis_ops;
extern const struct crb_ops edge_crb_ops;
enum vmk_status edge_map_tpm(void **device);
/* Called whenever the TPM is waited for, so that other worlds run; NULL: nobody. */
void edge_set_wait(void (*yield)(void));
/* Some milliseconds, for a TPM that asks for a retry. */
void edge_pause(void);

/*
 * TXT's public registers and SINIT's log, into *facts. facts->log is heap memory, the caller's to
 * free; where there is none, facts->log_why says why.
 */
void edge_read_txt(struct verdict_facts *facts);
/*
 * The firmware's event log into *facts, as above: the candidate of that number, counted from 0,
 * where ACPI says or in ACPI's memory. False: there is none. Nothing but memory that the firmware
 * keeps, or that boot/firmware_log.h kept for it, is read.
 */
bool edge_read_firmware_log(
	const struct boot_info *info, unsigned candidate, struct srtm_facts *facts);
/* A boot module's bytes, hashed. */
void edge_hash_module(const struct boot_info *info, unsigned module, uint8_t sha256[32]);

#endif
