/* A TPM (swtpm, as a rule) behind the agent's operations, through tpm2-tss's ESAPI. Host only. */
#ifndef AGENT_HOST_TPM_H
#define AGENT_HOST_TPM_H

#include <stddef.h>
#include <stdint.h>

#include <tss2/tss2_esys.h>

#include <vmkapi/status.h>
#include <vmkuser/syscall.h>

#define HOST_BLOB_MAX 8192
struct host_blob {
	size_t size;
	uint8_t data[HOST_BLOB_MAX];
};

struct host_tpm {
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
	ESYS_TR ek, ak;
	struct host_blob ek_pub, ak_pub, ek_cert; /* the certificate may be empty */
};

/* Connects ("swtpm:host=127.0.0.1,port=2321"), starts the TPM if need be, and makes EK and AK. */
enum vmk_status host_tpm_open(struct host_tpm *tpm, const char *tcti);
void host_tpm_close(struct host_tpm *tpm);
enum vmk_status host_tpm_quote(struct host_tpm *tpm, const struct vmk_quote_request *request,
	struct vmk_quote_reply *reply);
/* 24 values of 32 bytes. */
enum vmk_status host_tpm_pcrs(struct host_tpm *tpm, struct host_blob *values);

#endif
