/*
 * Arguments of random system calls: some as a program would give them, some at the borders of what
 * is possible, some from anywhere. Reproducible from a seed.
 */
#ifndef WORLDS_HOSTILE_GENERATOR_H
#define WORLDS_HOSTILE_GENERATOR_H

#include <stddef.h>
#include <stdint.h>
#include <vmkuser/syscall.h>

#define ARENA_BYTES  65536u
#define HANDLES_KEPT 16u
#define SPARES_KEPT  8u

struct generator {
	uint64_t state;
	uint8_t *arena; /* ARENA_BYTES that the kernel may read and write */
	struct {
		vmk_handle handle; /* 0: none */
		uint32_t kind;
	} handles[HANDLES_KEPT]; /* those from the start, then copies */
	unsigned first_copy;     /* index of the first copy among them */
	struct {
		uint64_t address, bytes;
	} spares[SPARES_KEPT]; /* other memory, which may be there or not */
	unsigned next_copy, next_spare;
};

/* `arena` is as its name says. Takes the handles that the world started with. */
void generator_init(struct generator *g, uint64_t seed, void *arena);
uint64_t generator_next(struct generator *g);
/* The next call: its number, then six arguments. Never one that ends the world or waits long. */
void generator_call(struct generator *g, uint64_t call[7]);
/* That call was answered with VMK_OK and `value`: what came of it is used by later ones. What is to
 * be unmapped now is in *address and *bytes, if that is not 0. */
void generator_learn(struct generator *g, const uint64_t call[7], uint64_t value, uint64_t *address,
	uint64_t *bytes);

#endif
