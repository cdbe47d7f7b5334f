/*
 * Changes of an input that is a list of records, all of the same size, each valid whatever its
 * bytes: whole ones are inserted, copied, moved and taken out, and bytes within one change. For
 * LLVMFuzzerCustomMutator(), where bytes that shift would make other records of all behind them.
 */
#ifndef FUZZ_LIB_RECORDS_H
#define FUZZ_LIB_RECORDS_H

#include <stddef.h>
#include <stdint.h>

/* The next of a sequence of numbers (xorshift); *state is not 0. */
uint32_t records_random(uint32_t *state);
/*
 * One change of `size` bytes of records in `data`, which has room for `room`. What is no whole
 * record at the end is cut off. Returns the new size; at least one record if there is room.
 */
size_t records_change(
	uint8_t *data, size_t size, size_t room, size_t record_bytes, uint32_t *state);

#endif
