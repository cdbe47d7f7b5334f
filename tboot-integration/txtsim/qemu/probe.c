#include "tboot-integration/txtsim/qemu/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tboot-integration/txtsim/qemu/arguments.h"
#include "tboot-integration/txtsim/run/options.h"
#include "tboot-integration/txtsim/run/process.h"

#define DEVICES_MAX 65536

#define NO_QEMU     QEMU_PROGRAM " is not installed: apt-get install qemu-system-x86"
#define NO_PROXY                                                                      \
	"this QEMU has no device x-pci-proxy-dev, through which TXT's registers are " \
	"served: QEMU 7.2 of Debian 12 has it"

/* What `-device help` says; empty if QEMU is absent or fails. */
static void list_devices(char text[DEVICES_MAX])
{
	FILE *f = popen(QEMU_PROGRAM " -device help 2>/dev/null", "re");
	size_t n = f ? fread(text, 1, DEVICES_MAX - 1, f) : 0;

	text[n] = 0;
	if (f)
		pclose(f);
}

static bool has_device(const char *devices, const char *name)
{
	char quoted[64];

	snprintf(quoted, sizeof(quoted), "name \"%s\"", name);
	return strstr(devices, quoted);
}

static void need_device(const char *devices, const char *name, const char *remedy)
{
	if (!has_device(devices, name))
		fail("this QEMU has no device %s: %s", name, remedy);
}

const char *qemu_missing(void)
{
	static char devices[DEVICES_MAX];
	char path[PATH_MAX];

	if (!process_find(QEMU_PROGRAM, path))
		return NO_QEMU;
	list_devices(devices);
	return has_device(devices, "x-pci-proxy-dev") && has_device(devices, "ivshmem-plain")
		       ? NULL
		       : NO_PROXY;
}

void qemu_probe(const struct run_options *o)
{
	static char devices[DEVICES_MAX];
	char path[PATH_MAX], tpm[16];

	if (!process_find(QEMU_PROGRAM, path))
		fail(NO_QEMU);
	if (o->uefi && (access(UEFI_CODE, R_OK) || access(UEFI_TEMPLATE, R_OK)))
		fail(UEFI_CODE " is absent: apt-get install ovmf");
	list_devices(devices);
	need_device(devices, "intel-iommu", "apt-get install qemu-system-x86");
	if (o->txt) {
		if (!has_device(devices, "x-pci-proxy-dev"))
			fail(NO_PROXY "; --platform bochs needs none");
		need_device(devices, "ivshmem-plain", "TXT's memory is served through it");
	} else if (strcmp(o->tpm_mode, "absent") != 0) {
		snprintf(tpm, sizeof(tpm), "tpm-%s", o->tpm_interface ? o->tpm_interface : "tis");
		need_device(devices, tpm, "apt-get install qemu-system-x86 qemu-system-common");
	}
	if (o->net)
		need_device(devices, o->nic ? o->nic : "e1000",
			"igb came with QEMU 8.0, the others are older; Debian 12 has a newer QEMU "
			"in bookworm-backports (apt-get install -t bookworm-backports "
			"qemu-system-x86)");
}

void qemu_copy_variables(const struct run_options *o)
{
	const char *argv[] = {"cp", UEFI_TEMPLATE, UEFI_VARIABLES, NULL};
	char path[PATH_MAX];

	workdir_path(path, o, UEFI_VARIABLES);
	if (access(path, R_OK | W_OK) == 0)
		return;
	if (process_run(o->workdir, "uefi-variables.log", argv) != 0)
		fail("cannot copy " UEFI_TEMPLATE " to %s", path);
}
