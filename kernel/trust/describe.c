#include "trust/describe.h"

#include "boot/boot_info.h"

#include <stdarg.h>
#include <stdio.h>

struct text {
	char *to;
	size_t size, used;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *text, const char *format, ...)
{
	size_t left = text->size - text->used;
	va_list args;
	int length;

	if (left == 0)
		return;
	va_start(args, format);
	length = vsnprintf(text->to + text->used, left, format, args);
	va_end(args);
	if (length < 0)
		return;
	text->used += (size_t)length < left ? (size_t)length : left - 1;
}

static void add_sign(struct text *text, const struct verdict *verdict, enum verdict_sign_name name)
{
	const struct verdict_sign *sign = &verdict->signs[name];

	add(text, "%s: %s (%s), expected %s, found %s", verdict_sign_name(name),
		sign->holds ? "holds" : "MISSING", verdict_sign_meaning(name), sign->expected,
		sign->found);
}

size_t describe_sign(
	const struct verdict *verdict, enum verdict_sign_name sign, char *to, size_t size)
{
	struct text text = {.to = to, .size = size};

	add_sign(&text, verdict, sign);
	return text.used;
}

/* tboot counts the kernel as module 0. */
static void add_modules(struct text *text, const struct boot_info *boot)
{
	add(text, "module 0 cmdline=%s\n", boot->cmdline);
	for (unsigned i = 0; i < boot->module_count; i++)
		add(text, "module %u cmdline=%s\n", i + 1, boot->modules[i].cmdline);
}

size_t describe_launch(const struct describe *launch, bool signs, char *to, size_t size)
{
	struct text text = {.to = to, .size = size};

	add(&text, "Drtm Enabled: %s\n", launch->verdict->measured ? "true" : "false");
	add(&text, "Tpm Present: %s\n", launch->tpm_present ? "true" : "false");
	if (launch->tpm_error)
		add(&text, "Error loading TPM: %s\n", launch->tpm_error);
	else
		add(&text, "Tpm: %s, firmware 0x%llx\n", launch->tpm_manufacturer,
			(unsigned long long)launch->tpm_firmware);
	for (unsigned i = 0; signs && i < VERDICT_SIGN_COUNT; i++) {
		add_sign(&text, launch->verdict, i);
		add(&text, "\n");
	}
	if (signs && launch->boot)
		add_modules(&text, launch->boot);
	return text.used;
}

size_t describe_held(const struct verdict *verdict, char *to, size_t size)
{
	struct text text = {.to = to, .size = size};

	for (unsigned i = 0; i < VERDICT_SIGN_COUNT; i++) {
		if (verdict->signs[i].holds)
			add(&text, "%s%s", text.used ? " " : "", verdict_sign_name(i));
	}
	if (text.used == 0)
		add(&text, "none");
	return text.used;
}
