#ifndef TESTS_VECTORS_ATTACK_H
#define TESTS_VECTORS_ATTACK_H

#include "tests/vectors/fixture.h"

/* A way to cheat an appraisal, and how it must end. */
struct attack {
	const char *name;
	void (*before)(struct fixture *f); /* changes host, TPM or what the quote will say */
	void (*after)(struct fixture *f);  /* changes evidence that was honestly made */
	enum reason reason;
	const char *names; /* must occur in the words */
};

/* Each attack as a cmocka test on a host of its own, made by `start`: the number of failed ones. */
int attacks_run(void (*start)(struct fixture *f), const struct attack *attacks, size_t count);

#endif
