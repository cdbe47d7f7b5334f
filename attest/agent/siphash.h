/* SipHash-2-4 (Aumasson, Bernstein, INDOCRYPT 2012): a keyed hash of short inputs. Pure. */
#ifndef AGENT_SIPHASH_H
#define AGENT_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t siphash(const uint8_t key[16], const void *data, size_t size);

#endif
