/*
 * What a launch will measure, predicted from files: the events of both logs in their order, the
 * PCRs that they lead to, and the files that stand behind them. Written as a merlon-policy-1
 * document (attest/PROTOCOL.md).
 */
#ifndef PREDICT_PREDICTION_H
#define PREDICT_PREDICTION_H

#include "policy/predict/buffer.h"
#include "policy/predict/vlp.h"
#include <vmkapi/events.h>
#include "tboot-integration/image/bootcfg.h"

#define PREDICTION_EVENTS_MAX 512u
#define PREDICTION_FILES_MAX  (BOOTCFG_MODULES_MAX + 8u) /* kernel, SINIT, tboot, policies */
#define PREDICTION_DATA_MAX   512u
#define PREDICTION_PCRS       24u
#define PREDICTION_CHUNK      4096u

enum prediction_log { LOG_TCG_BOOT, LOG_TXT_DRTM, LOG_KERNEL };
enum prediction_layer { LAYER_PLATFORM, LAYER_LAUNCH, LAYER_VMKERNEL, LAYER_HOST };

struct predicted_file {
	char name[BOOTCFG_NAME_MAX];
	char role[32];       /* "module 0", "tboot", "SINIT", "launch policy", "GRUB" */
	const char *cmdline; /* NULL: none is measured with it; owned by the prediction's inputs */
	struct buffer content; /* as stored (tboot still compressed) */
	uint8_t sha256[32];
};
struct predicted_event {
	enum prediction_log log;
	enum prediction_layer layer;
	uint32_t pcr, type;
	uint8_t digest[32];
	int file;       /* index into files, -1: none */
	char what[128]; /* for people */
	uint8_t data[PREDICTION_DATA_MAX];
	size_t data_size; /* 0: the event's data are not predicted */
};
struct prediction {
	char name[64];
	enum vmk_launch launch;
	bool dma_protection;   /* only platforms that remap DMA and interrupts are accepted */
	uint32_t cpu_required; /* bits by enum vmk_cpu_protection: CPUs that have them on */
	uint32_t audit_forbid; /* bit n: enum audit_kind n */
	unsigned event_count, file_count;
	struct predicted_event events[PREDICTION_EVENTS_MAX];
	struct predicted_file files[PREDICTION_FILES_MAX];
	/* Of drivers that are loaded when somebody asks: not among the events above. */
	unsigned late_count;
	struct predicted_event late[BOOTCFG_MODULES_MAX];
	uint8_t pcrs[PREDICTION_PCRS]
		    [32]; /* those of prediction_selection(), after prediction_replay() */
};
struct prediction_error {
	char text[256]; /* names the file or event, and what is wrong with it */
};

/*
 * The inputs of a launch; strings are not owned and must outlive the prediction. tboot, its
 * arguments, SINIT and the launch policy are of a dynamic launch, GRUB and its script of a static
 * one.
 */
struct prediction_inputs {
	enum vmk_launch launch;
	const char *boot_cfg, *directory, *tboot, *tboot_args, *sinit, *vlp, *platform;
	const char *lcp, *lcp_data; /* the owner's launch control policy, if there is one */
	const char *grub, *grub_cfg;
	bool dma_protection;
	uint32_t cpu_required;
	bool community; /* a host level of CommunitySupported is meant */
	const char
		*audit_forbid; /* kinds of audit records that refuse a host, with commas; or NULL */
	struct bootcfg config;
	char cmdlines[BOOTCFG_MODULES_MAX + 1][BOOTCFG_NAME_MAX + BOOTCFG_OPTIONS_MAX + 1];
};

/* Both set error->text when they fail. prediction_free() releases what they own, also after a
 * failure. */
enum vmk_status prediction_make(struct prediction_inputs *inputs, struct prediction *prediction,
	struct prediction_error *error);
void prediction_free(struct prediction *prediction);

/* --- used by the parts of prediction_make() */

/* Reads a file into the next slot; *index names it. */
enum vmk_status prediction_add_file(struct prediction *prediction, const char *path,
	const char *role, const char *cmdline, int *index, struct prediction_error *error);
/* The next event, zeroed but for what is given here; NULL (with error) when the table is full. */
struct predicted_event *prediction_add_event(struct prediction *prediction, enum prediction_log log,
	enum prediction_layer layer, uint32_t pcr, uint32_t type, int file,
	struct prediction_error *error);
/* Sets an event's data and its digest, SHA-256(data). */
enum vmk_status predicted_event_data(struct predicted_event *event, const void *data, size_t size,
	struct prediction_error *error);
/* Every PCR through every event, from zero; PCR 17 to 22 stay all-ones without a dynamic launch. */
void prediction_replay(struct prediction *prediction);
/* Bit n: PCR n is part of a policy of that launch. */
uint32_t prediction_selection(enum vmk_launch launch);

#endif
