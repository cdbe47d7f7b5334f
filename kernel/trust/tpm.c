#include "trust/tpm_run.h"

#include "lib/bitmap.h"
#include "lib/types.h"
#include "lib/wipe.h"
#include "mem/heap.h"

#include <string.h>

/* Pauses of some milliseconds: a self-test may take a second, no retry takes longer. */
#define TRIES_MAX 500u
/* What every TPM gives in one NV_Read, PTP 1.05 table 10 (TPM_PT_NV_BUFFER_MAX). */
#define NV_CHUNK 512u
/* Tss2_Sys_GetRspAuths() of tpm2-tss 4.1.3 looks so far behind an answer that fills its buffer. */
#define BEHIND_ANSWER 2u

bool tpm_again(struct tpm *tpm, TSS2_RC rc, unsigned *tries)
{
	if (rc != TPM2_RC_RETRY && rc != TPM2_RC_YIELDED && rc != TPM2_RC_TESTING)
		return false;
	if (++*tries >= TRIES_MAX)
		return false;
	tpm->pause();
	return true;
}

static enum vmk_status open_context(struct tpm *tpm)
{
	TSS2_ABI_VERSION abi = TSS2_ABI_VERSION_CURRENT;
	TSS2_RC rc = Tss2_Sys_Initialize(tpm->sys, Tss2_Sys_GetContextSize(0), tpm->tcti, &abi);

	if (rc == TSS2_RC_SUCCESS)
		return VMK_OK;
	tpm->rc = rc;
	tpm->why = "its context cannot be made";
	return VMK_INTERNAL;
}

static enum vmk_status fail(struct tpm *tpm, enum vmk_status status, const char *why)
{
	tpm->why = why;
	return status;
}

static enum vmk_status transport_failed(struct tpm *tpm, TSS2_RC rc)
{
	/* tss2-sys would wait for a response for ever: start it anew. */
	open_context(tpm);
	tpm->rc = rc;
	if (rc == TSS2_TCTI_RC_TRY_AGAIN)
		return fail(tpm, VMK_TIMEOUT, "time-out");
	if (rc == TSS2_TCTI_RC_NOT_PERMITTED)
		return fail(tpm, VMK_DENIED, "the locality is closed");
	if ((rc & TSS2_RC_LAYER_MASK) == TSS2_TCTI_RC_LAYER)
		return fail(tpm, VMK_IO_ERROR, "the exchange with it failed");
	return fail(tpm, VMK_IO_ERROR, "its response is malformed");
}

enum vmk_status tpm_result(struct tpm *tpm, TSS2_RC rc)
{
	tpm->rc = rc;
	if (rc == TSS2_RC_SUCCESS)
		return VMK_OK;
	if ((rc & TSS2_RC_LAYER_MASK) != TSS2_TPM_RC_LAYER)
		return transport_failed(tpm, rc);
	switch (rc) {
	case TPM2_RC_INITIALIZE:
		/* tss2-sys takes this for an answer to go on with, which it is not. */
		open_context(tpm);
		tpm->rc = rc;
		return fail(tpm, VMK_DISABLED, "disabled: the firmware did not start it");
	case TPM2_RC_DISABLED:
		return fail(tpm, VMK_DISABLED, "disabled: the command is switched off");
	case TPM2_RC_FAILURE:
		return fail(tpm, VMK_IO_ERROR, "it is in failure mode");
	case TPM2_RC_RETRY:
	case TPM2_RC_YIELDED:
	case TPM2_RC_TESTING:
		return fail(tpm, VMK_TIMEOUT, "time-out: it asks for retries without end");
	case TPM2_RC_LOCALITY:
		return fail(tpm, VMK_DENIED, "it refuses this in the locality");
	default:
		return fail(tpm, VMK_TPM_ERROR, "it refused the command");
	}
}

void tpm_forget(struct tpm *tpm, uint32_t handle)
{
	const TSS2_RC rc = tpm->rc;
	const char *why = tpm->why;

	TPM_RUN(tpm, Tss2_Sys_FlushContext(tpm->sys, handle));
	tpm->rc = rc;
	tpm->why = why;
}

struct tpm_scratch *tpm_scratch_clear(struct tpm *tpm)
{
	struct tpm_scratch *scratch = tpm->scratch;

