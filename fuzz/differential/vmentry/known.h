/*
 * Where Bochs 2.7 differs from the model, each looked into: its mistake, or a place where the SDM
 * lets processors differ. What was the model's mistake is mended, and has a test in test_swvmx.
 */
#ifndef DIFFERENTIAL_KNOWN_H
#define DIFFERENTIAL_KNOWN_H

#include "fuzz/differential/vmentry/predict.h"

enum known_how {
	KNOWN_LACKS,  /* the check is not made */
	KNOWN_ALSO,   /* a failure where the model has none: of controls or of the guest's state */
	KNOWN_REASON, /* the check's failure is exit reason 8 */
	KNOWN_STOPS,  /* what should have failed ends the emulator: not tried */
};
struct known {
	const char *name, *why;
	bool is_free; /* the SDM leaves it to the processor */
	enum known_how how;
	int check;               /* enum swvmx_check; -1: see `holds` alone */
	enum outcome_kind group; /* KNOWN_ALSO: which fails */
	bool (*holds)(const struct swvmx_cpu *cpu, const uint64_t *f); /* NULL: always */
};
extern const struct known known[];
extern const unsigned known_count;
#define KNOWN_MAX 64u

/* What Bochs is expected to do instead. which[i]: known[i] has a part in it. False: nobody should
 * try. */
bool known_apply(struct prediction *p, const struct swvmx_cpu *cpu, const uint64_t *f,
	bool which[KNOWN_MAX]);

#endif
