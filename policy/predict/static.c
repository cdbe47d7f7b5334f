/* A static launch: firmware's events in the platform's order, and among them GRUB's. */
#include "policy/predict/grubscript.h"
#include "policy/predict/parts.h"
#include "policy/predict/pe.h"
#include "policy/predict/platform.h"
#include "trust/evlog_read.h"
#include "trust/tcg_events.h"
#include "vmkmod/package.h"

#include <stdio.h>
#include <string.h>

#define PCR_COMMANDS 8u
#define PCR_FILES    9u
#define ROLE_GRUB    "GRUB"
#define ROLE_SCRIPT  "GRUB script"

struct launch {
	struct prediction_inputs *inputs;
	struct prediction *prediction;
	struct prediction_error *error;
	struct platform platform;
	int grub_file, script_file;
	uint8_t grub[32];
	bool has_kernel;
	unsigned modules; /* loaded so far; the kernel is none */
};

static enum vmk_status load_grub(struct launch *l)
{
	const char *why = "";
	enum vmk_status status = prediction_add_file(
		l->prediction, l->inputs->grub, ROLE_GRUB, NULL, &l->grub_file, l->error);

	if (status == VMK_OK)
		status = prediction_add_file(l->prediction, l->inputs->grub_cfg, ROLE_SCRIPT, NULL,
			&l->script_file, l->error);
	if (status != VMK_OK)
		return status;
	status = pe_digest(&l->prediction->files[l->grub_file].content, l->grub, &why);
	return status == VMK_OK ? status : prediction_fail(l->error, status, l->inputs->grub, why);
}

static struct predicted_event *add(struct launch *l, enum prediction_layer layer, uint32_t pcr,
	uint32_t type, int file, const char *what)
{
	struct predicted_event *event =
		prediction_add_event(l->prediction, LOG_TCG_BOOT, layer, pcr, type, file, l->error);

	if (event)
		snprintf(event->what, sizeof(event->what), "%s", what);
	return event;
}

/* A text too long for the policy goes into it as its digest alone. */
static enum vmk_status add_text(
	struct launch *l, enum prediction_layer layer, int file, const char *what, const char *text)
{
	struct predicted_event *event = add(l, layer, PCR_COMMANDS, TCG_EV_IPL, file, what);

	if (!event)
		return VMK_TOO_LARGE;
	if (strlen(text) <= sizeof(event->data))
		return predicted_event_data(event, text, strlen(text), l->error);
	sha256_of(text, strlen(text), event->digest);
	return VMK_OK;
}

static enum vmk_status add_file(
	struct launch *l, enum prediction_layer layer, int file, const char *what)
{
	struct predicted_event *event = add(l, layer, PCR_FILES, TCG_EV_IPL, file, what);

	if (!event)
		return VMK_TOO_LARGE;
	memcpy(event->digest, l->prediction->files[file].sha256, 32);
	return VMK_OK;
}

static enum prediction_layer layer_of(const struct buffer *content)
{
	struct package package;
	const char *why;

	if (package_parse(content->data, content->size, &package, &why) == VMK_OK &&
		package.kind == PACKAGE_CONFIG)
		return LAYER_HOST;
	return LAYER_VMKERNEL;
}

/* The words after the path, as GRUB joins them for the kernel. */
static enum vmk_status join(
	struct launch *l, const struct grub_command *command, char *to, size_t size)
{
	size_t used = 0;

	to[0] = 0;
	for (unsigned i = 2; i < command->word_count; i++) {
		int n = snprintf(
			to + used, size - used, "%s%s", used ? " " : "", command->words[i]);

		if (n < 0 || (size_t)n >= size - used)
			return prediction_fail(
				l->error, VMK_TOO_LARGE, command->words[1], "its command line");
		used += (size_t)n;
	}
	return VMK_OK;
}

/* The path's last component names the file that is at hand. */
static enum vmk_status load_module(struct launch *l, const struct grub_command *command)
{
	bool kernel = !strcmp(command->words[0], "multiboot2");
	unsigned number = kernel ? 0 : ++l->modules;
	const char *slash = strrchr(command->words[1], '/');
	const char *name = slash ? slash + 1 : command->words[1];
	char *cmdline, path[4096], role[32];
	enum prediction_layer layer;
	enum vmk_status status;
	int file;

