#include "tests/benchmarks/kvm.h"
#include "tests/benchmarks/peer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define TSS_AT     0xfffbd000ul /* out of everybody's way, as KVM's documentation has it */
#define CPUID_ROOM 128u

static void set_cpuid(int kvm, int vcpu)
{
	struct kvm_cpuid2 *table =
		calloc(1, sizeof(*table) + CPUID_ROOM * sizeof(table->entries[0]));

	if (!table)
		peer_die("calloc");
	table->nent = CPUID_ROOM;
	peer_need(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, table), "supported CPUID");
	peer_need(ioctl(vcpu, KVM_SET_CPUID2, table), "CPUID");
	free(table);
}

static void add_memory(struct kvm_machine *m, size_t bytes)
{
	struct kvm_userspace_memory_region region = {
		.memory_size = bytes, .userspace_addr = (uintptr_t)m->ram};

	peer_need(ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region), "memory");
}

void kvm_machine_make(struct kvm_machine *m, uint8_t *ram, size_t ram_bytes)
{
	const int kvm = peer_need(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	size_t bytes = peer_need(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "size");

	m->ram = ram;
	m->vm = peer_need(ioctl(kvm, KVM_CREATE_VM, 0), "VM");
	peer_need(ioctl(m->vm, KVM_SET_TSS_ADDR, TSS_AT), "TSS");
	peer_need(ioctl(m->vm, KVM_CREATE_IRQCHIP, 0), "interrupt controllers");
	add_memory(m, ram_bytes);
	m->vcpu = peer_need(ioctl(m->vm, KVM_CREATE_VCPU, 0), "vCPU");
	m->run = peer_map(bytes, MAP_SHARED, m->vcpu);
	set_cpuid(kvm, m->vcpu);
}
