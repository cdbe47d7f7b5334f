/* Inside vmkmod/: what became of each boot module, in the boot loader's order. */
#ifndef VMKMOD_CATALOG_H
#define VMKMOD_CATALOG_H

#include "boot/boot_info.h"
#include "vmkmod/package.h"

struct module;
struct vmk_info_module;
struct vmk_info_parameter;

#define CATALOG_WHY_BYTES 96u

struct catalog_entry {
	const struct package *package; /* NULL: its bytes are none */
	const char *options;           /* what follows its name on the boot loader's line */
	enum vmk_status status;        /* why it was refused; VMK_OK: it was admitted */
	char why[CATALOG_WHY_BYTES];   /* empty: all is well */
	bool failed;                   /* it was refused, or did not start */
	bool manual;                   /* a driver that is started when somebody asks */
	bool measured, loaded;
	uint32_t loads;                              /* how often it was started */
	struct module *module;                       /* of a driver that was started once */
	uint32_t parameters[PACKAGE_PARAMETERS_MAX]; /* of the next start */
	char name[64];
	uint64_t bytes;
};

extern struct catalog_entry catalog[BOOT_MODULES_MAX];
extern unsigned catalog_count;

/* The driver of that name that runs, or NULL. */
const struct catalog_entry *catalog_loaded_driver(const char *name);
/* A driver that runs and requires the one of that name, or NULL. */
const struct catalog_entry *catalog_who_requires(const char *name);
/* The entry that has parameter number `index` of all, or NULL; *index becomes its number there. */
struct catalog_entry *catalog_find_parameter(unsigned *index);
/* What is wrong with it from now on; "" for nothing. */
void catalog_say(struct catalog_entry *entry, bool failed, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A copy of what is wrong with it: another CPU may say something else at any time. */
void catalog_why(const struct catalog_entry *entry, char why[CATALOG_WHY_BYTES]);
/* Measures an admitted package as what it is, once in a boot. VMK_OK also where nothing is
 * measured because the launch was not. */
enum vmk_status catalog_measure(struct catalog_entry *entry);
/* Records of the audit log: it was loaded, with all that identifies it, as `by` wanted; or not, and
 * why. */
#define CATALOG_BY_BOOT "boot loader"
void catalog_audit_loaded(const struct catalog_entry *entry, const char *by);
void catalog_audit_refused(const struct catalog_entry *entry, enum vmk_status status);

#endif
