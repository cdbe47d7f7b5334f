/*
 * vmkextend TCTI LOCALITY: extends or resets PCRs of the SHA-256 bank from a locality, as its input
 * says, a line each: "PCR:sha256=DIGEST" or "PCR:reset". tpm2-tools know locality 0 alone.
 * Exit status 1 when the TPM refuses one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

#include "verifier/bytes.h"

static ESYS_CONTEXT *esys;

static TSS2_RC extend(ESYS_TR pcr, const char *hex)
{
	TPML_DIGEST_VALUES values = {.count = 1, .digests[0].hashAlg = TPM2_ALG_SHA256};

	if (!hex_decode_text(values.digests[0].digest.sha256, DIGEST_SIZE, hex))
		return TSS2_ESYS_RC_BAD_VALUE;
	return Esys_PCR_Extend(esys, pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &values);
}

static TSS2_RC run_line(char *line)
{
	ESYS_TR pcr = (ESYS_TR)strtoul(line, &line, 10);

	line[strcspn(line, "\n")] = 0;
	if (strcmp(line, ":reset") == 0)
		return Esys_PCR_Reset(esys, pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE);
	if (strncmp(line, ":sha256=", 8) == 0)
		return extend(pcr, line + 8);
	return TSS2_ESYS_RC_BAD_VALUE;
}

int main(int argc, char **argv)
{
	TSS2_TCTI_CONTEXT *tcti = NULL;
	char line[256];
	TSS2_RC rc = 0;

	if (argc != 3 || Tss2_TctiLdr_Initialize(argv[1], &tcti) != TSS2_RC_SUCCESS) {
		fputs("usage: vmkextend TCTI LOCALITY <LINES\n", stderr);
		return 2;
	}
	rc = Tss2_Tcti_SetLocality(tcti, (uint8_t)atoi(argv[2]));
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_Initialize(&esys, tcti, NULL);
	while (rc == TSS2_RC_SUCCESS && fgets(line, sizeof(line), stdin))
		rc = run_line(line);
	if (rc != TSS2_RC_SUCCESS)
		fprintf(stderr, "vmkextend: the TPM answered 0x%x\n", rc);
	Esys_Finalize(&esys);
	Tss2_TctiLdr_Finalize(&tcti);
	return rc != TSS2_RC_SUCCESS;
}
