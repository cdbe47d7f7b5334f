#include "fuzz/models/tpm_line.h"

#include <string.h>
#include <tss2/tss2_tpm2_types.h>

#include "lib/types.h"

#define SOME_TIME 8u

static void answer_code(struct tpm_line *line, uint32_t code)
{
	static const uint8_t header[6] = {0x80, 1, 0, 0, 0, 10};

	memcpy(line->answer, header, sizeof(header));
	for (unsigned i = 0; i < 4; i++)
		line->answer[6 + i] = (uint8_t)(code >> (24 - 8 * i));
	line->bytes = 10;
}

static void answer_own(struct tpm_line *line, uint8_t how)
{
	const size_t bytes = MIN((size_t)reader_u8(&line->input), reader_left(&line->input));

	/* Of the answer before nothing is left: tpm2-tss may read on. */
	memset(line->answer, 0, sizeof(line->answer));
	reader_copy(&line->input, line->answer, bytes);
	line->bytes = bytes;
	if (how & 1) {
		memset(line->answer + 2, 0, 4);
		line->answer[5] = (uint8_t)bytes;
	}
}

static void stick(struct tpm_line *line, uint8_t how, uint32_t code)
{
	line->stuck = SOME_TIME;
	if ((how & 12) == 12 && line->longest) {
		line->stuck = line->longest;
		line->longest = 0;
	}
	line->stuck_code = code;
	answer_code(line, code);
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *context, size_t bytes, uint8_t const *command)
{
	static const uint32_t codes[16] = {TPM2_RC_RETRY, TPM2_RC_YIELDED, TPM2_RC_TESTING,
		TPM2_RC_INITIALIZE, TPM2_RC_DISABLED, TPM2_RC_FAILURE, TPM2_RC_LOCALITY, 0x18b,
		0x28b, 0x184, 0x98e, 0x921, 0x902, 0x149, 0x100 | 0x85, 0xffffffff};
	static const TSS2_RC broken[4] = {TSS2_TCTI_RC_TRY_AGAIN, TSS2_TCTI_RC_NOT_PERMITTED,
		TSS2_TCTI_RC_IO_ERROR, TSS2_TCTI_RC_MALFORMED_RESPONSE};
	struct tpm_line *line = (struct tpm_line *)context;
	uint8_t how;
	size_t at;

	line->broken = TSS2_RC_SUCCESS;
	if (line->stuck) {
		line->stuck--;
		answer_code(line, line->stuck_code);
		return TSS2_RC_SUCCESS;
	}
	how = reader_u8(&line->input);
	line->bytes = tpm_model_answer(command, bytes, line->answer);
	if (how >= 0x80 && how < 0xa0) {
		at = reader_le16(&line->input) % line->bytes;
		line->answer[at] ^= (uint8_t)(1u << how % 8);
	} else if (how >= 0xa0 && how < 0xb0) {
		answer_code(line, codes[how & 15]);
	} else if (how >= 0xb0 && how < 0xc0) {
		stick(line, how, codes[how & 3]);
	} else if (how >= 0xc0 && how < 0xd0) {
		if (how & 4)
			return broken[how & 3];
		line->broken = broken[how & 3];
	} else if (how >= 0xd0) {
		answer_own(line, how);
	}
	return TSS2_RC_SUCCESS;
}

static TSS2_RC receive(
	TSS2_TCTI_CONTEXT *context, size_t *bytes, uint8_t *response, int32_t timeout)
{
	const struct tpm_line *line = (const struct tpm_line *)context;

	if (line->broken != TSS2_RC_SUCCESS)
		return line->broken;
	if (line->bytes < 10)
		return TSS2_TCTI_RC_IO_ERROR;
	*bytes = line->bytes;
	if (response)
		memcpy(response, line->answer, line->bytes);
	return TSS2_RC_SUCCESS;
}

static TSS2_RC set_locality(TSS2_TCTI_CONTEXT *context, uint8_t locality)
{
	const struct tpm_line *line = (const struct tpm_line *)context;

	return line->locality_fails ? TSS2_TCTI_RC_NOT_PERMITTED : TSS2_RC_SUCCESS;
}

void tpm_line_begin(struct tpm_line *line, const uint8_t *data, size_t size, unsigned longest)
{
	line->common = (TSS2_TCTI_CONTEXT_COMMON_V1){.magic = 1,
		.version = 1,
		.transmit = transmit,
		.receive = receive,
		.setLocality = set_locality};
	line->input = reader_of(data, size);
	line->longest = longest;
	line->locality_fails = false;
	line->stuck = 0;
	line->broken = TSS2_RC_SUCCESS;
}
