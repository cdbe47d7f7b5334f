#include "tboot-integration/image/grubcfg.h"

#include <stdarg.h>
#include <stdio.h>

/*
 * tboot 1.10.5 loses its modules when the Multiboot2 information is shorter than 0xed0 bytes.
 * Padding on the SINIT module's command line lengthens it without changing a measurement: tboot
 * removes that module before it measures the others.
 */
#define PADDING_BYTES 4000

struct text {
	char *to;
	size_t size, at;
	bool full;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	if (t->full)
		return;
	va_start(args, format);
	n = vsnprintf(t->to + t->at, t->size - t->at, format, args);
	va_end(args);
	t->full = n < 0 || (size_t)n >= t->size - t->at;
	if (!t->full)
		t->at += (size_t)n;
}

static void add_kernel(struct text *t, const char *command, const struct bootcfg *c)
{
	add(t, "\t%s %s/%s%s%s\n", command, c->prefix, c->kernel.name,
		c->kernel.options[0] ? " " : "", c->kernel.options);
}

enum vmk_status grubcfg_write(
	const struct bootcfg *config, const struct grubcfg_launch *launch, char *to, size_t size)
{
	struct text t = {.to = to, .size = size};

	add(&t,
		"serial --unit=0 --speed=115200\nterminal_input serial console\n"
		"terminal_output serial console\nset timeout=%u\n",
		config->timeout);
	add(&t, "menuentry \"%s\" {\n", config->title[0] ? config->title : "Merlon");
	if (config->enable_tboot) {
		add(&t, "\tmultiboot2 %s/%s %s\n", config->prefix, launch->tboot,
			launch->tboot_args);
		add_kernel(&t, "module2", config);
	} else {
		add_kernel(&t, "multiboot2", config);
	}
	for (unsigned i = 0; i < config->module_count; i++) {
		const struct bootcfg_module *m = &config->modules[i];
		char line[BOOTCFG_NAME_MAX + BOOTCFG_OPTIONS_MAX + 1];

		bootcfg_module_cmdline(m, line, sizeof(line));
		add(&t, "\tmodule2 %s/%s %s\n", config->prefix, m->name, line);
	}
	if (config->enable_tboot && launch->sinit) {
		add(&t, "\tmodule2 %s/%s pad=", config->prefix, launch->sinit);
		for (unsigned i = 0; i < PADDING_BYTES; i++)
			add(&t, "p");
		add(&t, "\n");
	}
	add(&t, "}\n");
	return t.full ? VMK_TOO_LARGE : VMK_OK;
}
