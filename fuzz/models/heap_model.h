/*
 * Operations on the heap, two or more bytes each: give, take back, write all of an object, look at
 * it, audit. After each the heap must agree with a list of what was given. An operation that
 * misuses an object (writes beyond its ends or after it was freed, frees it twice, elsewhere or
 * inside) must be found by the next free of the object or by the audit, and ends the input.
 */
#ifndef FUZZ_HEAP_MODEL_H
#define FUZZ_HEAP_MODEL_H

#include <stddef.h>
#include <stdint.h>

void heap_model_run(const uint8_t *data, size_t size);

#endif
