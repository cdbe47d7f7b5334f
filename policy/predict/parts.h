/* The parts of a prediction, in the order in which a host measures. Internal to the predictor. */
#ifndef PREDICT_PARTS_H
#define PREDICT_PARTS_H

#include "policy/predict/prediction.h"

/* Roles of files that other parts look for. */
#define ROLE_SINIT    "SINIT"
#define ROLE_TBOOT    "tboot"
#define ROLE_VLP      "launch policy"
#define ROLE_LCP      "owner policy"
#define ROLE_LCP_DATA "owner policy data"

/* error->text = "name: what"; returns status. */
enum vmk_status prediction_fail(
	struct prediction_error *error, enum vmk_status status, const char *name, const char *what);
/* SINIT's events by the platform layer, then tboot's: its policy and every module. */
enum vmk_status predict_launch(struct prediction_inputs *inputs, struct prediction *prediction,
	struct prediction_error *error);
/* Firmware's events by the platform layer, and among them GRUB's: its script and every module. */
enum vmk_status predict_static(struct prediction_inputs *inputs, struct prediction *prediction,
	struct prediction_error *error);
/* The kernel's events: security options, packages, boot complete. After one of the two. */
enum vmk_status predict_kernel(struct prediction_inputs *inputs, struct prediction *prediction,
	struct prediction_error *error);

/* What the kernel measures of devices and memory, by enum vmk_dma_state. */
struct dma_state {
	const char *text, *meaning;
};
extern const struct dma_state dma_states[VMK_DMA_STATE_COUNT];
/* By enum vmk_cpu_protection. */
extern const char *const cpu_protections[VMK_CPU_PROTECTION_COUNT];

/* The PCR that the kernel measures an event into. */
uint32_t event_pcr(enum vmk_event_type type, enum vmk_launch launch);

/* What SINIT measures of its own file. */
struct sinit_measurements {
	uint8_t module[32]; /* the signed area: the "SINIT hash" of HASH_START */
	uint8_t key[32];    /* the public key: SINIT_PUBKEY */
};
enum vmk_status sinit_measure(
	const struct buffer *sinit, struct sinit_measurements *measurements, const char **why);

/* The index of the file with that role, -1: none. */
int prediction_file(const struct prediction *prediction, const char *role);

#endif
