/* sources: policy/predict/vlp.c policy/predict/mle.c policy/predict/sinit.c */
/* sources: policy/predict/pe.c policy/predict/grubscript.c policy/predict/owner.c */
/* sources: tboot-integration/txtsim/model/acm.c tboot-integration/txtsim/model/digest.c */
/* sources: tboot-integration/txtsim/model/lcp.c tboot-integration/txtsim/model/lcplist.c */
/* quiet: policy/predict/buffer.c */
/* libs: -lcrypto -lz */
/* coverage: edges, comparisons, lean */
/* The files that the predictor reads: the first byte says as what the rest is read. */
#include "policy/predict/grubscript.h"
#include "policy/predict/mle.h"
#include "policy/predict/owner.h"
#include "policy/predict/parts.h"
#include "policy/predict/pe.h"
#include "policy/predict/vlp.h"
#include "trust/txt_events.h"

#include <stdlib.h>
#include <string.h>

#define OWNER_BYTES 70u

static void try_mle(const uint8_t *data, size_t size)
{
	struct buffer copy = {.data = malloc(size + 1), .size = size};
	const char *why = "";
	struct digests digests;

	if (copy.data) {
		memcpy(copy.data, data, size);
		mle_digest(&copy, "logging=memory", &digests, &why);
	}
	buffer_free(&copy);
}

static void try_vlp(const uint8_t *data, size_t size)
{
	const char *why;
	struct vlp vlp;
	uint8_t digest[32], pcrs[2];

	if (vlp_parse(data, size, &vlp, &why) != VMK_OK)
		return;
	vlp_digest(&vlp, data, size, digest);
	for (unsigned i = 0; i < 256; i++)
		if (vlp_module_pcrs(&vlp, i, pcrs) > 2)
			abort();
}

/* What is executed is text of words, and no longer than it may be. */
static enum vmk_status count(const struct grub_command *command, void *context)
{
	unsigned *executed = context;

	if (command->word_count == 0 || command->word_count > GRUB_WORDS_MAX ||
		strlen(command->text) >= GRUB_COMMAND_MAX)
		abort();
	++*executed;
	return VMK_OK;
}

static void try_script(const uint8_t *data, size_t size)
{
	struct grub_error error;
	unsigned executed = 0;

	if (grubscript_run((const char *)data, size, count, &executed, &error) == VMK_OK &&
		executed < 2)
		abort();
}

/* LCP_POLICY, its data file, and the same bytes as what NV_INFO held. */
static void try_owner(const uint8_t *data, size_t size)
{
	struct buffer policy = {
		.data = (uint8_t *)data, .size = size < OWNER_BYTES ? size : OWNER_BYTES};
	struct buffer rest = {.data = policy.data + policy.size, .size = size - policy.size};
	struct owner_event event;
	struct digests mle;
	struct owner owner;
	const char *why = NULL;

	memset(&mle, 0xaa, sizeof(mle));
	if (owner_read(&policy, &rest, &mle, &owner, &why) != VMK_OK && !why)
		abort();
	for (uint32_t type = TXT_EV_LCP_CONTROL; type <= TXT_EV_NV_INFO; type++) {
		owner_event(&owner, type, rest.data, rest.size, &event);
		if (event.size > sizeof(event.data))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sinit_measurements sinit;
	struct buffer file = {.data = (uint8_t *)data + 1, .size = size - 1};
	uint8_t digest[32];
	const char *why;

	if (!size)
		return 0;
	switch (data[0] % 6) {
	case 0:
		try_mle(data + 1, size - 1);
		break;
	case 1:
		try_vlp(data + 1, size - 1);
		break;
	case 2:
		try_script(data + 1, size - 1);
		break;
	case 3:
		try_owner(data + 1, size - 1);
		break;
	case 4:
		pe_digest(&file, digest, &why);
		break;
	default:
		sinit_measure(&file, &sinit, &why);
	}
	return 0;
}
