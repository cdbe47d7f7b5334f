/* sources: policy/predict/platform.c kernel/trust/evlog_read.c */
/* quiet: policy/predict/hex.c policy/predict/error.c */
/* plain: fuzz/models/json_memory.c fuzz/models/library_memory.c */
/* libs: -lcrypto -l:libjansson.a -Wl,--wrap=memcpy */
/* coverage: edges, comparisons, lean */
/*
 * Platforms as the predictor knows them: a document, or what is captured from a launch's or the
 * firmware's log, whose SINIT or GRUB may be known. What is captured or loaded is written and
 * loaded again to the same.
 */
#include "fuzz/models/json_memory.h"
#include "policy/predict/platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define UNKNOWN 4u /* of the first byte: SINIT or GRUB is not known; else it comes first */

enum way { DOCUMENT, OF_LAUNCH, OF_FIRMWARE, WAYS };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

static enum vmk_status read_platform(
	const uint8_t *data, size_t size, uint8_t how, struct platform *platform)
{
	struct sinit_measurements sinit;
	struct prediction_error error;
	const bool known = !(how & UNKNOWN);

	if (how % 4 % WAYS == DOCUMENT)
		return load(data, size, platform);
	if (known) {
		if (size < sizeof(sinit))
			return VMK_BAD_PARAM;
		memcpy(&sinit, data, sizeof(sinit));
		data += sizeof(sinit);
		size -= sizeof(sinit);
	}
	if (how % 4 % WAYS == OF_LAUNCH)
		return platform_capture(
			data, size, known ? &sinit : NULL, "fuzz", platform, &error);
	return platform_capture_static(
		data, size, known ? sinit.module : NULL, "fuzz", platform, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct platform platform;
	size_t live;

	if (!size)
		return 0;
	json_memory_use();
	live = json_memory_live();
	if (read_platform(data + 1, size - 1, data[0], &platform) == VMK_OK)
		check_again(&platform);
	if (json_memory_live() != live)
		abort();
	return 0;
}
