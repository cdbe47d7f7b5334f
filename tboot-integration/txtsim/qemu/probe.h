/* What a machine in QEMU needs of this host. */
#ifndef TXTSIM_QEMU_PROBE_H
#define TXTSIM_QEMU_PROBE_H

struct run_options;

/* Names of the files in the workdir and of the firmware that add_firmware() mounts. */
#define UEFI_CODE      "/usr/share/OVMF/OVMF_CODE_4M.fd"
#define UEFI_TEMPLATE  "/usr/share/OVMF/OVMF_VARS_4M.fd"
#define UEFI_VARIABLES "uefi-variables.fd"

/* Ends the program, saying what to install, if QEMU, a device or a firmware is missing. */
void qemu_probe(const struct run_options *o);
/* What to do before a TXT machine can run in this host's QEMU; NULL: nothing. */
const char *qemu_missing(void);
/* Gives the machine its own copy of UEFI's variables, unless the workdir has one. */
void qemu_copy_variables(const struct run_options *o);

#endif
