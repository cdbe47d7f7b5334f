/* Loading boot modules: parse, verify, measure, then start, in this order, for each package. */
#ifndef VMKMOD_MODULES_H
#define VMKMOD_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmkapi/status.h>

struct boot_info;
struct vmk_info_module;
struct vmk_info_parameter;
struct package;

/*
 * Loads the configuration package first, then every other boot module in boot.cfg's order. One that
 * is refused is logged with its reason and left out; nothing of it runs and nothing is measured. A
 * driver with load=manual behind its name is verified, but neither measured nor started.
 */
void modules_load_boot(const struct boot_info *info);
/*
 * Starts the worlds of what was loaded, in that order. After boot complete has been measured, so
 * that no user code ran before it and no quote can miss it.
 */
void modules_start_worlds(void);
/* The verified configuration's text (key=value lines), or NULL. Lives as long as the kernel. */
const char *modules_config(size_t *bytes);
/* Likewise the payload of the package of kind `replay`, or NULL. */
const uint8_t *modules_replay(size_t *bytes);
/* How many boot modules there were. */
unsigned modules_count(void);
/* The boot module number `index`, also one that was refused; false beyond the last. */
bool modules_describe(unsigned index, struct vmk_info_module *info);
/* The image of a virtual machine, verified, measured and loaded, that is boot module number
 * `index`; NULL: that is none. It stays. */
const struct package *modules_vm_image(unsigned index);
/* Is there a package of user worlds of that name? */
bool modules_have_world(const char *name);
/* Parameters of all drivers that were admitted, in the order of their modules. */
unsigned modules_parameter_count(void);
bool modules_describe_parameter(unsigned index, struct vmk_info_parameter *info);
/* The value of one configuration key, copied, or VMK_NOT_FOUND. */
enum vmk_status modules_config_get(const char *key, char *value, size_t size);

#endif
