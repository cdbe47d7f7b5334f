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

static void add_sign(
	struct text *text, const struct verdict_sign *sign, const char *name, const char *meaning)
{
	add(text, "%s: %s (%s), expected %s, found %s", name, sign->holds ? "holds" : "MISSING",
		meaning, sign->expected, sign->found);
}

size_t describe_srtm_sign(
	const struct srtm_verdict *verdict, enum srtm_sign_name sign, char *to, size_t size)
{
	struct text text = {.to = to, .size = size};

	add_sign(&text, &verdict->signs[sign], srtm_sign_name(sign), srtm_sign_meaning(sign));
	return text.used;
}

size_t describe_sign(
	const struct verdict *verdict, enum verdict_sign_name sign, char *to, size_t size)
{
	struct text text = {.to = to, .size = size};

	add_sign(&text, &verdict->signs[sign], verdict_sign_name(sign), verdict_sign_meaning(sign));
	return text.used;
}

/* tboot counts the kernel as module 0. */
static void add_modules(struct text *text, const struct boot_info *boot)
{
	add(text, "module 0 cmdline=%s\n", boot->cmdline);
	for (unsigned i = 0; i < boot->module_count; i++)
		add(text, "module %u cmdline=%s\n", i + 1, boot->modules[i].cmdline);
}

static void add_signs(struct text *text, const struct describe *launch)
{
	for (unsigned i = 0; i < VERDICT_SIGN_COUNT; i++) {
		add_sign(text, &launch->verdict->signs[i], verdict_sign_name(i),
			verdict_sign_meaning(i));
		add(text, "\n");
	}
	for (unsigned i = 0; launch->srtm && i < SRTM_SIGN_COUNT; i++) {
		add_sign(text, &launch->srtm->signs[i], srtm_sign_name(i), srtm_sign_meaning(i));
		add(text, "\n");
	}
}

static const char *launch_name(enum vmk_launch launch)
{
	static const char *const names[] = {
#define X(symbol, name) name,
		VMK_LAUNCHES(X)
#undef X
	};

	return (unsigned)launch < VMK_LAUNCH_COUNT ? names[launch] : "?";
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
	add(&text, "Launch: %s\n", launch_name(launch->launched));
	if (signs)
		add_signs(&text, launch);
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
