/* sources: kernel/trust/audit_read.c */
/* sources: policy/predict/vlp.c policy/predict/mle.c */
/* sources: policy/predict/sinit.c */
/* sources: policy/predict/pe.c policy/predict/grubscript.c */
/* sources: policy/predict/platform.c */
/* sources: tboot-integration/image/bootcfg.c kernel/trust/evlog_read.c */
/* sources: tboot-integration/txtsim/model/acm.c tboot-integration/txtsim/model/digest.c */
/* sources: tboot-integration/txtsim/model/lcp.c tboot-integration/txtsim/model/lcplist.c */
/* sources: policy/predict/owner.c */
/* sources: kernel/vmkmod/package.c kernel/vmkmod/manifest.c kernel/lib/keyval.c */
/* sources: kernel/vmkmod/manifest_text.c */
/* sources: kernel/vmkmod/parameters.c kernel/vmkmod/domain.c */
/* quiet: policy/predict/buffer.c policy/predict/hex.c policy/predict/kernel.c */
/* quiet: policy/predict/launch.c policy/predict/prediction.c policy/predict/static.c */
/* quiet: kernel/trust/security.c kernel/boot/options.c */
/* plain: fuzz/models/json_memory.c fuzz/models/library_memory.c */
/* libs: -lcrypto -l:libjansson.a -lz -Wl,--wrap=memcpy */
/* coverage: edges, comparisons, lean */
/*
 * The predictor's own parsers: the first byte says which of them gets the rest. From 0x80:
 * platforms, as a document or captured from a log whose SINIT or GRUB is known; what is captured or
 * loaded is written and loaded again to the same.
 */
#include "fuzz/models/json_memory.h"
#include "policy/predict/grubscript.h"
#include "policy/predict/mle.h"
#include "policy/predict/owner.h"
#include "policy/predict/pe.h"
#include "policy/predict/platform.h"
#include "trust/txt_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

static enum vmk_status load(const void *text, size_t size, struct platform *platform)
{
	struct prediction_error error;
	enum vmk_status status;
	int fd = memfd_create("platform", 0);
	char path[64];

	if (fd < 0 || write(fd, text, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	status = platform_load(path, platform, &error);
	close(fd);
	return status;
}

static void check_again(const struct platform *platform)
{
	static struct platform again;
	static char text[1 << 18];
	json_t *root = platform_json(platform);
	const size_t bytes = json_dumpb(root, text, sizeof(text), 0);

	if (bytes > sizeof(text) || load(text, bytes, &again) != VMK_OK ||
		again.event_count != platform->event_count ||
		strcmp(again.name, platform->name) != 0 || again.launch != platform->launch)
		abort();
	for (unsigned i = 0; i < again.event_count; i++) {
		const struct platform_event *a = &platform->events[i], *b = &again.events[i];

		if (a->pcr != b->pcr || a->type != b->type || a->source != b->source ||
			a->data_size != b->data_size || memcmp(a->data, b->data, a->data_size) != 0)
			abort();
	}
	json_decref(root);
}

static void try_platform(const uint8_t *data, size_t size)
{
	static struct platform platform;
	struct prediction_error error;
	struct sinit_measurements sinit;
	enum vmk_status status;
	uint8_t how = data[0];
	size_t live;

	json_memory_use();
	live = json_memory_live();
	data++;
	size--;
	if (how & 3 && size < sizeof(sinit))
		return;
	if (how & 3)
		memcpy(&sinit, data, sizeof(sinit));
	if (how & 1)
		status = platform_capture(data + sizeof(sinit), size - sizeof(sinit), &sinit,
			"fuzz", &platform, &error);
	else if (how & 2)
		status = platform_capture_static(data + sizeof(sinit), size - sizeof(sinit),
			sinit.module, "fuzz", &platform, &error);
	else
		status = load(data, size, &platform);
	if (status == VMK_OK)
		check_again(&platform);
	if (json_memory_live() != live)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct platform platform;
	struct prediction_error error;
	struct sinit_measurements sinit;
	struct buffer file = {.data = (uint8_t *)data + 1, .size = size - 1};
	uint8_t digest[32];
	const char *why;

	if (!size)
		return 0;
	if (data[0] & 0x80) {
		try_platform(data, size);
		return 0;
	}
	switch (data[0] % 8) {
	case 0:
		try_mle(data + 1, size - 1);
		break;
	case 1:
		try_vlp(data + 1, size - 1);
		break;
	case 2:
		platform_capture(data + 1, size - 1, NULL, "fuzz", &platform, &error);
		break;
	case 3:
		platform_capture_static(data + 1, size - 1, NULL, "fuzz", &platform, &error);
		break;
	case 4:
		pe_digest(&file, digest, &why);
		break;
	case 5:
		try_script(data + 1, size - 1);
		break;
	case 6:
		try_owner(data + 1, size - 1);
		break;
	default:
		sinit_measure(&file, &sinit, &why);
	}
	return 0;
}
