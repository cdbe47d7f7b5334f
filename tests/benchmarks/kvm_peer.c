/*
 * The only program of a small Linux: runs each guest of /guests under KVM, one after the other,
 * with the devices that tinyvmx has, and prints what they say. The loop is the least that does it.
 */
#include "kernel/worlds/tinyvmx/guests/guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RAM_BYTES    (4u << 20)
#define LOAD_AT      0x7c00u
#define TSS_AT       0xfffbd000ul /* out of everybody's way, as KVM's documentation has it */
#define CPUID_ROOM   128u
#define MODULES_ROOM 8

struct machine {
	int vm, vcpu;
	uint8_t *ram;
	struct kvm_run *run;
};

static uint32_t counter;

static _Noreturn void die(const char *what)
{
	printf("PEER: %s: %s\n", what, strerror(errno));
	for (;;)
		pause();
}

static int need(int result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

static void mounts(void)
{
	mkdir("/dev", 0755);
	if (mount("devtmpfs", "/dev", "devtmpfs", 0, "") || !freopen("/dev/console", "w", stdout))
		_exit(1);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

/* In the order of their names. */
static void load_modules(void)
{
	char path[32];

	for (int i = 0; i < MODULES_ROOM; i++) {
		int fd;

		snprintf(path, sizeof(path), "/modules/%02d.ko", i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		need((int)syscall(SYS_finit_module, fd, "", 0), path);
		close(fd);
	}
}

static void *map(size_t bytes, int flags, int fd)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

/* The guest's RAM has its pages already, so that a fault of the EPT is nothing else; page by page.
 */
static void add_memory(struct machine *m)
{
	struct kvm_userspace_memory_region region = {.memory_size = RAM_BYTES};

	m->ram = map(RAM_BYTES, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	madvise(m->ram, RAM_BYTES, MADV_NOHUGEPAGE);
	memset(m->ram, 0, RAM_BYTES);
	region.userspace_addr = (uintptr_t)m->ram;
	need(ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region), "memory");
}

static void set_cpuid(int kvm, int vcpu)
{
	struct kvm_cpuid2 *table =
		calloc(1, sizeof(*table) + CPUID_ROOM * sizeof(table->entries[0]));

	if (!table)
		die("calloc");
	table->nent = CPUID_ROOM;
	need(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, table), "supported CPUID");
	need(ioctl(vcpu, KVM_SET_CPUID2, table), "CPUID");
	free(table);
}

static void set_entry(int vcpu)
{
	struct kvm_regs regs = {.rip = LOAD_AT, .rflags = 2};
	struct kvm_sregs sregs;

	need(ioctl(vcpu, KVM_GET_SREGS, &sregs), "registers");
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	need(ioctl(vcpu, KVM_SET_SREGS, &sregs), "registers");
	need(ioctl(vcpu, KVM_SET_REGS, &regs), "registers");
}

static void make(int kvm, struct machine *m)
{
	m->vm = need(ioctl(kvm, KVM_CREATE_VM, 0), "VM");
	need(ioctl(m->vm, KVM_SET_TSS_ADDR, TSS_AT), "TSS");
	need(ioctl(m->vm, KVM_CREATE_IRQCHIP, 0), "interrupt controllers");
	add_memory(m);
	m->vcpu = need(ioctl(m->vm, KVM_CREATE_VCPU, 0), "vCPU");
	m->run = map(
		(size_t)need(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "size"), MAP_SHARED, m->vcpu);
	set_cpuid(kvm, m->vcpu);
	set_entry(m->vcpu);
}

static void load(struct machine *m, const char *path)
{
	int fd = need(open(path, O_RDONLY | O_CLOEXEC), path);

	need((int)read(fd, m->ram + LOAD_AT, RAM_BYTES - LOAD_AT), path);
	close(fd);
}

/* False: the guest is done. */
static int port(struct kvm_run *run)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	switch (run->io.port) {
	case PORT_TEXT:
		putchar(*data);
		return 1;
	case PORT_COUNTER:
		counter++;
		memcpy(data, &counter, sizeof(counter));
		return 1;
	default:
		return run->io.port != PORT_END;
	}
}

static void memory(struct kvm_run *run)
{
	if (run->mmio.is_write || run->mmio.phys_addr != MEMORY_COUNTER)
		return;
	counter++;
	memcpy(run->mmio.data, &counter, sizeof(counter));
}

static void serve(struct machine *m)
{
	for (;;) {
		need(ioctl(m->vcpu, KVM_RUN, 0), "KVM_RUN");
		if (m->run->exit_reason == KVM_EXIT_IO) {
			if (!port(m->run))
				return;
		} else if (m->run->exit_reason == KVM_EXIT_MMIO) {
			memory(m->run);
		} else {
			printf("PEER: exit %u\n", m->run->exit_reason);
			return;
		}
	}
}

static int is_guest(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(void)
{
	struct dirent **guests;
	int count, kvm;

	mounts();
	load_modules();
	kvm = need(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	count = need(scandir("/guests", &guests, is_guest, alphasort), "/guests");
	for (int i = 0; i < count; i++) {
		struct machine m;
		char path[300];

		snprintf(path, sizeof(path), "/guests/%s", guests[i]->d_name);
		make(kvm, &m);
		load(&m, path);
		printf("PEER: %s:\n", guests[i]->d_name);
		serve(&m);
	}
	printf("PEER: done\n");
	for (;;)
		pause();
}
