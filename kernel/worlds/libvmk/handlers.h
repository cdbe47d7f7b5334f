/* The handlers of the table (commands.c), one file for each namespace. */
#ifndef LIBVMK_HANDLERS_H
#define LIBVMK_HANDLERS_H

#include "worlds/libvmk/command.h"

/* Reads one record; says what failed if it cannot. */
bool read_record(
	struct call *call, enum vmk_info_kind kind, uint64_t index, void *record, size_t size);
/* The same in a walk: VMK_NOT_FOUND ends it silently. */
bool next_record(
	struct call *call, enum vmk_info_kind kind, uint64_t index, void *record, size_t size);
/* ISO 8601 of a moment of this boot (monotonic ns), "boot+12.345s" where the wall clock is unknown.
 */
#define TIME_BYTES 40u
void format_moment(const struct vmk_info_system *system, uint64_t ns, char to[TIME_BYTES]);
#define MAC_BYTES 18u
void format_mac(const uint8_t mac[6], char to[MAC_BYTES]);
void format_hex(const uint8_t *bytes, size_t count, char *to);

/* options[] of `system settings kernel set` and the others that have any, by index */
enum { OPTION_SETTING, OPTION_VALUE };
enum { OPTION_HOST, OPTION_COUNT, OPTION_SIZE, OPTION_WAIT };
enum { OPTION_VM, OPTION_HARD, OPTION_TARGET = OPTION_HARD };
enum { OPTION_PACKAGE, OPTION_NAME };
enum { OPTION_MODULE, OPTION_PARAMETER };
enum { OPTION_RECORDS };

int cmd_version(struct call *call);
int cmd_version_get(struct call *call);
int cmd_module_list(struct call *call);
int cmd_module_get(struct call *call);
int cmd_module_load(struct call *call);
int cmd_module_unload(struct call *call);
int cmd_parameters_list(struct call *call);
int cmd_parameters_set(struct call *call);
int cmd_health_get(struct call *call);
int cmd_secpolicy_domain_list(struct call *call);
int cmd_secpolicy_denial_list(struct call *call);
int cmd_account_list(struct call *call);
int cmd_settings_list(struct call *call);
int cmd_settings_set(struct call *call);
int cmd_audit_get(struct call *call);
int cmd_audit_list(struct call *call);
int cmd_log_tail(struct call *call);
int cmd_log_follow(struct call *call);
int cmd_power_off(struct call *call);
int cmd_reboot(struct call *call);
int cmd_trustedboot_get(struct call *call);
int cmd_trustedboot_log(struct call *call);
int cmd_trustedboot_signs(struct call *call);
int cmd_txt_status(struct call *call);
int cmd_txt_registers(struct call *call);
int cmd_txt_heap(struct call *call);
int cmd_tboot_findings(struct call *call);
int cmd_tboot_log(struct call *call);
int cmd_cpu_list(struct call *call);
int cmd_memory_get(struct call *call);
int cmd_pci_list(struct call *call);
int cmd_nic_list(struct call *call);
int cmd_interface_list(struct call *call);
int cmd_ipv4_get(struct call *call);
int cmd_port_stats(struct call *call);
int cmd_ping(struct call *call);
int cmd_selftest_hardening(struct call *call);
int cmd_path_list(struct call *call);
int cmd_vm_list(struct call *call);
int cmd_vm_get(struct call *call);
int cmd_vm_create(struct call *call);
int cmd_vm_destroy(struct call *call);
int cmd_vm_start(struct call *call);
int cmd_vm_stop(struct call *call);
int cmd_vm_pause(struct call *call);
int cmd_vm_resume(struct call *call);
int cmd_vm_reset(struct call *call);
int cmd_vm_memory_get(struct call *call);
int cmd_vm_memory_set(struct call *call);
int cmd_vm_sched_get(struct call *call);
int cmd_vm_sched_set(struct call *call);
int cmd_vm_console(struct call *call);
int cmd_world_list(struct call *call);
int cmd_world_stats(struct call *call);
int cmd_pool_list(struct call *call);
int cmd_pool_get(struct call *call);
int cmd_pool_set(struct call *call);
int cmd_skew_list(struct call *call);

#endif
