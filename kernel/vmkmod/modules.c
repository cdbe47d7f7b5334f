/*
 * Boot modules: what tboot measured as bytes into PCR 17 is here measured once more as what it is,
 * after its signature has been checked and before anything of it runs.
 */
#include <stdio.h>
#include <string.h>
#include <vmkuser/info.h>
#include "boot/boot_info.h"
#include "lib/hex.h"
#include "lib/keyval.h"
#include "lib/log.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "trust/audit.h"
#include "trust/security.h"
#include "trust/trust.h"
#include "vmkmod/admission.h"
#include "vmkmod/module.h"
#include "vmkmod/modules.h"
#include "vmkmod/package.h"
#include "vmkuser/uworld.h"
#include "vmkuser/vms.h"

#define LOG_MODULE       "Package"

#define EVENT_TEXT_MAX   512u
#define SHA256_HEX_BYTES 65u

extern const uint8_t package_roots[], package_roots_end[];

/* Packages that were loaded, in order. They stay as long as the kernel: worlds are restarted from
 * them. */
static struct package *loaded[BOOT_MODULES_MAX];
static unsigned loaded_count;
static const struct package *configuration;
static struct admission admission;

/* What became of each boot module, in the boot loader's order. */
static struct outcome {
	const struct package *package; /* NULL: its bytes are none */
	const char *why;               /* static text; NULL: all is well */
	bool loaded;
	char name[64];
	uint64_t bytes;
} outcomes[BOOT_MODULES_MAX];
static unsigned outcome_count;

static enum vmk_status measure(const struct package *package, const char **why)
{
	char text[EVENT_TEXT_MAX], digest[SHA256_HEX_BYTES];
	enum vmk_event_type type = VMK_EV_PACKAGE;
	enum vmk_status status;

	hex_encode(digest, package->sha256, sizeof(package->sha256));
	if (package->kind == PACKAGE_CONFIG) {
		type = VMK_EV_CONFIG;
		snprintf(text, sizeof(text), VMK_CONFIG_FORMAT, package->name, package->version,
			package->provider, digest);
	} else if (package->kind == PACKAGE_VM) {
		type = VMK_EV_VM_IMAGE;
		snprintf(text, sizeof(text), VMK_VM_IMAGE_FORMAT, package->name, package->version,
			package->provider, acceptance_level_name(package->level), digest);
	} else {
		snprintf(text, sizeof(text), VMK_PACKAGE_FORMAT, package->name, package->version,
			package_kind_name(package->kind), package->provider,
			acceptance_level_name(package->level), digest);
	}
	status = trust_measure(type, text);
	*why = "it could not be measured";
	return status == VMK_NOT_MEASURED ? VMK_OK : status;
}

static enum vmk_status start(const struct package *package, const char **why)
{
	switch (package->kind) {
	case PACKAGE_CONFIG:
		configuration = package;
		return VMK_OK;
	case PACKAGE_DRIVER:
		return module_start(package, why);
	case PACKAGE_POLICY: /* admission holds it */
		return VMK_OK;
	case PACKAGE_WORLD: /* modules_start_worlds() */
		if (package->vm)
			vms_set_vmx(package);
		return VMK_OK;
	case PACKAGE_VM:
		*why = "no memory for its record";
		return vms_add(package);
	default:
		return VMK_INTERNAL;
	}
}

static void did_not_start(const struct package *package, enum vmk_status status, const char *why)
{
	vmk_error("%s did not start: %s: %s", package->name, vmk_status_name(status), why);
	audit_record(AUDIT_PACKAGE_REFUSED, package->name, "name", package->name, "status",
		vmk_status_name(status), "why", why, NULL);
}

static void refuse(const char *name, enum vmk_status status, const char *why)
{
	vmk_error("%s refused: %s: %s", name, vmk_status_name(status), why ? why : "");
	audit_record(AUDIT_PACKAGE_REFUSED, name, "file", name, "status", vmk_status_name(status),
		"why", why ? why : "", NULL);
}

static void audit_loaded(const struct package *package)
{
	char digest[SHA256_HEX_BYTES];

	hex_encode(digest, package->sha256, sizeof(package->sha256));
	audit_record(package->kind == PACKAGE_POLICY ? AUDIT_POLICY : AUDIT_PACKAGE_LOADED,
		package->name, "name", package->name, "version", package->version, "kind",
		package_kind_name(package->kind), "provider", package->provider, "level",
		acceptance_level_name(package->level), "signer", package->path.signer, "sha256",
		digest, NULL);
}

static void load(struct package *package, struct outcome *outcome)
{
	const char *why = NULL;
	enum vmk_status status = admission_admit(&admission, package, &why);

	if (status == VMK_OK)
		status = measure(package, &why);
	if (status != VMK_OK) {
		outcome->why = why;
		refuse(outcome->name, status, why);
		return;
	}
	outcome->loaded = true;
	loaded[loaded_count++] = package;
	audit_loaded(package);
	vmk_log("%s %s of %s (%s, %s) %s%s", package->name, package->version, package->provider,
		package_kind_name(package->kind), acceptance_level_name(package->level),
		package->path.count ? "signed by " : "unsigned", package->path.signer);
	status = start(package, &why);
	if (status == VMK_OK)
		return;
	outcome->why = why;
	outcome->loaded = false;
	did_not_start(package, status, why);
}

