#include "vmkmod/drivers.h"
#include <stdio.h>
#include <string.h>
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/nospec.h"
#include "trust/audit.h"
#include "trust/trust.h"
#include "vmkmod/catalog.h"
#include "vmkmod/module.h"
#include "vmkmod/parameters.h"

#define LOG_MODULE "Module"

/* One driver is started or stopped at a time; who comes meanwhile is told so, and does not wait. */
static struct spinlock lock = SPINLOCK(LOCK_MODULES);
static bool busy;

static bool begin(void)
{
	uint64_t saved = spin_lock(&lock);
	const bool mine = !busy;

	busy = true;
	spin_unlock(&lock, saved);
	return mine;
}

static void end(void)
{
	uint64_t saved = spin_lock(&lock);

	busy = false;
	spin_unlock(&lock, saved);
}

/* The first module that it requires and that does not run; NULL: none. */
static const char *missing(const struct package *package)
{
	for (unsigned i = 0; i < package->requires_count; i++) {
		if (!catalog_loaded_driver(package->requires[i]))
		return package->
			requires[
				i];
	}
	return NULL;
}

enum vmk_status drivers_start(struct catalog_entry *entry, const char *by)
{
	const struct package *package = entry->package;
	const char *why = missing(package);
	enum vmk_status status;

	if (why) {
		catalog_say(entry, true, "it requires module %s, which is not loaded", why);
		return VMK_BAD_STATE;
	}
	status = module_start(package, entry->parameters, &entry->module, &why);
	catalog_say(entry, status != VMK_OK && status != VMK_NOT_FOUND, "%s", why ? why : "");
	entry->loaded = status == VMK_OK;
	entry->loads += entry->loaded;
	if (entry->loaded)
		catalog_audit_loaded(entry, by);
	return status;
}

/* What was verified at boot is what is started now. */
static bool is_unchanged(const struct package *package)
{
	uint8_t digest[sizeof(package->sha256)];

	trust_sha256(package->data, package->bytes, digest);
	return memcmp(digest, package->sha256, sizeof(digest)) == 0;
}

static enum vmk_status load(struct catalog_entry *entry, const char *by)
{
	enum vmk_status status;

	if (entry->status != VMK_OK)
		return entry->status;
	if (entry->package->kind != PACKAGE_DRIVER)
		return VMK_UNSUPPORTED;
	if (entry->loaded)
		return VMK_EXISTS;
	if (!is_unchanged(entry->package)) {
		catalog_say(entry, true, "its bytes are not those that were verified");
		return VMK_BAD_SIGNATURE;
	}
	status = catalog_measure(entry);
	if (status != VMK_OK) {
		catalog_say(entry, true, "it could not be measured");
		return status;
	}
	return drivers_start(entry, by);
}

static enum vmk_status unload(struct catalog_entry *entry, const char *by)
{
	const struct catalog_entry *user;
	char world[PACKAGE_NAME_MAX];
	enum vmk_status status;

	if (!entry->package || entry->package->kind != PACKAGE_DRIVER)
		return VMK_UNSUPPORTED;
	if (!entry->loaded)
		return VMK_BAD_STATE;
	user = catalog_who_requires(entry->package->name);
	if (user) {
		catalog_say(entry, false, "module %s requires it", user->package->name);
		return VMK_BUSY;
	}
	status = module_stop(entry->module, world, sizeof(world));
	if (status == VMK_BUSY)
		catalog_say(entry, false, "world %s has a port on its network", world);
	if (status != VMK_OK)
		return status;
	entry->loaded = false;
	catalog_say(entry, false, "%s", "");
	audit_record(AUDIT_PACKAGE_UNLOADED, entry->package->name, "name", entry->package->name,
		"by", by, NULL);
	return VMK_OK;
}

static enum vmk_status change(unsigned index, const char *by,
	enum vmk_status (*to)(struct catalog_entry *entry, const char *by), const char *what)
{
	struct catalog_entry *entry;
	enum vmk_status status;
	char why[CATALOG_WHY_BYTES];

	if (index >= catalog_count)
		return VMK_NOT_FOUND;
	entry = &catalog[index_nospec(index, catalog_count)];
	if (!begin())
		return VMK_BUSY;
	status = to(entry, by);
	end();
	if (status == VMK_OK) {
		vmk_log("%s is %s", entry->package->name, what);
		return VMK_OK;
	}
	catalog_why(entry, why);
	vmk_warn("%s cannot be %s: %s: %s", entry->name, what, vmk_status_name(status), why);
	return status;
}

/* While nobody else changes what is wrong with the entry. */
static enum vmk_status load_or_record(struct catalog_entry *entry, const char *by)
{
	enum vmk_status status = load(entry, by);

	if (status != VMK_OK)
		catalog_audit_refused(entry, status);
	return status;
}

enum vmk_status drivers_load(unsigned index, const char *by)
{
	return change(index, by, load_or_record, "loaded");
}

enum vmk_status drivers_unload(unsigned index, const char *by)
{
	return change(index, by, unload, "unloaded");
}

static void audit_parameter(const struct catalog_entry *entry, unsigned index, const char *by)
{
	char value[12];

	snprintf(value, sizeof(value), "%u", (unsigned)entry->parameters[index]);
	audit_record(AUDIT_SETTING, by, "world", by, "setting", "module parameter", "module",
		entry->package->name, "parameter", entry->package->parameters[index].name, "value",
		value, NULL);
}

enum vmk_status drivers_set_parameter(unsigned index, uint64_t value, const char *by)
{
	struct catalog_entry *entry = catalog_find_parameter(&index);
	enum vmk_status status;

	if (!entry)
		return VMK_NOT_FOUND;
	if (!begin())
		return VMK_BUSY;
	status = parameters_set(entry->package, index, value, entry->parameters);
	if (status == VMK_OK)
		audit_parameter(entry, index, by);
	end();
	return status;
}

uintptr_t drivers_place(unsigned index)
{
	return index < catalog_count && catalog[index].loaded && catalog[index].module
		       ? module_base(catalog[index].module)
		       : 0;
}
