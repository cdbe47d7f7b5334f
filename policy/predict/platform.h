/*
 * The PLATFORM layer: SINIT's events, or firmware's before a static launch, in their order, with
 * the content of those that no file holds (BIOSAC_REG_DATA, NV_INFO, ...). A "merlon-platform-1"
 * document, captured once from a launch of that platform; every platform of the same make, firmware
 * and settings shares it.
 */
#ifndef PREDICT_PLATFORM_H
#define PREDICT_PLATFORM_H

#include <jansson.h>
#include "policy/predict/parts.h"

#define PLATFORM_EVENTS_MAX 256u
#define PLATFORM_DATA_MAX   256u

/* X(symbol, name): where an event's digest comes from. */
#define PLATFORM_SOURCES(X)                                                                      \
	X(FROM_PLATFORM, "platform")   /* `data`, or `digest` where the log shows no data */     \
	X(FROM_SINIT, "sinit")         /* SHA-256(SINIT's digest || `data`, the SENTER flags) */ \
	X(FROM_SINIT_KEY, "sinit-key") /* the digest of SINIT's public key */                    \
	X(FROM_MLE, "mle")             /* the digest of tboot with its command line */           \
	X(FROM_GRUB, "grub")           /* the digest of GRUB's image, as UEFI measures it */     \
	X(FROM_GRUB_SCRIPT, "grub-script") /* here GRUB runs: all that it measures */
enum platform_source {
#define X(symbol, name) symbol,
	PLATFORM_SOURCES(X)
#undef X
};

struct platform_event {
	uint32_t pcr, type;
	enum platform_source source;
	uint8_t data[PLATFORM_DATA_MAX], digest[32];
	size_t data_size; /* 0: `digest` is given instead (FROM_PLATFORM only) */
};
struct platform {
	char name[64];
	enum vmk_launch launch;
	unsigned event_count;
	struct platform_event events[PLATFORM_EVENTS_MAX];
};

enum vmk_status platform_load(
	const char *path, struct platform *platform, struct prediction_error *error);
/*
 * Captures the layer from a launch's own log. What SINIT and MLE explain is tied to them; the rest
 * is kept as it was seen. `sinit` NULL: nothing is known of SINIT's file, all of it is kept.
 */
enum vmk_status platform_capture(const void *log, size_t size,
	const struct sinit_measurements *sinit, const char *name, struct platform *platform,
	struct prediction_error *error);
/*
 * The same of a static launch, from the firmware's log. What GRUB measured is left to its script,
 * and GRUB's own image, where `grub` is not NULL, is tied to its file.
 */
enum vmk_status platform_capture_static(const void *log, size_t size, const uint8_t grub[32],
	const char *name, struct platform *platform, struct prediction_error *error);
/* A new JSON document; the caller owns it. NULL: out of memory. */
json_t *platform_json(const struct platform *platform);

#endif