/* A boot module's name: the first word of its command line, without directories. */
static void module_name(const struct boot_module *module, char *name, size_t size)
{
	const char *word = module->cmdline, *end, *slash;

	while (*word == ' ')
		word++;
	for (end = word; *end && *end != ' '; end++)
		;
	while ((slash = memchr(word, '/', (size_t)(end - word))) != NULL)
		word = slash + 1;
	if (word == end)
		snprintf(name, size, "unnamed module");
	else
		snprintf(name, size, "%.*s", (int)(end - word), word);
}

/* The package of boot module `index`, or NULL after saying why it is none. */
static struct package *open_module(const struct boot_module *module, struct outcome *outcome)
{
	struct package *package = heap_alloc(sizeof(*package));
	enum vmk_status status = VMK_NO_MEMORY;
	const char *why = "";

	if (package)
		status = package_parse(direct_map(module->start), module->bytes, package, &why);
	if (status == VMK_OK)
		return package;
	outcome->why = why;
	refuse(outcome->name, status, why);
	heap_free(package);
	return NULL;
}

static void load_turn(
	const struct boot_info *info, struct package *const *packages, enum package_turn turn)
{
	for (unsigned i = 0; i < info->module_count; i++) {
		if (packages[i] && package_turn(packages[i]->kind) == turn)
			load(packages[i], &outcomes[i]);
	}
}

static void start_admission(const struct boot_info *info)
{
	enum acceptance_level level;

	if (security_host_level(info->cmdline, &level) != VMK_OK)
		vmk_error("%s=: expected the name of an acceptance level: %s is taken, so that no "
			  "package loads by mistake",
			SECURITY_OPTION_LEVEL, acceptance_level_name(level));
	vmk_log("host acceptance level: %s", acceptance_level_name(level));
	if (level == LEVEL_COMMUNITY)
		vmk_warn("packages without a signature may load");
	admission = (struct admission){
		.host = level,
		.roots = package_roots,
		.roots_bytes = (size_t)(package_roots_end - package_roots),
	};
}

void modules_load_boot(const struct boot_info *info)
{
	static struct package *packages[BOOT_MODULES_MAX];

	start_admission(info);
	outcome_count = info->module_count;
	for (unsigned i = 0; i < info->module_count; i++) {
		struct outcome *outcome = &outcomes[i];

		module_name(&info->modules[i], outcome->name, sizeof(outcome->name));
		outcome->bytes = info->modules[i].bytes;
		packages[i] = open_module(&info->modules[i], outcome);
		outcome->package = packages[i];
	}
	load_turn(info, packages, TURN_POLICY);
	load_turn(info, packages, TURN_CONFIG);
	if (!configuration)
		vmk_warn("there is no configuration package: defaults apply");
	load_turn(info, packages, TURN_OTHERS);
}

void modules_start_worlds(void)
{
	for (unsigned i = 0; i < loaded_count; i++) {
		enum vmk_status status = VMK_OK;

		if (loaded[i]->kind == PACKAGE_WORLD && !loaded[i]->vm)
			status = uworld_start(loaded[i]);
		if (status != VMK_OK)
			did_not_start(loaded[i], status, "the world could not be started");
		if (loaded[i]->kind == PACKAGE_VM && loaded[i]->vm_autostart)
			vms_start(vms_find(loaded[i]->name));
	}
}

const char *modules_config(size_t *bytes)
{
	*bytes = configuration ? configuration->payload_bytes : 0;
	return configuration ? (const char *)configuration->payload : NULL;
}

enum vmk_status modules_config_get(const char *key, char *value, size_t size)
{
	if (!configuration)
		return VMK_NOT_FOUND;
	return keyval_get((const char *)configuration->payload, configuration->payload_bytes, key,
		value, size);
}

unsigned modules_count(void)
{
	return outcome_count;
}

/* `info` is zeroed; of a package only what was verified is told. */
static void describe_package(const struct package *package, struct vmk_info_module *info)
{
	memcpy(info->name, package->name, sizeof(package->name));
	memcpy(info->version, package->version, sizeof(package->version));
	memcpy(info->provider, package->provider, sizeof(package->provider));
	memcpy(info->signer, package->path.signer, sizeof(package->path.signer));
	memcpy(info->sha256, package->sha256, sizeof(package->sha256));
	snprintf(info->kind, sizeof(info->kind), "%s", package_kind_name(package->kind));
	snprintf(info->level, sizeof(info->level), "%s", acceptance_level_name(package->level));
}

bool modules_describe(unsigned index, struct vmk_info_module *info)
{
	const struct outcome *outcome = &outcomes[index];

	if (index >= outcome_count)
		return false;
	memcpy(info->file, outcome->name, sizeof(outcome->name));
	info->bytes = outcome->bytes;
	info->loaded = outcome->loaded;
	info->enabled = true;
	if (outcome->why)
		snprintf(info->why, sizeof(info->why), "%s", outcome->why);
	if (outcome->package && (outcome->loaded || outcome->package->path.count))
		describe_package(outcome->package, info);
	return true;
}
