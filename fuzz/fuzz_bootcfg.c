/* sources: tboot-integration/image/bootcfg.c tboot-integration/image/grubcfg.c */
/* coverage: edges, comparisons */
/* boot.cfg: whatever is accepted can be written as a menu that fits, for any launch; into less room
 * it is not. */
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

static void write_menu(const struct bootcfg *config, unsigned how)
{
	const struct grubcfg_launch launch = {.tboot = how & 1 ? "tboot.gz" : NULL,
		.tboot_args = "",
		.sinit = how & 2 ? "sinit.bin" : NULL,
		.lcp = how & 4 ? "lcp.data" : NULL};
	static char text[65536];
	enum vmk_status status = grubcfg_write(config, &launch, text, sizeof(text));

	if ((status == VMK_OK) != (launch.tboot || !config->enable_tboot))
		abort();
	if (status == VMK_OK && (how & 8) &&
		grubcfg_write(config, &launch, text, strlen(text)) != VMK_TOO_LARGE)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bootcfg config;
	struct bootcfg_error error;

	if (bootcfg_parse((const char *)data, size, &config, &error) != VMK_OK) {
		if (!error.what)
			abort();
		return 0;
	}
	check_texts(&config);
	/* A menu takes several times as long as what it is made from: for one size of sixteen. */
	if (size % 256 / 16 == 8)
		write_menu(&config, size % 16);
	return 0;
}
