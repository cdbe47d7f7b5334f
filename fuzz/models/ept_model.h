/*
 * What an EPT has to be, kept naively: one entry for each page of a guest of 16 MiB, or of 8 GiB
 * in pages of 2 MiB, and pCPUs with caches of translations and of the tables on the way, that only
 * INVEPT empties. Drives kernel/vtx/ept.c by operation records and aborts where the two disagree.
 */
#ifndef FUZZ_EPT_MODEL_H
#define FUZZ_EPT_MODEL_H

#include <stddef.h>
#include <stdint.h>

/* Runs the operations that `data` spells; every byte string is one. Aborts at the first difference.
 * Returns how many operations there were. */
unsigned ept_model_run(const uint8_t *data, size_t size);

#endif