	if (kernel == l->has_kernel)
		return prediction_fail(l->error, VMK_BAD_FORMAT, name,
			kernel ? "a second kernel" : "a module before the kernel");
	l->has_kernel = true;
	if (number > BOOTCFG_MODULES_MAX)
		return prediction_fail(l->error, VMK_TOO_LARGE, name, "one module too many");
	cmdline = l->inputs->cmdlines[number];
	snprintf(path, sizeof(path), "%s/%s", l->inputs->directory, name);
	snprintf(role, sizeof(role), "module %u", number);
	status = join(l, command, cmdline, sizeof(l->inputs->cmdlines[number]));
	if (status == VMK_OK)
		status = prediction_add_file(l->prediction, path, role, cmdline, &file, l->error);
	if (status != VMK_OK)
		return status;
	layer = layer_of(&l->prediction->files[file].content);
	status = add_file(l, layer, file, "image");
	return status == VMK_OK ? add_text(l, layer, file, "command line", cmdline) : status;
}

static enum vmk_status execute(const struct grub_command *command, void *context)
{
	struct launch *l = context;
	enum vmk_status status =
		add_text(l, LAYER_LAUNCH, l->script_file, "command", command->text);

	if (status != VMK_OK || command->word_count < 2 ||
		(strcmp(command->words[0], "multiboot2") && strcmp(command->words[0], "module2")))
		return status;
	return load_module(l, command);
}

static enum vmk_status predict_grub(struct launch *l)
{
	const struct buffer *script = &l->prediction->files[l->script_file].content;
	enum vmk_status status = add_file(l, LAYER_LAUNCH, l->script_file, "GRUB's menu");
	struct grub_error at = {0};
	char line[160];

	l->error->text[0] = 0;
	if (status == VMK_OK)
		status = grubscript_run((const char *)script->data, script->size, execute, l, &at);
	if (status == VMK_OK && !l->has_kernel)
		return prediction_fail(
			l->error, VMK_BAD_FORMAT, l->inputs->grub_cfg, "it loads no kernel");
	if (status == VMK_OK || l->error->text[0])
		return status;
	snprintf(line, sizeof(line), "line %u: %s", at.line, at.what ? at.what : "refused");
	return prediction_fail(l->error, status, l->inputs->grub_cfg, line);
}

static enum vmk_status predict_event(struct launch *l, const struct platform_event *p)
{
	bool grub = p->source == FROM_GRUB;
	struct predicted_event *event;
	char what[128];

	if (p->source == FROM_GRUB_SCRIPT)
		return predict_grub(l);
	snprintf(what, sizeof(what), "platform %s: %s", l->platform.name, evlog_type_name(p->type));
	event = add(l, grub ? LAYER_LAUNCH : LAYER_PLATFORM, p->pcr, p->type,
		grub ? l->grub_file : -1, grub ? "the boot loader" : what);
	if (!event)
		return VMK_TOO_LARGE;
	if (p->data_size)
		return predicted_event_data(event, p->data, p->data_size, l->error);
	memcpy(event->digest, grub ? l->grub : p->digest, 32);
	return VMK_OK;
}

enum vmk_status predict_static(struct prediction_inputs *inputs, struct prediction *prediction,
	struct prediction_error *error)
{
	static struct launch l;
	enum vmk_status status;

	l = (struct launch){.inputs = inputs, .prediction = prediction, .error = error};
	status = platform_load(inputs->platform, &l.platform, error);
	if (status == VMK_OK && l.platform.launch != VMK_LAUNCH_SRTM)
		return prediction_fail(error, VMK_BAD_FORMAT, inputs->platform,
			"it was not captured from a static launch");
	if (status == VMK_OK)
		status = load_grub(&l);
	for (unsigned i = 0; status == VMK_OK && i < l.platform.event_count; i++)
		status = predict_event(&l, &l.platform.events[i]);
	return status;
}
