/* A machine of one processor under KVM, with KVM's own interrupt controllers. */
#ifndef BENCHMARKS_KVM_H
#define BENCHMARKS_KVM_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

struct kvm_machine {
	int vm, vcpu;
	uint8_t *ram; /* from guest-physical address 0 on */
	struct kvm_run *run;
};

/* Of `ram_bytes`, which are the caller's. */
void kvm_machine_make(struct kvm_machine *m, uint8_t *ram, size_t ram_bytes);

#endif
