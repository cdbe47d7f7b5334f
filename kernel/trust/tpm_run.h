/* Between the files of the TPM wrapper: scratch space, retries, and what a response code means. */
#ifndef TRUST_TPM_RUN_H
#define TRUST_TPM_RUN_H

#include "trust/tpm.h"

/* One command's structures at a time. */
struct tpm_scratch {
	TSS2L_SYS_AUTH_COMMAND auth;
	TSS2L_SYS_AUTH_RESPONSE auth_response;
	union {
		struct {
			TPMS_CAPABILITY_DATA data;
			TPMI_YES_NO more;
		} capability;
		struct {
			TPML_PCR_SELECTION asked, told;
			TPML_DIGEST digests;
			UINT32 updates;
		} pcr;
		TPML_DIGEST_VALUES extend;
		struct {
			TPM2B_NV_PUBLIC public;
			TPM2B_NAME name;
			TPM2B_MAX_NV_BUFFER data;
		} nv;
		struct {
			TPM2B_PUBLIC template, public;
			TPM2B_SENSITIVE_CREATE sensitive;
			TPM2B_DATA outside;
			TPML_PCR_SELECTION pcrs;
			TPM2B_CREATION_DATA creation;
			TPM2B_DIGEST hash;
			TPMT_TK_CREATION ticket;
			TPM2B_NAME name, qualified;
		} key;
		struct {
			TPM2B_DATA qualifying;
			TPML_PCR_SELECTION pcrs;
			TPM2B_ATTEST attest;
			TPMT_SIGNATURE signature;
		} quote;
		struct {
			TPM2B_NONCE nonce, empty;
			TPM2B_ENCRYPTED_SECRET secret;
			TPMT_SYM_DEF symmetric;
			TPM2B_TIMEOUT timeout;
			TPMT_TK_AUTH ticket;
			TPM2B_ID_OBJECT credential;
			TPM2B_DIGEST result;
		} activate;
		TPM2B_DIGEST random;
	};
};

/* True when the command is to be sent again; pauses first. */
bool tpm_again(struct tpm *tpm, TSS2_RC rc, unsigned *tries);
/* Notes the code in tpm->rc and tpm->why, and repairs the context after a broken exchange. */
enum vmk_status tpm_result(struct tpm *tpm, TSS2_RC rc);
/* The scratch space cleared, with one empty password as authorization. */
struct tpm_scratch *tpm_scratch_clear(struct tpm *tpm);

/* Sends one command (a call of Tss2_Sys_...) until the TPM has really run it. */
#define TPM_RUN(tpm, command)                           \
	({                                              \
		unsigned tries_ = 0;                    \
		TSS2_RC rc_;                            \
		do                                      \
			rc_ = (command);                \
		while (tpm_again((tpm), rc_, &tries_)); \
		tpm_result((tpm), rc_);                 \
	})

/*
 * Makes the TPM forget a transient object or a session. Nobody asks whether it did, so what was
 * said of the command before stays; the next one can be sent either way.
 */
void tpm_forget(struct tpm *tpm, uint32_t handle);

/* A TPM2B that a response is read into announces its room in its size. */
#define TPM2B_ROOM(type) (sizeof(type) - sizeof(UINT16))

#endif
