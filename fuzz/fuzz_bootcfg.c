/* sources: tboot-integration/image/bootcfg.c tboot-integration/image/grubcfg.c */
/* boot.cfg: whatever is accepted can be written as a menu that fits. */
#include "tboot-integration/image/bootcfg.h"
#include "tboot-integration/image/grubcfg.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK_TEXT(text)                    \
	if (!memchr(text, 0, sizeof(text))) \
	abort()

static void check_module(const struct bootcfg_module *m)
{
	CHECK_TEXT(m->name);
	CHECK_TEXT(m->options);
}

static void check_texts(const struct bootcfg *c)
{
	CHECK_TEXT(c->title);
	CHECK_TEXT(c->prefix);
	CHECK_TEXT(c->build);
	check_module(&c->kernel);
	for (unsigned i = 0; i < c->module_count; i++)
		check_module(&c->modules[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct grubcfg_launch launch = {
		.tboot = "tboot.gz", .tboot_args = "", .sinit = "sinit.bin"};
	static char text[65536];
	static struct bootcfg config;
	struct bootcfg_error error;

	if (bootcfg_parse((const char *)data, size, &config, &error) != VMK_OK) {
		if (!error.what)
			abort();
		return 0;
	}
	check_texts(&config);
	if (grubcfg_write(&config, &launch, text, sizeof(text)) != VMK_OK)
		abort();
	return 0;
}
