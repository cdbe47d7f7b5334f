/*
 * A host made of paper: files, the events that booting them makes, a TPM key, and quotes as bad as
 * a test wants them. Everything that an appraisal needs, without a machine.
 */
#ifndef VECTORS_FIXTURE_H
#define VECTORS_FIXTURE_H

#include "verifier/appraise.h"

#define FIXTURE_FILES_MAX  8u
#define FIXTURE_EVENTS_MAX 64u
#define FIXTURE_DATA_MAX   256u
#define FIXTURE_TEXT_MAX   64u

struct fixture_file {
	char name[FIXTURE_TEXT_MAX];
	char image[FIXTURE_TEXT_MAX]; /* its content: a few letters do */
	char cmdline[FIXTURE_TEXT_MAX];
	bool module;  /* measured by tboot */
	bool package; /* measured by the kernel too */
	bool config;  /* into PCR 21 */
};

struct fixture_event {
	enum log_id log;
	uint32_t pcr;
	uint32_t type;
	uint8_t digest[DIGEST_SIZE];
	uint8_t data[FIXTURE_DATA_MAX];
	uint32_t data_size;
	const char *layer;
	const char *file; /* NULL: none */
};

struct fixture_events {
	struct fixture_event items[FIXTURE_EVENTS_MAX];
	size_t count;
};

/* How the quote is made; what fixture_init sets is good. */
struct fixture_quote {
	uint32_t magic;
	uint16_t type;
	uint32_t pcr_mask; /* signed */
	unsigned int banks;
	bool sha1_bank;
	size_t trailing; /* bytes behind the attestation, signed too */
	size_t signature_trailing;
	bool bend_signature;
	uint16_t hash; /* TPM_ALG_ID that the signature names */
	EVP_PKEY *signing_key;
	uint8_t signer[KEY_NAME_MAX];
	size_t signer_size;
	uint8_t extra[QUOTE_EXTRA_MAX];
	size_t extra_size;
	uint32_t reset_count, restart_count;
	uint64_t firmware;
	bool clock_safe;
};

struct fixture {
	struct fixture_file files[FIXTURE_FILES_MAX];
	size_t file_count;
	struct fixture_events measured; /* what went into the TPM */
	struct fixture_events logged;   /* what the logs say */
	unsigned int module_in_21;      /* tboot's policy sends modules to PCRs by number */
	bool launched;                  /* dynamically */
	enum vmk_launch launch;
	uint8_t pcrs[PCR_COUNT][DIGEST_SIZE]; /* of the TPM */
	struct fixture_quote quote;
	EVP_PKEY *ak_private;
	struct key ak;
	struct host host;
	struct evidence evidence;
	struct policy policy;
};

/* A good host, its policy, and events for both; evidence is not made yet. */
void fixture_init(struct fixture *fixture);
/* The same, started by UEFI firmware and GRUB. */
void fixture_init_static(struct fixture *fixture);
void fixture_free(struct fixture *fixture);

/* The events that booting the files makes. */
void fixture_boot(const struct fixture *fixture, struct fixture_events *events);
/* PCR values after the measured events. */
void fixture_extend(struct fixture *fixture);
/* Quote and logs, into fixture->evidence. */
void fixture_attest(struct fixture *fixture);
void fixture_request(const struct fixture *fixture, struct appraise_request *request);

/* The policy's text, to be freed. */
char *fixture_policy_text(const struct fixture *fixture);
/* A new P-256 key, and its TPM2B_PUBLIC with these attributes. */
EVP_PKEY *fixture_key(struct bytes *public, uint32_t attributes);
/* One log as TCG crypto-agile bytes. */
struct bytes fixture_log(const struct fixture_events *events, enum log_id log);
/* The first event of that type, or NULL. */
struct fixture_event *fixture_find(struct fixture_events *events, uint32_t type);
void fixture_remove(struct fixture_events *events, const struct fixture_event *event);

#define FIXTURE_AK_ATTRIBUTES                                                               \
	(TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | \
		TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT)
#define FIXTURE_PCR_MASK        0x7e0000u
#define FIXTURE_STATIC_PCR_MASK 0x7e73ffu
/* A module that the policy allows after boot. */
#define FIXTURE_LATE_PACKAGE                                                       \
	"package name=late version=1 kind=module provider=merlon level=Certified " \
	"sha256=0000000000000000000000000000000000000000000000000000000000000000"

#endif
