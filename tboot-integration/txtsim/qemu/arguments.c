#include "tboot-integration/txtsim/qemu/arguments.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tboot-integration/txtsim/model/faults.h"
#include "tboot-integration/txtsim/model/registers.h"
#include "tboot-integration/txtsim/qemu/probe.h"
#include "tboot-integration/txtsim/run/options.h"

#define MAC_ADDRESS "52:54:00:12:34:56"

static void __attribute__((format(printf, 2, 3))) add(
	struct qemu_arguments *a, const char *format, ...)
{
	size_t room = sizeof(a->text) - a->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(a->text + a->used, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room || a->count + 1 == sizeof(a->argv) / sizeof(a->argv[0]))
		fail("QEMU's command line is too long");
	a->argv[a->count++] = a->text + a->used;
	a->used += (size_t)n + 1;
}

static bool fault(const struct run_options *o, enum txt_fault fault)
{
	uint64_t faults;
	const char *bad;
	size_t size;

	return o->txt && txt_faults_parse(o->inject, &faults, &bad, &size) && faults >> fault & 1;
}

/* TCG has neither VMX nor SMX, but shows what it is told to. */
static const char *cpu_features(const struct run_options *o)
{
	if (!o->txt)
		return "";
	return fault(o, TXT_FAULT_NO_SMX) ? ",vendor=GenuineIntel,x-force-features=on,+vmx,-smx"
					  : ",vendor=GenuineIntel,x-force-features=on,+vmx,+smx";
}

static void add_firmware(struct qemu_arguments *a, const struct run_options *o)
{
	if (!o->uefi)
		return;
	add(a, "-drive");
	add(a, "if=pflash,unit=0,format=raw,readonly=on,file=" UEFI_CODE);
	add(a, "-drive");
	add(a, "if=pflash,unit=1,format=raw,file=" UEFI_VARIABLES);
}

static void add_tpm(struct qemu_arguments *a, const struct run_options *o)
{
	/* With TXT the platform itself serves the TPM. */
	if (o->txt || !strcmp(o->tpm_mode, "absent"))
		return;
	add(a, "-chardev");
	add(a, "socket,id=tpmsocket,path=swtpm.sock");
	add(a, "-tpmdev");
	add(a, "emulator,id=tpm0,chardev=tpmsocket");
	add(a, "-device");
	add(a, "tpm-%s,tpmdev=tpm0", o->tpm_interface ? o->tpm_interface : "tis");
}

/* As Bochs' user-mode network: 10.0.2.0/24, the guest is 10.0.2.15. */
static void add_network(struct qemu_arguments *a, const struct run_options *o)
{
	char forwards[FORWARDS_MAX * 64] = "";

	if (!o->net) {
		add(a, "-nic");
		add(a, "none");
		return;
	}
	for (unsigned i = 0; i < o->forwards; i++) {
		size_t at = strlen(forwards);

		snprintf(forwards + at, sizeof(forwards) - at,
			",hostfwd=%s:127.0.0.1:%u-10.0.2.15:%u", o->forward[i].tcp ? "tcp" : "udp",
			o->forward[i].host_port, o->forward[i].guest_port);
	}
	add(a, "-netdev");
	add(a, "user,id=net0%s", forwards);
	add(a, "-device");
	add(a, "%s,netdev=net0,mac=" MAC_ADDRESS, o->nic ? o->nic : "e1000");
}

static void add_channels(struct qemu_arguments *a, const struct qemu_fds *fds)
{
	add(a, "-chardev");
	add(a, "socket,id=com1,fd=%d", fds->uart);
	add(a, "-serial");
	add(a, "chardev:com1");
	add(a, "-chardev");
	add(a, "socket,id=qmp,fd=%d", fds->qmp);
	add(a, "-mon");
	add(a, "chardev=qmp,mode=control");
}

/* Stopped at the first instruction: the edge sets it going. */
static void add_txt(
	struct qemu_arguments *a, const struct run_options *o, const struct qemu_fds *fds)
{
	add(a, "-S");
	add(a, "-chardev");
	add(a, "socket,id=gdb,fd=%d", fds->gdb);
	add(a, "-gdb");
	add(a, "chardev:gdb");
	add(a, "-object");
	add(a, "memory-backend-file,id=ram,size=%uM,share=on,mem-path=/proc/self/fd/%d",
		o->memory_mb, fds->ram);
	add(a, "-object");
	add(a, "memory-backend-file,id=txtmem,size=%u,share=on,mem-path=/proc/self/fd/%d",
		TXT_MEM_SIZE, fds->device);
	add(a, "-device");
	add(a, "ivshmem-plain,memdev=txtmem,addr=%#x", TXT_MEMORY_SLOT);
	add(a, "-device");
	add(a, "x-pci-proxy-dev,id=txt,fd=%d,addr=%#x", fds->proxy, TXT_PROXY_SLOT);
}

void qemu_arguments_make(
	struct qemu_arguments *a, const struct run_options *o, const struct qemu_fds *fds)
{
	*a = (struct qemu_arguments){0};
	add(a, QEMU_PROGRAM);
	add(a, "-nodefaults");
	add(a, "-no-user-config");
	add(a, "-machine");
	add(a, "q35%s", o->txt ? ",memory-backend=ram" : "");
	add(a, "-accel");
	add(a, "tcg");
	add(a, "-cpu");
	add(a, "%s%s", o->model, cpu_features(o));
	add(a, "-smp");
	add(a, "%u", o->smp);
	add(a, "-m");
	add(a, "%u", o->memory_mb);
	add(a, "-display");
	add(a, "none");
	add(a, "-vga");
	add(a, "std");
	if (!o->reboots)
		add(a, "-no-reboot");
	add_firmware(a, o);
	/* The firmware's DMAR table comes with it. Before every device that it shall see. */
	if (!fault(o, TXT_FAULT_NO_DMAR)) {
		add(a, "-device");
		add(a, "intel-iommu,intremap=on");
	}
	add_channels(a, fds);
	if (o->txt)
		add_txt(a, o, fds);
	add_tpm(a, o);
	add_network(a, o);
	add(a, "-cdrom");
	add(a, "%s", o->iso);
	add(a, "-boot");
	add(a, "order=d");
	for (unsigned i = 0; i < o->qemu_args; i++)
		add(a, "%s", o->qemu_arg[i]);
}
