#include "vmkmod/catalog.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <vmkuser/info.h>
#include "lib/hex.h"
#include "lib/lock.h"
#include "lib/nospec.h"
#include "trust/audit.h"
#include "trust/trust.h"
#include "vmkmod/module.h"
#include "vmkmod/modules.h"

#define EVENT_TEXT_MAX   512u
#define SHA256_HEX_BYTES 65u

struct catalog_entry catalog[BOOT_MODULES_MAX];
unsigned catalog_count;

/* Of what is told about entries while they change. */
static struct spinlock lock = SPINLOCK(LOCK_MODULES);

static bool is_running_driver(const struct catalog_entry *entry)
{
	return entry->loaded && entry->package->kind == PACKAGE_DRIVER;
}

const struct catalog_entry *catalog_loaded_driver(const char *name)
{
	for (unsigned i = 0; i < catalog_count; i++) {
		if (is_running_driver(&catalog[i]) && !strcmp(catalog[i].package->name, name))
			return &catalog[i];
	}
	return NULL;
}

const struct catalog_entry *catalog_who_requires(const char *name)
{
	for (unsigned i = 0; i < catalog_count; i++) {
		if (!is_running_driver(&catalog[i]))
			continue;
		for (unsigned r = 0; r < catalog[i].package->requires_count; r++) {
			if (!strcmp(catalog[i].package->requires[r], name))
				return &catalog[i];
		}
	}
	return NULL;
}

void catalog_say(struct catalog_entry *entry, bool failed, const char *format, ...)
{
	char text[CATALOG_WHY_BYTES];
	uint64_t saved;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	saved = spin_lock(&lock);
	memcpy(entry->why, text, sizeof(text));
	entry->failed = failed;
	spin_unlock(&lock, saved);
}

void catalog_why(const struct catalog_entry *entry, char why[CATALOG_WHY_BYTES])
{
	uint64_t saved = spin_lock(&lock);

	memcpy(why, entry->why, sizeof(entry->why));
	spin_unlock(&lock, saved);
}

enum vmk_status catalog_measure(struct catalog_entry *entry)
{
	const struct package *package = entry->package;
	char text[EVENT_TEXT_MAX], digest[SHA256_HEX_BYTES];
	enum vmk_event_type type = VMK_EV_PACKAGE;
	enum vmk_status status;

	if (entry->measured)
		return VMK_OK;
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
	entry->measured = status == VMK_OK;
	return status == VMK_NOT_MEASURED ? VMK_OK : status;
}

void catalog_audit_loaded(const struct catalog_entry *entry, const char *by)
{
	const struct package *package = entry->package;
	char digest[SHA256_HEX_BYTES];

	hex_encode(digest, package->sha256, sizeof(package->sha256));
	audit_record(package->kind == PACKAGE_POLICY ? AUDIT_POLICY : AUDIT_PACKAGE_LOADED,
		package->name, "name", package->name, "version", package->version, "kind",
		package_kind_name(package->kind), "provider", package->provider, "level",
		acceptance_level_name(package->level), "signer", package->path.signer, "sha256",
		digest, "by", by, NULL);
}

void catalog_audit_refused(const struct catalog_entry *entry, enum vmk_status status)
{
	char why[CATALOG_WHY_BYTES];

	catalog_why(entry, why);
	audit_record(AUDIT_PACKAGE_REFUSED, entry->name, "file", entry->name, "status",
		vmk_status_name(status), "why", why, NULL);
}

static void describe_requires(const struct package *package, char *to, size_t size)
{
	int used = 0;

	for (unsigned i = 0; i < package->requires_count && (size_t)used < size; i++)
		used += snprintf(
			to + used, size - (size_t)used, "%s%s", i ? "," : "", package->requires[i]);
}

const struct package *modules_vm_image(unsigned index)
{
	const struct catalog_entry *entry;

	if (index >= catalog_count)
		return NULL;
	entry = &catalog[index_nospec(index, catalog_count)];
	return entry->loaded && entry->package->kind == PACKAGE_VM ? entry->package : NULL;
}

bool modules_have_world(const char *name)
{
	for (unsigned i = 0; i < catalog_count; i++) {
		const struct package *package = catalog[i].package;

		if (catalog[i].status == VMK_OK && package && package->kind == PACKAGE_WORLD &&
			!strcmp(package->name, name))
			return true;
	}
	return false;
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
	describe_requires(package, info->requires, sizeof(info->requires));
}

unsigned modules_count(void)
{
	return catalog_count;
}

bool modules_describe(unsigned index, struct vmk_info_module *info)
{
	const struct catalog_entry *entry = &catalog[index], *user;
	uint64_t saved;

	if (index >= catalog_count)
		return false;
	memcpy(info->file, entry->name, sizeof(entry->name));
	info->bytes = entry->bytes;
	info->enabled = !entry->manual;
	info->loads = entry->loads;
	if (entry->package && (entry->status == VMK_OK || entry->package->path.count))
		describe_package(entry->package, info);
	saved = spin_lock(&lock);
	info->loaded = entry->loaded;
	info->failed = entry->failed;
	memcpy(info->why, entry->why, sizeof(entry->why));
	spin_unlock(&lock, saved);
	if (info->loaded && entry->module)
		info->image_bytes = module_bytes(entry->module);
	user = info->loaded ? catalog_who_requires(entry->package->name) : NULL;
	if (user)
		snprintf(info->used_by, sizeof(info->used_by), "%s", user->package->name);
	return true;
}

struct catalog_entry *catalog_find_parameter(unsigned *index)
{
	for (unsigned i = 0; i < catalog_count; i++) {
		struct catalog_entry *entry = &catalog[i];

		if (entry->status != VMK_OK || !entry->package)
			continue;
		if (*index < entry->package->parameter_count) {
			*index = (unsigned)index_nospec(*index, entry->package->parameter_count);
			return entry;
		}
		*index -= entry->package->parameter_count;
	}
	return NULL;
}

unsigned modules_parameter_count(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < catalog_count; i++) {
		if (catalog[i].status == VMK_OK && catalog[i].package)
			count += catalog[i].package->parameter_count;
	}
	return count;
}

bool modules_describe_parameter(unsigned index, struct vmk_info_parameter *info)
{
	const struct catalog_entry *entry = catalog_find_parameter(&index);
	const struct package_parameter *p;

	if (!entry)
		return false;
	p = &entry->package->parameters[index];
	memcpy(info->module, entry->package->name, sizeof(entry->package->name));
	memcpy(info->name, p->name, sizeof(p->name));
	info->value = entry->parameters[index];
	info->least = p->least;
	info->most = p->most;
	info->usual = p->usual;
	return true;
}
