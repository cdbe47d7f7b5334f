/*
 * Boot modules: what tboot measured as bytes into PCR 17 is here measured once more as what it is,
 * after its signature has been checked and before anything of it runs.
 */
#include <stdio.h>
#include <string.h>
#include "boot/boot_info.h"
#include "boot/options.h"
#include "lib/keyval.h"
#include "lib/log.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "trust/security.h"
#include "vmkmod/admission.h"
#include "vmkmod/catalog.h"
#include "vmkmod/drivers.h"
#include "vmkmod/modules.h"
#include "vmkmod/package.h"
#include "vmkmod/parameters.h"
#include "vmkuser/uworld.h"
#include "vmkuser/vms.h"

#define LOG_MODULE "Package"

extern const uint8_t package_roots[], package_roots_end[];

/* Packages that were loaded, in order. They stay as long as the kernel: worlds are restarted from
 * them. */
static struct catalog_entry *loaded[BOOT_MODULES_MAX];
static unsigned loaded_count;
static const struct package *configuration, *replayed;
static struct admission admission;

static void refuse(struct catalog_entry *entry, enum vmk_status status, const char *why)
{
	entry->status = status;
	catalog_say(entry, true, "%s", why ? why : "");
	vmk_error("%s refused: %s: %s", entry->name, vmk_status_name(status), why ? why : "");
	catalog_audit_refused(entry, status);
}

static void did_not_start(const struct catalog_entry *entry, enum vmk_status status)
{
	vmk_error("%s did not start: %s: %s", entry->package->name, vmk_status_name(status),
		entry->why);
	catalog_audit_refused(entry, status);
}

/* A machine need not have what a driver drives. */
static enum vmk_status start_driver(struct catalog_entry *entry)
{
	enum vmk_status status = drivers_start(entry, CATALOG_BY_BOOT);

	if (status != VMK_NOT_FOUND)
		return status;
	vmk_log("%s: %s", entry->package->name, entry->why);
	return VMK_OK;
}

static enum vmk_status start(struct catalog_entry *entry)
{
	const struct package *package = entry->package;
	enum vmk_status status;

	if (package->kind == PACKAGE_DRIVER)
		return start_driver(entry);
	if (package->kind == PACKAGE_CONFIG)
		configuration = package;
	if (package->kind == PACKAGE_REPLAY)
		replayed = package;
	if (package->kind == PACKAGE_WORLD && package->vm) /* others: modules_start_worlds() */
		vms_set_vmx(package);
	if (package->kind == PACKAGE_VM) {
		status = vms_create(package, package->name);
		if (status != VMK_OK) {
			catalog_say(entry, true,
				status == VMK_EXISTS ? "there is a VM of its name"
						     : "no memory for its record");
			return status;
		}
	}
	entry->loaded = true;
	catalog_audit_loaded(entry, CATALOG_BY_BOOT);
	return VMK_OK;
}

/* What follows a package's name in boot.cfg: for a driver, when it starts, and its parameters. */
static enum vmk_status read_options(struct catalog_entry *entry, const char **why)
{
	const enum load_when when = load_option(entry->options);

	*why = "the kernel option replay= does not ask for it, or another one is loaded";
	if (entry->package->kind == PACKAGE_REPLAY &&
		(replayed || !option_has(boot_info->cmdline, "replay")))
		return VMK_DENIED;
	entry->manual = when == LOAD_MANUAL;
	*why = "its options: load=manual is for drivers";
	if (entry->package->kind != PACKAGE_DRIVER)
		return entry->manual ? VMK_BAD_PARAM : VMK_OK;
	*why = "its options: load= is neither boot nor manual";
	if (when == LOAD_UNKNOWN)
		return VMK_BAD_PARAM;
	parameters_default(entry->package, entry->parameters);
	*why = parameters_take(entry->package, entry->options, entry->parameters);
	return *why ? VMK_BAD_PARAM : VMK_OK;
}

static void load(struct package *package, struct catalog_entry *entry)
{
	const char *why = NULL;
	enum vmk_status status = admission_admit(&admission, package, &why);

	if (status == VMK_OK)
		status = read_options(entry, &why);
	if (status == VMK_OK && !entry->manual) {
		why = "it could not be measured";
		status = catalog_measure(entry);
	}
	if (status != VMK_OK) {
		refuse(entry, status, why);
		return;
	}
	loaded[loaded_count++] = entry;
	vmk_log("%s %s of %s (%s, %s) %s%s%s", package->name, package->version, package->provider,
		package_kind_name(package->kind), acceptance_level_name(package->level),
		package->path.count ? "signed by " : "unsigned", package->path.signer,
		entry->manual ? " waits to be loaded" : "");
	if (entry->manual)
		return;
	status = start(entry);
	if (status != VMK_OK)
		did_not_start(entry, status);
}

/* A boot module's name: the first word of its command line, without directories. Returns what
 * follows it. */
static const char *module_name(const struct boot_module *module, char *name, size_t size)
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
	return end;
}

/* The package of boot module `index`, or NULL after saying why it is none. */
static struct package *open_module(const struct boot_module *module, struct catalog_entry *entry)
{
	struct package *package = heap_alloc(sizeof(*package));
	enum vmk_status status = VMK_NO_MEMORY;
	const char *why = "";

	if (package)
		status = package_parse(direct_map(module->start), module->bytes, package, &why);
	if (status == VMK_OK)
		return package;
	refuse(entry, status, why);
	heap_free(package);
	return NULL;
}

static void load_turn(
	const struct boot_info *info, struct package *const *packages, enum package_turn turn)
{
	for (unsigned i = 0; i < info->module_count; i++) {
		if (packages[i] && package_turn(packages[i]->kind) == turn)
			load(packages[i], &catalog[i]);
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
	for (unsigned i = 0; i < info->module_count; i++) {
		struct catalog_entry *entry = &catalog[i];

		entry->options = module_name(&info->modules[i], entry->name, sizeof(entry->name));
		entry->bytes = info->modules[i].bytes;
		packages[i] = open_module(&info->modules[i], entry);
		entry->package = packages[i];
	}
	catalog_count = info->module_count;
	load_turn(info, packages, TURN_POLICY);
	load_turn(info, packages, TURN_CONFIG);
	if (!configuration)
		vmk_warn("there is no configuration package: defaults apply");
	load_turn(info, packages, TURN_OTHERS);
}

void modules_start_worlds(void)
{
	for (unsigned i = 0; i < loaded_count; i++) {
		const struct package *package = loaded[i]->package;
		enum vmk_status status = VMK_OK;

		if (package->kind == PACKAGE_WORLD && !package->vm)
			status = uworld_start(package);
		if (status != VMK_OK) {
			loaded[i]->loaded = false;
			catalog_say(loaded[i], true, "the world could not be started");
			did_not_start(loaded[i], status);
		}
		if (package->kind == PACKAGE_VM && package->vm_autostart)
			vms_start(vms_find(package->name));
	}
}

const char *modules_config(size_t *bytes)
{
	*bytes = configuration ? configuration->payload_bytes : 0;
	return configuration ? (const char *)configuration->payload : NULL;
}

const uint8_t *modules_replay(size_t *bytes)
{
	*bytes = replayed ? replayed->payload_bytes : 0;
	return replayed ? replayed->payload : NULL;
}

enum vmk_status modules_config_get(const char *key, char *value, size_t size)
{
	if (!configuration)
		return VMK_NOT_FOUND;
	return keyval_get((const char *)configuration->payload, configuration->payload_bytes, key,
		value, size);
}
