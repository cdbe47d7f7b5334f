#include "tboot-integration/txtsim/qemu/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tboot-integration/txtsim/qemu/arguments.h"
#include "tboot-integration/txtsim/run/options.h"
#include "tboot-integration/txtsim/run/process.h"

#define DEVICES_FILE "qemu-devices.txt"
#define DEVICES_MAX  65536

static void list_devices(const struct run_options *o, char *text)
{
	const char *argv[] = {QEMU_PROGRAM, "-device", "help", NULL};
	char path[PATH_MAX];
	size_t n;
	FILE *f;

	if (process_run(o->workdir, DEVICES_FILE, argv) != 0)
		fail(QEMU_PROGRAM " -device help fails: see %s/" DEVICES_FILE, o->workdir);
	workdir_path(path, o, DEVICES_FILE);
	f = fopen(path, "r");
	if (!f)
		fail("cannot read %s: %s", path, strerror(errno));
	n = fread(text, 1, DEVICES_MAX - 1, f);
	text[n] = 0;
	fclose(f);
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

void qemu_probe(const struct run_options *o)
{
	static char devices[DEVICES_MAX];
	char tpm[16];

	if (!process_installed(QEMU_PROGRAM))
		fail(QEMU_PROGRAM " is not installed: apt-get install qemu-system-x86");
	if (o->uefi && (access(UEFI_CODE, R_OK) || access(UEFI_TEMPLATE, R_OK)))
		fail(UEFI_CODE " is absent: apt-get install ovmf");
	list_devices(o, devices);
	need_device(devices, "intel-iommu", "apt-get install qemu-system-x86");
	if (o->txt) {
		need_device(devices, "x-pci-proxy-dev",
			"TXT's registers are served through it; QEMU 7.2 of Debian 12 has it, "
			"--platform bochs needs none");
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