	memset(scratch, 0, sizeof(*scratch));
	scratch->auth.count = 1;
	scratch->auth.auths[0].sessionHandle = TPM2_RS_PW;
	return scratch;
}

static enum vmk_status get_capability(
	struct tpm *tpm, TPM2_CAP capability, UINT32 property, UINT32 count)
{
	struct tpm_scratch *s = tpm_scratch_clear(tpm);
	enum vmk_status status =
		TPM_RUN(tpm, Tss2_Sys_GetCapability(tpm->sys, NULL, capability, property, count,
				     &s->capability.more, &s->capability.data, NULL));

	if (status == VMK_OK && s->capability.data.capability != capability)
		return fail(tpm, VMK_IO_ERROR, "it answers for another capability");
	return status;
}

/* Properties come in ascending order from the one that was asked for, or not at all. */
static uint32_t property(const struct tpm *tpm, uint32_t which)
{
	const TPML_TAGGED_TPM_PROPERTY *list = &tpm->scratch->capability.data.data.tpmProperties;

	for (UINT32 i = 0; i < list->count; i++) {
		if (list->tpmProperty[i].property == which)
			return list->tpmProperty[i].value;
	}
	return 0;
}

/* Four ASCII characters, padded with blanks or zeroes. */
static void name_manufacturer(struct tpm *tpm, uint32_t name)
{
	for (unsigned i = 0; i < 4; i++) {
		char c = (char)(name >> (24 - 8 * i));

		if (c <= 0x20 || c > 0x7e)
			break;
		tpm->manufacturer[i] = c;
	}
}

static enum vmk_status read_identity(struct tpm *tpm)
{
	enum vmk_status status = get_capability(tpm, TPM2_CAP_TPM_PROPERTIES, TPM2_PT_MANUFACTURER,
		TPM2_PT_FIRMWARE_VERSION_2 - TPM2_PT_MANUFACTURER + 1);

	if (status != VMK_OK)
		return status;
	name_manufacturer(tpm, property(tpm, TPM2_PT_MANUFACTURER));
	tpm->firmware = (uint64_t)property(tpm, TPM2_PT_FIRMWARE_VERSION_1) << 32 |
			property(tpm, TPM2_PT_FIRMWARE_VERSION_2);
	status = get_capability(tpm, TPM2_CAP_TPM_PROPERTIES, TPM2_PT_STARTUP_CLEAR, 1);
	if (status != VMK_OK)
		return status;
	tpm->endorsement = property(tpm, TPM2_PT_STARTUP_CLEAR) & TPMA_STARTUP_CLEAR_EHENABLE;
	if (!tpm->endorsement)
		return fail(tpm, VMK_DISABLED, "disabled: the endorsement hierarchy is off");
	return VMK_OK;
}

/* Does the bank have PCR 17 to 22? */
static bool covers_drtm(const TPMS_PCR_SELECTION *bank)
{
	return bank->sizeofSelect >= 3 && (bank->pcrSelect[2] & 0x7e) == 0x7e;
}

static enum vmk_status read_banks(struct tpm *tpm)
{
	enum vmk_status status = get_capability(tpm, TPM2_CAP_PCRS, 0, 1);
	const TPML_PCR_SELECTION *banks = &tpm->scratch->capability.data.data.assignedPCR;

	if (status != VMK_OK)
		return status;
	for (UINT32 i = 0; i < banks->count; i++) {
		const TPMS_PCR_SELECTION *bank = &banks->pcrSelections[i];

		if (bank->hash == TPM2_ALG_SHA1)
			tpm->sha1 = covers_drtm(bank);
		if (bank->hash == TPM2_ALG_SHA256)
			tpm->sha256 = covers_drtm(bank);
	}
	if (!tpm->sha256)
		return fail(tpm, VMK_UNSUPPORTED, "no SHA-256 bank");
	return VMK_OK;
}

enum vmk_status tpm_open(struct tpm *tpm, TSS2_TCTI_CONTEXT *tcti, void (*pause)(void))
{
	enum vmk_status status;

	*tpm = (struct tpm){.tcti = tcti, .pause = pause, .why = "out of memory"};
	tpm->sys = heap_alloc(Tss2_Sys_GetContextSize(0) + BEHIND_ANSWER);
	tpm->scratch = heap_alloc(sizeof(*tpm->scratch));
	status = tpm->sys && tpm->scratch ? open_context(tpm) : VMK_NO_MEMORY;
	if (status == VMK_OK)
		status = tpm_locality(tpm, 0);
	if (status == VMK_OK)
		status = read_identity(tpm);
	if (status == VMK_OK)
		status = read_banks(tpm);
	if (status != VMK_OK)
		tpm_close(tpm);
	return status;
}

