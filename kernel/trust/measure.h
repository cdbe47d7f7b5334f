/*
 * Measuring: an event's digest goes into its PCR and its record into the kernel's log, both or
 * neither. Pure over one operation. The first failure ends measuring for this boot: from then on
 * nobody could say whether PCR and log agree.
 */
#ifndef TRUST_MEASURE_H
#define TRUST_MEASURE_H

#include "trust/evlog_write.h"

#include <vmkapi/events.h>

struct measure_ops {
	/* Extends the active banks; locality 2 for PCR 19 to 22 is the callee's business. */
	enum vmk_status (*extend)(
		void *tpm, unsigned pcr, const uint8_t sha1[20], const uint8_t sha256[32]);
};

struct measure {
	const struct measure_ops *ops;
	void *tpm;
	struct evlog_writer log;
	enum vmk_launch launch; /* VMK_LAUNCH_NONE: nothing is measured */
	bool open;
	enum vmk_status closed; /* why not, for every later call */
};

/*
 * Starts the log in buffer[0..room), which must outlive *m. Without a launch the log keeps
 * its header alone, and every measure_event() answers VMK_NOT_MEASURED.
 */
enum vmk_status measure_init(struct measure *m, const struct measure_ops *ops, void *tpm,
	void *buffer, size_t room, bool sha1, bool sha256, enum vmk_launch launch);

/* The PCR of an event type after that launch, or VMK_BAD_PARAM. */
enum vmk_status measure_pcr(enum vmk_launch launch, enum vmk_event_type type, unsigned *pcr);

/*
 * Measures text with its terminating zero. VMK_NOT_MEASURED: there was no launch; VMK_BAD_PARAM: no
 * such event; VMK_NO_RESOURCES: the log is full; or what the TPM said.
 */
enum vmk_status measure_event(struct measure *m, enum vmk_event_type type, const char *text);

#endif
