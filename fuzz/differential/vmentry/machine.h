/* The processor that the payload runs on: console, registers, and the VMX instructions. */
#ifndef DIFFERENTIAL_MACHINE_H
#define DIFFERENTIAL_MACHINE_H

#include "fuzz/models/swvmx/cpu_models.h"
#include <stdbool.h>
#include <stdint.h>

/* Console, exceptions; interrupts stay off. */
void machine_init(void);
/* One line to the first serial port. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

bool machine_rdmsr(uint32_t msr, uint64_t *value); /* false: there is none */
void machine_wrmsr(uint32_t msr, uint64_t value);
/* What it says of its VMX, as the model wants it. */
void machine_describe(struct swvmx_cpu *cpu);
/* VMX operation, with a VMXON region at `vmxon` and the VMCS at `vmcs`, which becomes current. */
void machine_vmx_on(uint32_t revision, uint64_t vmxon, uint64_t vmcs);
bool machine_vmwrite(uint32_t field, uint64_t value); /* false: VMfail */
uint64_t machine_vmread(uint32_t field);
/* 0: there was an exit, 1: VMfailInvalid, 2: VMfailValid. Sets HOST_RSP. */
int machine_enter(bool launched);
extern const char machine_exit[]; /* HOST_RIP */
/* What an exit with any host state leaves behind is put right. */
void machine_restore(void);
/* Back to "clear": VMCLEAR and VMPTRLD. */
void machine_clear(uint64_t vmcs);

#endif