void tpm_close(struct tpm *tpm)
{
	heap_free(tpm->sys);
	heap_free(tpm->scratch);
	tpm->sys = NULL;
	tpm->scratch = NULL;
}

void tpm_wipe(struct tpm *tpm)
{
	if (tpm->sys)
		wipe(tpm->sys, Tss2_Sys_GetContextSize(0));
	if (tpm->scratch)
		wipe(tpm->scratch, sizeof(*tpm->scratch));
}

enum vmk_status tpm_locality(struct tpm *tpm, unsigned locality)
{
	return tpm_result(tpm, Tss2_Tcti_SetLocality(tpm->tcti, (uint8_t)locality));
}

static TPML_PCR_SELECTION select_sha256(uint32_t mask)
{
	TPML_PCR_SELECTION s = {.count = 1};

	s.pcrSelections[0].hash = TPM2_ALG_SHA256;
	s.pcrSelections[0].sizeofSelect = 3;
	for (unsigned i = 0; i < 3; i++)
		s.pcrSelections[0].pcrSelect[i] = (uint8_t)(mask >> (8 * i));
	return s;
}

/* Which PCRs the response speaks of; 0 for anything but a part of what was asked, as values. */
static uint32_t told_mask(const struct tpm_scratch *s, uint32_t asked)
{
	const TPMS_PCR_SELECTION *bank = &s->pcr.told.pcrSelections[0];
	uint32_t mask = 0;

	if (s->pcr.told.count != 1 || bank->hash != TPM2_ALG_SHA256 || bank->sizeofSelect != 3)
		return 0;
	for (unsigned i = 0; i < 3; i++)
		mask |= (uint32_t)bank->pcrSelect[i] << (8 * i);
	if ((mask & ~asked) || bitmap_count(mask) != s->pcr.digests.count)
		return 0;
	for (UINT32 i = 0; i < s->pcr.digests.count; i++) {
		if (s->pcr.digests.digests[i].size != 32)
			return 0;
	}
	return mask;
}

/* PCR_Read gives at most eight values at a time. */
static enum vmk_status read_some(
	struct tpm *tpm, uint32_t asked, uint32_t *got, uint8_t values[TPM_PCRS][32])
{
	struct tpm_scratch *s = tpm_scratch_clear(tpm);
	enum vmk_status status;
	unsigned next = 0;

	s->pcr.asked = select_sha256(asked);
	status = TPM_RUN(tpm, Tss2_Sys_PCR_Read(tpm->sys, NULL, &s->pcr.asked, &s->pcr.updates,
				      &s->pcr.told, &s->pcr.digests, NULL));
	if (status != VMK_OK)
		return status;
	*got = told_mask(s, asked);
	if (*got == 0)
		return fail(tpm, VMK_IO_ERROR, "it answers for other PCRs");
	for (unsigned pcr = 0; pcr < TPM_PCRS; pcr++) {
		if (*got >> pcr & 1)
			memcpy(values[pcr], s->pcr.digests.digests[next++].buffer, 32);
	}
	return VMK_OK;
}

enum vmk_status tpm_pcr_read_all(struct tpm *tpm, uint8_t values[TPM_PCRS][32])
{
	uint32_t left = (1u << TPM_PCRS) - 1;

	while (left) {
		uint32_t got = 0;
		enum vmk_status status = read_some(tpm, left, &got, values);

		if (status != VMK_OK)
			return status;
		left &= ~got;
	}
	return VMK_OK;
}

enum vmk_status tpm_pcr_read(struct tpm *tpm, unsigned pcr, uint8_t value[32])
{
	uint8_t values[TPM_PCRS][32];
	uint32_t got;
	enum vmk_status status;

	if (pcr >= TPM_PCRS)
		return VMK_BAD_PARAM;
	status = read_some(tpm, 1u << pcr, &got, values);
	if (status == VMK_OK)
		memcpy(value, values[pcr], 32);
	return status;
}

