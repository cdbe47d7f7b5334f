/* The kernel's own events, in the order of attest/PROTOCOL.md. */
#include "policy/predict/parts.h"

#include "trust/security.h"
#include "vmkmod/package.h"
#include "vmkmod/parameters.h"
#include <vmkapi/events.h>

#include <stdio.h>
#include <string.h>

const struct dma_state dma_states[VMK_DMA_STATE_COUNT] = {
#define X(symbol, text, meaning) [symbol] = {text, meaning},
	VMK_DMA_STATES(X)
#undef X
};

const char *const cpu_protections[VMK_CPU_PROTECTION_COUNT] = {
#define X(symbol, name) [symbol] = name,
	VMK_CPU_PROTECTIONS(X)
#undef X
};

uint32_t event_pcr(enum vmk_event_type type, enum vmk_launch launch)
{
	switch (type) {
#define X(symbol, number, drtm, srtm, name) \
	case symbol:                        \
		return launch == VMK_LAUNCH_SRTM ? (srtm) : (drtm);
		VMK_EVENTS(X)
#undef X
	}
	return 0;
}

static enum vmk_status add_text(struct prediction *prediction, enum prediction_layer layer,
	enum vmk_event_type type, int file, const char *what, const char *text,
	struct prediction_error *error)
{
	uint32_t pcr = event_pcr(type, prediction->launch);
	struct predicted_event *event = prediction_add_event(
		prediction, LOG_KERNEL, layer, pcr, (uint32_t)type, file, error);

	if (!event)
		return VMK_TOO_LARGE;
	snprintf(event->what, sizeof(event->what), "%s", what);
	/* The terminating zero is measured too. */
	return predicted_event_data(event, text, strlen(text) + 1, error);
}

static enum vmk_status add_package(struct prediction *prediction, int file, struct package *package,
	struct prediction_error *error)
{
	const struct predicted_file *f = &prediction->files[file];
	char hex[65], text[512], what[96];

	for (unsigned i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", f->sha256[i]);
	if (package->kind == PACKAGE_CONFIG) {
		snprintf(text, sizeof(text), VMK_CONFIG_FORMAT, package->name, package->version,
			package->provider, hex);
		snprintf(
			what, sizeof(what), "configuration %s %s", package->name, package->version);
		return add_text(prediction, LAYER_HOST, VMK_EV_CONFIG, file, what, text, error);
	}
	if (package->kind == PACKAGE_VM) {
		snprintf(text, sizeof(text), VMK_VM_IMAGE_FORMAT, package->name, package->version,
			package->provider, acceptance_level_name(package->level), hex);
		snprintf(what, sizeof(what), "virtual machine %s %s", package->name,
			package->version);
		return add_text(prediction, LAYER_HOST, VMK_EV_VM_IMAGE, file, what, text, error);
	}
	snprintf(text, sizeof(text), VMK_PACKAGE_FORMAT, package->name, package->version,
		package_kind_name(package->kind), package->provider,
		acceptance_level_name(package->level), hex);
	snprintf(what, sizeof(what), "%s package %s %s", package_kind_name(package->kind),
		package->name, package->version);
	return add_text(prediction, LAYER_VMKERNEL, VMK_EV_PACKAGE, file, what, text, error);
}

/* May come after boot complete, or not at all. */
static void make_late(struct prediction *prediction)
{
	prediction->late[prediction->late_count++] = prediction->events[--prediction->event_count];
}

static enum vmk_status add_packages(struct prediction *prediction, unsigned first_module,
	enum package_turn turn, struct prediction_error *error)
{
	for (unsigned i = first_module + 1; i < prediction->file_count; i++) {
		const struct predicted_file *file = &prediction->files[i];
		struct package package;
		const char *why = "";
		enum vmk_status status =
			package_parse(file->content.data, file->content.size, &package, &why);

		if (status != VMK_OK)
			return prediction_fail(error, status, file->name, why);
		if (package_turn(package.kind) != turn)
			continue;
		status = add_package(prediction, (int)i, &package, error);
		if (status != VMK_OK)
			return status;
		if (file->cmdline && load_option(file->cmdline) == LOAD_MANUAL)
			make_late(prediction);
	}
	return VMK_OK;
}

/* The host's level, of which the kernel's command line decides. */
static enum vmk_status add_security(const struct prediction_inputs *inputs,
	struct prediction *prediction, int kernel, struct prediction_error *error)
{
	const char *cmdline = prediction->files[kernel].cmdline;
	char text[SECURITY_TEXT_MAX], what[96];
	enum acceptance_level level;

	if (security_host_level(cmdline ? cmdline : "", &level) != VMK_OK)
		return prediction_fail(error, VMK_BAD_PARAM, SECURITY_OPTION_LEVEL,
			"on the kernel's command line: not the name of an acceptance level");
	if (level == LEVEL_COMMUNITY && !inputs->community)
		return prediction_fail(error, VMK_DENIED, SECURITY_OPTION_LEVEL,
			"CommunitySupported lets unsigned packages load; --allow-community makes a "
			"policy that accepts it");
	security_describe(level, text, sizeof(text));
	snprintf(what, sizeof(what), "security options, host level %s",
		acceptance_level_name(level));
	return add_text(
		prediction, LAYER_VMKERNEL, VMK_EV_SECURITY_OPTIONS, kernel, what, text, error);
}

enum vmk_status predict_kernel(struct prediction_inputs *inputs, struct prediction *prediction,
	struct prediction_error *error)
{
	int kernel = prediction_file(prediction, "module 0");
	enum vmk_status status;

	if (kernel < 0)
		return prediction_fail(error, VMK_INTERNAL, "module 0", "not among the files");
	status = add_security(inputs, prediction, kernel, error);
	for (unsigned turn = 0; status == VMK_OK && turn < TURN_COUNT; turn++)
		status = add_packages(prediction, (unsigned)kernel, (enum package_turn)turn, error);
	if (status == VMK_OK)
		status = add_text(prediction, LAYER_VMKERNEL, VMK_EV_BOOT_COMPLETE, kernel,
			"boot complete", VMK_BOOT_COMPLETE, error);
	if (status == VMK_OK && prediction->dma_protection)
		status = add_text(prediction, LAYER_PLATFORM, VMK_EV_DMA, -1,
			dma_states[VMK_DMA_REMAPPED].meaning, dma_states[VMK_DMA_REMAPPED].text,
			error);
	return status;
}
