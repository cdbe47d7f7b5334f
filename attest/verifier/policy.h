/* Reference values: "merlon-policy-1" (attest/PROTOCOL.md, Policies), loaded strictly. */
#ifndef VERIFIER_POLICY_H
#define VERIFIER_POLICY_H

#include <jansson.h>
#include <vmkapi/events.h>

#include "verifier/replay.h"

#define POLICY_FILE_MAX   (32u << 20)
#define POLICY_EVENTS_MAX 4096u
#define POLICY_FILES_MAX  1024u
#define POLICY_DATA_MAX   65536u /* of one event */

/* X(symbol, name): whose business an event is. */
#define POLICY_LAYERS(X)              \
	X(LAYER_PLATFORM, "PLATFORM") \
	X(LAYER_LAUNCH, "LAUNCH")     \
	X(LAYER_VMKERNEL, "VMKERNEL") \
	X(LAYER_HOST, "HOST")

enum layer {
#define X(symbol, name) symbol,
	POLICY_LAYERS(X)
#undef X
		LAYER_COUNT
};

/* Texts belong to the policy. */
struct policy_file {
	const char *name;
	const char *role;
	const char *cmdline; /* "" when there is none */
	uint8_t sha256[DIGEST_SIZE];
};

struct policy_event {
	enum log_id log;
	uint32_t pcr;
	uint32_t type;
	const char *name;
	enum layer layer;
	uint8_t digest[DIGEST_SIZE];
	const struct policy_file *file; /* NULL: no file is behind it */
	struct bytes data; /* what the digest is of; empty where the policy does not say */
	const char *what;
};

struct policy_runtime {
	uint32_t pcr;
	uint8_t digest[DIGEST_SIZE];
	const char *file; /* "" when not given */
	const char *what;
};

struct policy {
	json_t *root;
	const char *name;
	enum vmk_launch launch;      /* dynamic or static: it accepts no other */
	uint32_t audit_forbid;       /* bit n: records of audit kind n refuse a host */
	bool secure_boot;            /* UEFI Secure Boot has to be on */
	uint32_t cpu_required;       /* cpu_protection_bit() of those that have to be on */
	uint8_t sha256[DIGEST_SIZE]; /* of the policy's text */
	uint32_t pcr_mask;
	struct policy_event *events;
	size_t event_count;
	struct policy_runtime *runtime;
	size_t runtime_count;
	struct policy_file *files;
	size_t file_count;
	uint64_t *firmware; /* allowed TPM firmware versions; none: any */
	size_t firmware_count;
	uint8_t pcrs[PCR_COUNT][DIGEST_SIZE]; /* at boot complete */
};

/*
 * Refuses, as policy-invalid and naming the member: unknown or doubled members, a selection without
 * the PCRs that prove its launch (20 to 22 alone prove nothing, since ring 0 can reset them),
 * events outside the selection or in a log that its launch does not have, and PCR values that are
 * not what the events lead to.
 */
bool policy_parse(struct policy *policy, const void *text, size_t size, struct fault *fault);
/* The same of a document that was read, which is held; whose text it was is not known. */
bool policy_from_json(struct policy *policy, json_t *root, struct fault *fault);
/* The same, and a file that cannot be read; local faults, naming the file. */
bool policy_load(struct policy *policy, const char *path, struct fault *fault);
void policy_free(struct policy *policy);

const char *layer_name(enum layer layer);
/* "drtm", "srtm". */
const char *launch_name(enum vmk_launch launch);
/* The event logs that a launch has, as a mask of enum log_id. */
uint32_t launch_logs(enum vmk_launch launch);

#endif
