/* The launch: SINIT's events in the platform's order, then what tboot measures. */
#include "policy/predict/mle.h"
#include "policy/predict/owner.h"
#include "policy/predict/parts.h"
#include "policy/predict/platform.h"
#include "trust/evlog_read.h"
#include "trust/txt_events.h"

#include <stdio.h>
#include <string.h>

struct launch {
	struct prediction_inputs *inputs;
	struct prediction *prediction;
	struct prediction_error *error;
	struct platform platform;
	struct sinit_measurements sinit;
	struct digests mle;
	int sinit_file, tboot_file, vlp_file, lcp_file, lcp_data_file; /* -1: none */
	struct owner owner; /* where there is an lcp_file */
	struct vlp vlp;
	const uint8_t *vlp_bytes;
	size_t vlp_size;
};

int prediction_file(const struct prediction *prediction, const char *role)
{
	for (unsigned i = 0; i < prediction->file_count; i++)
		if (!strcmp(prediction->files[i].role, role))
			return (int)i;
	return -1;
}

static enum vmk_status load_sinit(struct launch *l)
{
	const char *why = "";
	enum vmk_status status = prediction_add_file(
		l->prediction, l->inputs->sinit, ROLE_SINIT, NULL, &l->sinit_file, l->error);

	if (status != VMK_OK)
		return status;
	status = sinit_measure(&l->prediction->files[l->sinit_file].content, &l->sinit, &why);
	return status == VMK_OK ? status : prediction_fail(l->error, status, l->inputs->sinit, why);
}

static enum vmk_status load_tboot(struct launch *l)
{
	struct buffer copy = {0};
	const char *why = "";
	enum vmk_status status = prediction_add_file(l->prediction, l->inputs->tboot, ROLE_TBOOT,
		l->inputs->tboot_args, &l->tboot_file, l->error);

	if (status != VMK_OK)
		return status;
	status = buffer_read(l->inputs->tboot, &copy, &why);
	if (status == VMK_OK)
		status = buffer_gunzip(&copy, &why);
	if (status == VMK_OK)
		status = mle_digest(&copy, l->inputs->tboot_args, &l->mle, &why);
	buffer_free(&copy);
	return status == VMK_OK ? status : prediction_fail(l->error, status, l->inputs->tboot, why);
}

static enum vmk_status load_vlp(struct launch *l)
{
	const char *why = "", *name = "default policy";
	enum vmk_status status;

	l->vlp_file = -1;
	l->vlp_bytes = vlp_default;
	l->vlp_size = vlp_default_size;
	if (l->inputs->vlp) {
		name = l->inputs->vlp;
		status = prediction_add_file(
			l->prediction, name, ROLE_VLP, NULL, &l->vlp_file, l->error);
		if (status != VMK_OK)
			return status;
		l->vlp_bytes = l->prediction->files[l->vlp_file].content.data;
		l->vlp_size = l->prediction->files[l->vlp_file].content.size;
	}
	status = vlp_parse(l->vlp_bytes, l->vlp_size, &l->vlp, &why);
	return status == VMK_OK ? status : prediction_fail(l->error, status, name, why);
}

static enum vmk_status load_owner(struct launch *l)
{
	const struct prediction_inputs *i = l->inputs;
	const struct buffer *data = NULL;
	const char *why = "";
	enum vmk_status status;

	l->lcp_file = l->lcp_data_file = -1;
	if (!i->lcp)
		return VMK_OK;
	status = prediction_add_file(l->prediction, i->lcp, ROLE_LCP, NULL, &l->lcp_file, l->error);
	if (status == VMK_OK && i->lcp_data) {
		status = prediction_add_file(l->prediction, i->lcp_data, ROLE_LCP_DATA, NULL,
			&l->lcp_data_file, l->error);
		data = &l->prediction->files[l->lcp_data_file].content;
	}
	if (status != VMK_OK)
		return status;
	status = owner_read(
		&l->prediction->files[l->lcp_file].content, data, &l->mle, &l->owner, &why);
	return status == VMK_OK ? status : prediction_fail(l->error, status, i->lcp, why);
}

/* What a policy of the owner's decides, whatever the platform's log held there. */
static bool is_owner_event(const struct launch *l, const struct platform_event *p)
{
	return l->lcp_file >= 0 && p->source == FROM_PLATFORM &&
	       (p->type == TXT_EV_LCP_CONTROL || p->type == TXT_EV_LCP_DETAILS ||
		       p->type == TXT_EV_LCP_AUTHORITIES || p->type == TXT_EV_NV_INFO);
}

static enum vmk_status predict_owner_event(struct launch *l, const struct platform_event *p)
{
	struct predicted_event *event = prediction_add_event(
		l->prediction, LOG_TXT_DRTM, LAYER_LAUNCH, p->pcr, p->type, l->lcp_file, l->error);
	struct owner_event owner;

	if (!event)
		return VMK_TOO_LARGE;
	owner_event(&l->owner, p->type, p->data, p->data_size, &owner);
	snprintf(event->what, sizeof(event->what), "the owner's launch control policy");
	return predicted_event_data(event, owner.data, owner.size, l->error);
}

