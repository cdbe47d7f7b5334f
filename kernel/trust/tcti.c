#include "trust/tcti.h"

#include <string.h>

#define TCTI_MAGIC 0x4d4c4e5449530001ull

/*
 * How long a command may take. Key generation is unbounded in principle (primes are searched), the
 * profile's long duration covers the rest with room for a slow simulator.
 */
#define DURATION_KEY_MS   300000u
#define DURATION_LONG_MS  30000u
#define CC_CREATE_PRIMARY 0x131u

static struct tcti *of(TSS2_TCTI_CONTEXT *context)
{
	return (struct tcti *)context;
}

static TSS2_RC result(enum vmk_status status)
{
	switch (status) {
	case VMK_OK:
		return TSS2_RC_SUCCESS;
	case VMK_TIMEOUT:
		return TSS2_TCTI_RC_TRY_AGAIN;
	case VMK_DENIED:
		return TSS2_TCTI_RC_NOT_PERMITTED;
	case VMK_BAD_PARAM:
		return TSS2_TCTI_RC_BAD_VALUE;
	default:
		return TSS2_TCTI_RC_IO_ERROR;
	}
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *context, size_t bytes, uint8_t const *command)
{
	struct tcti *tcti = of(context);
	enum vmk_status status;
	uint32_t code;

	if (bytes < TPM_HEADER)
		return TSS2_TCTI_RC_BAD_VALUE;
	code = (uint32_t)command[6] << 24 | (uint32_t)command[7] << 16 | (uint32_t)command[8] << 8 |
	       command[9];
	tcti->duration_ms = code == CC_CREATE_PRIMARY ? DURATION_KEY_MS : DURATION_LONG_MS;
	tcti->bytes = 0;
	status = tcti->transport.ops->send(tcti->transport.driver, command, bytes);
	tcti->sent = status == VMK_OK;
	return result(status);
}

/* tss2-sys first asks for the length with a null pointer, then for the bytes. */
static TSS2_RC receive(
	TSS2_TCTI_CONTEXT *context, size_t *bytes, uint8_t *response, int32_t timeout_ms)
{
	struct tcti *tcti = of(context);
	enum vmk_status status;

	if (tcti->sent) {
		tcti->sent = false;
		status = tcti->transport.ops->receive(tcti->transport.driver, tcti->response,
			sizeof(tcti->response), &tcti->bytes, tcti->duration_ms);
		if (status != VMK_OK)
			return result(status);
	}
	if (tcti->bytes == 0)
		return TSS2_TCTI_RC_BAD_SEQUENCE;
	if (response && *bytes < tcti->bytes)
		return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
	*bytes = tcti->bytes;
	if (!response)
		return TSS2_RC_SUCCESS;
	memcpy(response, tcti->response, tcti->bytes);
	tcti->bytes = 0;
	return TSS2_RC_SUCCESS;
}

static TSS2_RC set_locality(TSS2_TCTI_CONTEXT *context, uint8_t locality)
{
	const struct tpm_transport *transport = &of(context)->transport;

	return result(transport->ops->request(transport->driver, locality));
}

TSS2_TCTI_CONTEXT *tcti_init(struct tcti *tcti, struct tpm_transport transport)
{
	memset(tcti, 0, sizeof(*tcti));
	tcti->transport = transport;
	tcti->common.magic = TCTI_MAGIC;
	tcti->common.version = 1;
	tcti->common.transmit = transmit;
	tcti->common.receive = receive;
	tcti->common.setLocality = set_locality;
	return (TSS2_TCTI_CONTEXT *)&tcti->common;
}
