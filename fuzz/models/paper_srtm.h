/*
 * Static launches on paper: logs of events, true ones and others, made from an input, and what a
 * verdict on them must say. Input: {u8 what is wrong, u8 modules, u8 PCR that differs}, events of
 * two bytes {PCR and type, text and digest}.
 */
#ifndef FUZZ_MODELS_PAPER_SRTM_H
#define FUZZ_MODELS_PAPER_SRTM_H

#include <stddef.h>
#include <stdint.h>

#include "trust/srtm.h"

#define PAPER_SRTM_LOG_MAX 2048u

/* What the log, PCRs and modules are kept in is good until the next is made. */
void paper_srtm_make(const uint8_t *data, size_t size, struct srtm_facts *facts);
/* Aborts unless each sign of the verdict on what was made last holds just where it should. */
void paper_srtm_check(const struct srtm_facts *facts, const struct srtm_verdict *verdict);

#endif