enum vmk_status tpm_pcr_extend(
	struct tpm *tpm, unsigned pcr, const uint8_t sha1[20], const uint8_t sha256[32])
{
	struct tpm_scratch *s = tpm_scratch_clear(tpm);
	TPML_DIGEST_VALUES *list = &s->extend;

	if (tpm->sha1) {
		list->digests[list->count].hashAlg = TPM2_ALG_SHA1;
		memcpy(list->digests[list->count++].digest.sha1, sha1, 20);
	}
	if (tpm->sha256) {
		list->digests[list->count].hashAlg = TPM2_ALG_SHA256;
		memcpy(list->digests[list->count++].digest.sha256, sha256, 32);
	}
	return TPM_RUN(tpm, Tss2_Sys_PCR_Extend(tpm->sys, pcr, &s->auth, list, &s->auth_response));
}

/* TPM 2.0 part 2: a bad handle, whichever parameter it is in. */
static bool no_such_handle(TSS2_RC rc)
{
	return (rc & ~(TSS2_RC)TPM2_RC_N_MASK) == TPM2_RC_HANDLE;
}

static enum vmk_status nv_describe(
	struct tpm *tpm, uint32_t index, uint32_t *auth_handle, size_t *size)
{
	struct tpm_scratch *s = tpm_scratch_clear(tpm);
	enum vmk_status status;

	s->nv.name.size = TPM2B_ROOM(TPM2B_NAME);
	status = TPM_RUN(tpm,
		Tss2_Sys_NV_ReadPublic(tpm->sys, index, NULL, &s->nv.public, &s->nv.name, NULL));
	if (status == VMK_TPM_ERROR && no_such_handle(tpm->rc))
		return fail(tpm, VMK_NOT_FOUND, "no such NV index");
	if (status != VMK_OK)
		return status;
	*size = s->nv.public.nvPublic.dataSize;
	/* EK certificates may be read with the index's own (empty) authorization. */
	*auth_handle = s->nv.public.nvPublic.attributes & TPMA_NV_AUTHREAD ? index : TPM2_RH_OWNER;
	return VMK_OK;
}

enum vmk_status tpm_nv_read(struct tpm *tpm, uint32_t index, uint8_t *to, size_t room, size_t *got)
{
	size_t size = 0;
	uint32_t auth_handle = 0;
	enum vmk_status status = nv_describe(tpm, index, &auth_handle, &size);

	*got = 0;
	if (status == VMK_OK && size > room)
		return fail(tpm, VMK_TOO_LARGE, "an NV index is too large");
	while (status == VMK_OK && *got < size) {
		struct tpm_scratch *s = tpm_scratch_clear(tpm);
		size_t chunk = MIN(size - *got, NV_CHUNK);

		s->nv.data.size = TPM2B_ROOM(TPM2B_MAX_NV_BUFFER);
		status = TPM_RUN(
			tpm, Tss2_Sys_NV_Read(tpm->sys, auth_handle, index, &s->auth, (UINT16)chunk,
				     (UINT16)*got, &s->nv.data, &s->auth_response));
		if (status != VMK_OK)
			return status;
		if (s->nv.data.size != chunk)
			return fail(tpm, VMK_IO_ERROR, "it reads an NV index short");
		memcpy(to + *got, s->nv.data.buffer, chunk);
		*got += chunk;
	}
	return status;
}

enum vmk_status tpm_random(struct tpm *tpm, uint8_t *to, size_t bytes)
{
	size_t got = 0;

	while (got < bytes) {
		struct tpm_scratch *s = tpm_scratch_clear(tpm);
		size_t chunk = MIN(bytes - got, 32u);
		enum vmk_status status;

		s->random.size = TPM2B_ROOM(TPM2B_DIGEST);
		status = TPM_RUN(
			tpm, Tss2_Sys_GetRandom(tpm->sys, NULL, (UINT16)chunk, &s->random, NULL));
		if (status != VMK_OK)
			return status;
		if (s->random.size == 0 || s->random.size > chunk)
			return fail(tpm, VMK_IO_ERROR, "it gives another number of random bytes");
		memcpy(to + got, s->random.buffer, s->random.size);
		got += s->random.size;
	}
	tpm_scratch_clear(tpm);
	return VMK_OK;
}

enum vmk_status tpm_shutdown(struct tpm *tpm)
{
	return TPM_RUN(tpm, Tss2_Sys_Shutdown(tpm->sys, NULL, TPM2_SU_CLEAR, NULL));
}
