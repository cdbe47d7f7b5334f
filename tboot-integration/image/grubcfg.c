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

static void add_modules(struct text *t, const struct bootcfg *config)
{
	for (unsigned i = 0; i < config->module_count; i++) {
		const struct bootcfg_module *m = &config->modules[i];
		char line[BOOTCFG_NAME_MAX + BOOTCFG_OPTIONS_MAX + 1];

		bootcfg_module_cmdline(m, line, sizeof(line));
		add(t, "\tmodule2 %s/%s %s\n", config->prefix, m->name, line);
	}
}

static void add_title(struct text *t, const struct bootcfg *config, const char *kind)
{
	add(t, "menuentry \"%s%s\" {\n", config->title[0] ? config->title : "Merlon", kind);
}

/*
 * tboot 1.10.5 keeps its log and its copies of memory maps and command line from 0x60000 on,
 * whatever lies there. By UEFI GRUB places modules in low memory first: that would be in the middle
 * of one, so GRUB is told that this memory is not to be had.
 */
#define TBOOT_LOW_KIB     384
#define TBOOT_LOW_END_KIB 512

static void add_measured(
	struct text *t, const struct bootcfg *config, const struct grubcfg_launch *launch)
{
	add_title(t, config, ", measured launch (enableTboot=1)");
	add(t, "\tif [ \"$grub_platform\" = efi ]; then cutmem %uK %uK; fi\n", TBOOT_LOW_KIB,
		TBOOT_LOW_END_KIB);
	add(t, "\tmultiboot2 %s/%s %s\n", config->prefix, launch->tboot, launch->tboot_args);
	add_kernel(t, "module2", config);
	add_modules(t, config);
	/* tboot finds it by its content, and takes it out before it measures the others. */
	if (launch->lcp)
		add(t, "\tmodule2 %s/%s\n", config->prefix, launch->lcp);
	if (launch->sinit) {
		add(t, "\tmodule2 %s/%s pad=", config->prefix, launch->sinit);
		for (unsigned i = 0; i < PADDING_BYTES; i++)
			add(t, "p");
		add(t, "\n");
	}
	add(t, "}\n");
}

static void add_plain(struct text *t, const struct bootcfg *config, const char *kind)
{
	add_title(t, config, kind);
	add_kernel(t, "multiboot2", config);
	add_modules(t, config);
	add(t, "}\n");
}

/*
 * The running system keeps enableTboot in byte 0x7e of the clock's memory: bits 7..4 1010, bit 1
 * the setting, bit 0 its inverse. Anything else: nothing was set, boot.cfg holds. It only chooses
 * between the entries; whether the launch was measured is for the verifier to see.
 */
static void add_choice(struct text *t, const struct bootcfg *config)
{
	add(t,
		"set default=%u\noutb 0x70 0x7e\ninb -v setting 0x71\n"
		"if [ \"$setting\" = a2 ]; then set default=0; fi\n"
		"if [ \"$setting\" = a1 ]; then set default=1; fi\n",
		config->enable_tboot ? 0u : 1u);
}

enum vmk_status grubcfg_write(
	const struct bootcfg *config, const struct grubcfg_launch *launch, char *to, size_t size)
{
	struct text t = {.to = to, .size = size};

	if (config->enable_tboot && !launch->tboot)
		return VMK_BAD_PARAM;
	add(&t,
		"serial --unit=0 --speed=115200\nterminal_input serial console\n"
		"terminal_output serial console\nset timeout=%u\n",
		config->timeout);
	if (launch->tboot) {
		add_choice(&t, config);
		add_measured(&t, config, launch);
		add_plain(&t, config, ", no measured launch (enableTboot=0)");
	} else {
		add_plain(&t, config, "");
	}
	return t.full ? VMK_TOO_LARGE : VMK_OK;
}
