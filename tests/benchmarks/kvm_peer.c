/*
 * The only program of a small Linux: runs each guest of /guests under KVM, one after the other,
 * with the devices that tinyvmx has, and prints what they say. The loop is the least that does it.
 */
#include "kernel/worlds/tinyvmx/guests/guest.h"
#include "tests/benchmarks/kvm.h"
#include "tests/benchmarks/peer.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <termios.h>
#include <unistd.h>

#define RAM_BYTES (4u << 20)
#define LOAD_AT   0x7c00u
/* So many that lists of free pages on each processor are small beside them. */
#define MACHINES 32u

static uint32_t counter;

/* The guest's RAM has its pages already, so that a fault of the EPT is nothing else; page by page.
 */
static uint8_t *make_ram(void)
{
	uint8_t *ram = peer_map(RAM_BYTES, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	madvise(ram, RAM_BYTES, MADV_NOHUGEPAGE);
	memset(ram, 0, RAM_BYTES);
	return ram;
}

static void set_entry(int vcpu)
{
	struct kvm_regs regs = {.rip = LOAD_AT, .rflags = 2};
	struct kvm_sregs sregs;

	peer_need(ioctl(vcpu, KVM_GET_SREGS, &sregs), "registers");
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	peer_need(ioctl(vcpu, KVM_SET_SREGS, &sregs), "registers");
	peer_need(ioctl(vcpu, KVM_SET_REGS, &regs), "registers");
}

static void load(struct kvm_machine *m, const char *path)
{
	int fd = peer_need(open(path, O_RDONLY | O_CLOEXEC), path);

	peer_need((int)read(fd, m->ram + LOAD_AT, RAM_BYTES - LOAD_AT), path);
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

static void serve(struct kvm_machine *m)
{
	for (;;) {
		peer_need(ioctl(m->vcpu, KVM_RUN, 0), "KVM_RUN");
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

/* --- memory: what is missing once there are so many machines more, which nothing ran in */

static unsigned long free_bytes(void)
{
	struct sysinfo info;

	peer_need(sysinfo(&info), "sysinfo");
	return info.freeram * info.mem_unit;
}

/* Bytes for one with so many processors. They stay. */
static unsigned long machine_bytes(uint8_t *ram, unsigned vcpus)
{
	const unsigned long before = free_bytes();
	struct kvm_machine m;

	for (unsigned i = 0; i < MACHINES; i++) {
		kvm_machine_make(&m, ram, RAM_BYTES);
		for (unsigned vcpu = 1; vcpu < vcpus; vcpu++)
			peer_need(ioctl(m.vm, KVM_CREATE_VCPU, vcpu), "vCPU");
	}
	return (before - free_bytes()) / MACHINES;
}

static void measure_memory(void)
{
	uint8_t *ram = make_ram();
	unsigned long one, four;

	machine_bytes(ram, 1); /* fills what is kept for the next */
	one = machine_bytes(ram, 1);
	four = machine_bytes(ram, 4);
	printf("PEER: memory of a machine: %lu KiB, %lu of them for each vCPU\n", one >> 10,
		(four - one) / 3 >> 10);
}

static int is_guest(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(void)
{
	struct dirent **guests;
	int count;

	peer_mounts();
	peer_load_modules();
	measure_memory();
	count = peer_need(scandir("/guests", &guests, is_guest, alphasort), "/guests");
	for (int i = 0; i < count; i++) {
		struct kvm_machine m;
		char path[300];

		snprintf(path, sizeof(path), "/guests/%s", guests[i]->d_name);
		kvm_machine_make(&m, make_ram(), RAM_BYTES);
		set_entry(m.vcpu);
		load(&m, path);
		printf("PEER: %s:\n", guests[i]->d_name);
		tcdrain(STDOUT_FILENO); /* its interrupts are nobody's */
		serve(&m);
	}
	printf("PEER: done\n");
	for (;;)
		pause();
}
