/* vmk system module ...: what was loaded, loading and unloading drivers, their parameters. */
#include "worlds/libvmk/handlers.h"

#include <stdlib.h>
#include <string.h>

/* A refused module may have no name that could be believed. */
static const char *module_name(const struct vmk_info_module *module)
{
	return module->name[0] ? module->name : module->file;
}

int cmd_module_list(struct call *call)
{
	struct vmk_info_module module;

	for (unsigned i = 0; next_record(call, VMK_INFO_MODULE, i, &module, sizeof(module)); i++) {
		records_text(call->out, "%s", module_name(&module));
		records_bool(call->out, module.loaded);
		records_bool(call->out, module.enabled);
	}
	return EXIT_OK;
}

static void add_module(struct records *out, const struct vmk_info_module *m)
{
	char digest[2 * sizeof(m->sha256) + 1];

	format_hex(m->sha256, sizeof(m->sha256), digest);
	records_text(out, "%s", module_name(m));
	records_text(out, "%s", m->file);
	records_text(out, "%s", m->version);
	records_text(out, "%s", m->kind);
	records_text(out, "%s", m->provider);
	records_number(out, m->bytes);
	records_bool(out, m->loaded);
	records_bool(out, m->enabled);
	records_text(out, "%s", m->signer[0] ? "Signed" : "Not verified");
	records_text(out, "%s", m->signer);
	records_text(out, "%s", m->signer[0] ? digest : "");
	records_text(out, "%s", m->level);
	records_text(out, "%s", m->requires);
	records_text(out, "%s", m->used_by);
	records_number(out, m->image_bytes);
	records_number(out, m->loads);
	records_text(out, "%s", m->why);
}

/* Fills the record of the module that the first option names. */
static bool find_module(struct call *call, struct vmk_info_module *module, unsigned *index)
{
	const char *wanted = call->text[OPTION_MODULE];

	for (*index = 0; next_record(call, VMK_INFO_MODULE, *index, module, sizeof(*module));
		(*index)++) {
		if (strcmp(module_name(module), wanted) == 0)
			return true;
	}
	if (!call->error[0])
		call_fail(call, EXIT_FAILED,
			"no module '%s': 'vmk system module list' shows what there is", wanted);
	return false;
}

int cmd_module_get(struct call *call)
{
	struct vmk_info_module module;
	unsigned index;

	if (!find_module(call, &module, &index))
		return EXIT_FAILED;
	add_module(call->out, &module);
	return EXIT_OK;
}

/* The kernel has said in the module's record what stood in the way. */
static int change_module(struct call *call, enum vmk_control control, const char *done)
{
	struct vmk_info_module module;
	enum vmk_status status;
	unsigned index;

	if (!find_module(call, &module, &index))
		return EXIT_FAILED;
	status = call->host->control(call->context, control, index);
	if (status == VMK_OK)
		return call_done(call);
	if (status == VMK_EXISTS ||
		(status == VMK_BAD_STATE && !module.loaded && control == VMK_CONTROL_MODULE_UNLOAD))
		return call_fail(call, EXIT_FAILED, "module %s is %s loaded", module.name,
			module.loaded ? "already" : "not");
	if (status == VMK_UNSUPPORTED)
		return call_fail(call, EXIT_FAILED,
			"%s is no driver, but a %s: only drivers are loaded and unloaded",
			module_name(&module), module.kind);
	if (status == VMK_DENIED ||
		!read_record(call, VMK_INFO_MODULE, index, &module, sizeof(module)))
		return call_fail_status(call, status, call->command->path);
	return call_fail(call, EXIT_FAILED, "module %s cannot be %s: %s: %s", module_name(&module),
		done, vmk_status_name(status),
		module.why[0] ? module.why : "another module is being changed, try again");
}

int cmd_module_load(struct call *call)
{
	return change_module(call, VMK_CONTROL_MODULE_LOAD, "loaded");
}

int cmd_module_unload(struct call *call)
{
	return change_module(call, VMK_CONTROL_MODULE_UNLOAD, "unloaded");
}

/* --- parameters */

static void add_parameter(struct records *out, const struct vmk_info_parameter *p)
{
	records_text(out, "%s", p->name);
	records_text(out, "uint");
	records_number(out, p->value);
	records_text(out, "%u to %u, by default %u", p->least, p->most, p->usual);
}

int cmd_parameters_list(struct call *call)
{
	struct vmk_info_parameter parameter;
	struct vmk_info_module module;
	unsigned index;

	if (!find_module(call, &module, &index))
		return EXIT_FAILED;
	for (unsigned i = 0;
		next_record(call, VMK_INFO_PARAMETER, i, &parameter, sizeof(parameter)); i++) {
		if (!strcmp(parameter.module, module.name))
			add_parameter(call->out, &parameter);
	}
	return call->error[0] ? EXIT_FAILED : EXIT_OK;
}

/* "name=number": the record of that parameter of the module. */
static bool find_parameter(struct call *call, const char *module, struct vmk_info_parameter *p,
	unsigned *index, uint64_t *value)
{
	const char *word = call->text[OPTION_PARAMETER], *equals = strchr(word, '=');
	char *end = NULL;

	*value =
		equals && equals[1] >= '0' && equals[1] <= '9' ? strtoull(equals + 1, &end, 10) : 0;
	if (!end || *end) {
		call_fail(call, EXIT_FAILED, "'%s' is not NAME=NUMBER", word);
		return false;
	}
	for (*index = 0; next_record(call, VMK_INFO_PARAMETER, *index, p, sizeof(*p)); (*index)++) {
		if (!strcmp(p->module, module) && strlen(p->name) == (size_t)(equals - word) &&
			!strncmp(p->name, word, (size_t)(equals - word)))
			return true;
	}
	if (!call->error[0])
		call_fail(call, EXIT_FAILED,
			"module %s has no parameter '%.*s': 'vmk system module parameters list' "
			"shows those that it has",
			module, (int)(equals - word), word);
	return false;
}

int cmd_parameters_set(struct call *call)
{
	struct vmk_info_parameter parameter;
	struct vmk_info_module module;
	enum vmk_status status;
	unsigned index;
	uint64_t value;

	if (!find_module(call, &module, &index) ||
		!find_parameter(call, module.name, &parameter, &index, &value))
		return EXIT_FAILED;
	if (value < parameter.least || value > parameter.most)
		return call_fail(call, EXIT_FAILED, "%s is a number from %u to %u", parameter.name,
			parameter.least, parameter.most);
	status = call->host->control(
		call->context, VMK_CONTROL_MODULE_PARAMETER, (uint64_t)index << 32 | value);
	if (status != VMK_OK)
		return call_fail_status(call, status, "setting the parameter");
	return call_done(call);
}