static enum vmk_status predict_sinit_event(struct launch *l, const struct platform_event *p)
{
	enum prediction_layer layer = p->source == FROM_PLATFORM ? LAYER_PLATFORM : LAYER_LAUNCH;
	int file = p->source == FROM_PLATFORM ? -1
		   : p->source == FROM_MLE    ? l->tboot_file
					      : l->sinit_file;
	struct predicted_event *event = prediction_add_event(
		l->prediction, LOG_TXT_DRTM, layer, p->pcr, p->type, file, l->error);
	uint8_t start[32 + PLATFORM_DATA_MAX];

	if (!event)
		return VMK_TOO_LARGE;
	switch (p->source) {
	case FROM_SINIT:
		snprintf(event->what, sizeof(event->what), "SINIT module and SENTER flags");
		memcpy(start, l->sinit.module, 32);
		memcpy(start + 32, p->data, p->data_size);
		return predicted_event_data(event, start, 32 + p->data_size, l->error);
	case FROM_SINIT_KEY:
		snprintf(event->what, sizeof(event->what), "SINIT signing key");
		memcpy(event->digest, l->sinit.key, 32);
		return VMK_OK;
	case FROM_MLE:
		snprintf(event->what, sizeof(event->what), "tboot and its command line");
		memcpy(event->digest, l->mle.sha256, 32);
		return VMK_OK;
	default:
		break;
	}
	snprintf(event->what, sizeof(event->what), "platform %s: %s", l->platform.name,
		evlog_type_name(p->type));
	if (p->data_size)
		return predicted_event_data(event, p->data, p->data_size, l->error);
	memcpy(event->digest, p->digest, 32);
	return VMK_OK;
}

static enum vmk_status predict_policy_events(struct launch *l)
{
	for (uint32_t pcr = 17; pcr <= 18; pcr++) {
		struct predicted_event *event = prediction_add_event(l->prediction, LOG_TXT_DRTM,
			LAYER_LAUNCH, pcr, TXT_EV_TBOOT_MEASUREMENT, l->vlp_file, l->error);

		if (!event)
			return VMK_TOO_LARGE;
		snprintf(event->what, sizeof(event->what), "tboot's Verified Launch Policy%s",
			l->vlp_file < 0 ? " (built in)" : "");
		vlp_digest(&l->vlp, l->vlp_bytes, l->vlp_size, event->digest);
	}
	return VMK_OK;
}

/* Module n: the kernel with its options for 0; then boot.cfg's modules with their names and
 * options. */
static enum vmk_status predict_module(struct launch *l, unsigned number)
{
	const struct bootcfg *config = &l->inputs->config;
	const struct bootcfg_module *module =
		number ? &config->modules[number - 1] : &config->kernel;
	char *cmdline = l->inputs->cmdlines[number], path[4096], role[32];
	uint8_t pcrs[2], text[32], digest[32];
	unsigned count = vlp_module_pcrs(&l->vlp, number, pcrs);
	enum vmk_status status;
	int file;

	if (number)
		bootcfg_module_cmdline(module, cmdline, sizeof(l->inputs->cmdlines[number]));
	else
		snprintf(cmdline, sizeof(l->inputs->cmdlines[0]), "%s", module->options);
	snprintf(path, sizeof(path), "%s/%s", l->inputs->directory, module->name);
	snprintf(role, sizeof(role), "module %u", number);
	status = prediction_add_file(l->prediction, path, role, cmdline, &file, l->error);
	if (status != VMK_OK)
		return status;
	sha256_of(cmdline, strlen(cmdline), text);
	sha256_of_two(text, 32, l->prediction->files[file].sha256, 32, digest);
	for (unsigned i = 0; i < count; i++) {
		struct predicted_event *event = prediction_add_event(l->prediction, LOG_TXT_DRTM,
			pcrs[i] == 21 ? LAYER_HOST : LAYER_VMKERNEL, pcrs[i],
			TXT_EV_TBOOT_MEASUREMENT, file, l->error);

		if (!event)
			return VMK_TOO_LARGE;
		snprintf(event->what, sizeof(event->what), "module %u: %s and its command line",
			number, module->name);
		memcpy(event->digest, digest, 32);
	}
	return VMK_OK;
}

enum vmk_status predict_launch(struct prediction_inputs *inputs, struct prediction *prediction,
	struct prediction_error *error)
{
	static struct launch l;
	enum vmk_status status;

	l = (struct launch){.inputs = inputs, .prediction = prediction, .error = error};
	status = platform_load(inputs->platform, &l.platform, error);
	if (status == VMK_OK && l.platform.launch != VMK_LAUNCH_DRTM)
		return prediction_fail(error, VMK_BAD_FORMAT, inputs->platform,
			"it was not captured from a dynamic launch");
	if (status == VMK_OK)
		status = load_sinit(&l);
	if (status == VMK_OK)
		status = load_tboot(&l);
	if (status == VMK_OK)
		status = load_vlp(&l);
	if (status == VMK_OK)
		status = load_owner(&l);
	for (unsigned i = 0; status == VMK_OK && i < l.platform.event_count; i++)
		status = is_owner_event(&l, &l.platform.events[i])
				 ? predict_owner_event(&l, &l.platform.events[i])
				 : predict_sinit_event(&l, &l.platform.events[i]);
	if (status == VMK_OK)
		status = predict_policy_events(&l);
	for (unsigned i = 0; status == VMK_OK && i <= inputs->config.module_count; i++)
		status = predict_module(&l, i);
	return status;
}
