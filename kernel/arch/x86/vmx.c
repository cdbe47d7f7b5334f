/* VMX on the processor: SDM 3C, chapters 24 and 31. */
#include "arch/x86/vmx.h"
#include "arch/x86/cpu.h"
#include "arch/x86/features.h"
#include "arch/x86/paging.h"
#include "arch/x86/percpu.h"
#include "arch/x86/shadow.h"
#include "arch/x86/speculation_cpu.h"
#include "arch/x86/tables.h"
#include "arch/x86/trap.h"
#include "boot/boot_info.h"
#include "boot/image.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mem/frames.h"
#include "vtx/vtx_ops.h"
#include <stdio.h>
#include <string.h>

#define LOG_MODULE       "Vmx"
#define CR0_NE           0x20ull
#define CR4_VMXE         0x2000ull
#define CR4_CET          0x800000ull

#define MSR_SYSENTER_ESP 0x175u
#define MSR_SYSENTER_EIP 0x176u

extern const char vmx_exit[];
/* VMXON; a #GP, where firmware or mode forbid it, ends as VMX_FAIL_INVALID. */
enum vmx_result vmx_on_safe(const uint64_t *region);

static SEALED struct vtx_controls controls;
static SEALED bool usable;
static SEALED char why[128];

/* SETcc after an instruction that ends as SDM 31.2 says: CF or ZF. */
#define VMX_RESULT "setc %b0\n\tsetz %b1"
static enum vmx_result result_of(uint8_t carry, uint8_t zero)
{
	if (carry)
		return VMX_FAIL_INVALID;
	return zero ? VMX_FAIL_VALID : VMX_OK;
}

enum vmx_result vtx_vmxon(struct hpa region)
{
	return vmx_on_safe(&region.v);
}

enum vmx_result vtx_vmxoff(void)
{
	uint8_t carry, zero;

	__asm__ volatile("vmxoff\n\t" VMX_RESULT : "=q"(carry), "=q"(zero) : : "cc", "memory");
	return result_of(carry, zero);
}

enum vmx_result vtx_vmclear(struct hpa vmcs)
{
	uint8_t carry, zero;

	__asm__ volatile("vmclear %2\n\t" VMX_RESULT
		: "=q"(carry), "=q"(zero)
		: "m"(vmcs.v)
		: "cc", "memory");
	return result_of(carry, zero);
}

enum vmx_result vtx_vmptrld(struct hpa vmcs)
{
	uint8_t carry, zero;

	__asm__ volatile("vmptrld %2\n\t" VMX_RESULT
		: "=q"(carry), "=q"(zero)
		: "m"(vmcs.v)
		: "cc", "memory");
	return result_of(carry, zero);
}

struct vtx_counts vtx_counts(void)
{
	const struct percpu *self = percpu();

	/* HOST_RSP, and HOST_SSP where there is one (vmx_enter.S). */
	return (struct vtx_counts){self->vmreads, self->vmwrites, cpu_has_shadow ? 2 : 1};
}

uint64_t vtx_vmread(enum vmcs_field field)
{
	uint64_t value = 0;

	percpu()->vmreads++;
	__asm__ volatile("vmread %1, %0" : "+r"(value) : "r"((uint64_t)field) : "cc");
	return value;
}

/* The one that has to be quick: its result is in the flags. */
enum vmx_result vtx_vmwrite(enum vmcs_field field, uint64_t value)
{
	percpu()->vmwrites++;
	__asm__ goto("vmwrite %1, %0\n\tjc %l2\n\tjz %l3"
		:
		: "r"((uint64_t)field), "r"(value)
		: "cc", "memory"
		: invalid, valid);
	return VMX_OK;
invalid:
	return VMX_FAIL_INVALID;
valid:
	return VMX_FAIL_VALID;
}

enum vmx_result vtx_invept(enum vtx_invept type, uint64_t eptp)
{
	const struct {
		uint64_t eptp, zero;
	} descriptor = {eptp, 0};
	uint8_t carry, zero;

	__asm__ volatile("invept %2, %3\n\t" VMX_RESULT
		: "=q"(carry), "=q"(zero)
		: "m"(descriptor), "r"((uint64_t)type)
		: "cc", "memory");
	return result_of(carry, zero);
}

enum vmx_result vtx_invvpid(enum vtx_invvpid type, uint16_t vpid, uint64_t address)
{
	const struct {
		uint64_t vpid, address;
	} descriptor = {vpid, address};
	uint8_t carry, zero;

	__asm__ volatile("invvpid %2, %3\n\t" VMX_RESULT
		: "=q"(carry), "=q"(zero)
		: "m"(descriptor), "r"((uint64_t)type)
		: "cc", "memory");
	return result_of(carry, zero);
}

static uint64_t idt_base(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr;

	__asm__ volatile("sidt %0" : "=m"(idtr));
	return idtr.base;
}

void vtx_host_state(struct vtx_host *h)
{
	const struct cpu_tables *tables = percpu()->tables;

	memset(h, 0, sizeof(*h));
	h->cr0 = read_cr0();
	h->cr3 = read_cr3();
	h->cr4 = read_cr4();
	h->efer = rdmsr(MSR_EFER);
	h->pat = rdmsr(MSR_PAT);
	h->rip = (uint64_t)(uintptr_t)vmx_exit;
	h->cs = GDT_KERNEL_CODE;
	h->ss = GDT_KERNEL_DATA;
	h->ds = GDT_KERNEL_DATA;
	h->es = GDT_KERNEL_DATA;
	h->tr = GDT_TSS;
	h->gs_base = (uint64_t)(uintptr_t)percpu();
	h->tr_base = (uint64_t)(uintptr_t)&tables->tss;
	h->gdtr_base = (uint64_t)(uintptr_t)tables->gdt;
	h->idtr_base = idt_base();
	h->sysenter_cs = (uint32_t)rdmsr(MSR_SYSENTER_CS);
	h->sysenter_esp = rdmsr(MSR_SYSENTER_ESP);
	h->sysenter_eip = rdmsr(MSR_SYSENTER_EIP);
	if (h->cr4 & CR4_CET)
		h->s_cet = rdmsr(MSR_S_CET);
	if (cpu_has(CPU_SHSTK))
		h->ssp_table = rdmsr(MSR_SSP_TABLE);
}

void vtx_host_tables(void)
{
	trap_restore_limits();
}

/* One instruction between STI and CLI: what waits is taken there. */
void vtx_host_interrupts(void)
{
	__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
	speculation_forget_data();
}

void vtx_host_nmi(void)
{
	__asm__ volatile("int %0" : : "i"(VECTOR_NMI) : "memory");
}

void vtx_host_machine_check(void)
{
	__asm__ volatile("int %0" : : "i"(VECTOR_MACHINE_CHECK) : "memory");
}

uint64_t vtx_rdmsr(uint32_t msr)
{
	return rdmsr(msr);
}

void vtx_wrmsr(uint32_t msr, uint64_t value)
{
	wrmsr(msr, value);
}

void vtx_wrmsrs(const uint32_t *msrs, const uint64_t *values, uint32_t which)
{
	for (; which; which &= which - 1) {
		const int i = __builtin_ctz(which);

		wrmsr(msrs[i], values[i]);
	}
}

uint64_t vtx_rdtsc(void)
{
	return rdtsc();
}

int64_t vtx_tsc_lag(void)
{
	return percpu()->tsc_offset;
}

void vtx_debug_save(uint64_t dr[4], uint64_t *dr6)
{
	__asm__ volatile("movq %%dr0, %0" : "=r"(dr[0]));
	__asm__ volatile("movq %%dr1, %0" : "=r"(dr[1]));
	__asm__ volatile("movq %%dr2, %0" : "=r"(dr[2]));
	__asm__ volatile("movq %%dr3, %0" : "=r"(dr[3]));
	__asm__ volatile("movq %%dr6, %0" : "=r"(*dr6));
}

void vtx_debug_load(const uint64_t dr[4], uint64_t dr6)
{
	__asm__ volatile("movq %0, %%dr0" : : "r"(dr[0]));
	__asm__ volatile("movq %0, %%dr1" : : "r"(dr[1]));
	__asm__ volatile("movq %0, %%dr2" : : "r"(dr[2]));
	__asm__ volatile("movq %0, %%dr3" : : "r"(dr[3]));
	__asm__ volatile("movq %0, %%dr6" : : "r"(dr6));
}

static bool read_msr(uint32_t msr, uint64_t *value)
{
	return rdmsr_safe(msr, value);
}

static bool write_msr(uint32_t msr, uint64_t value)
{
	return wrmsr_safe(msr, value);
}

static bool firmware_allows(struct vtx_refusal *refusal)
{
	return vtx_firmware_allows(boot_info->tboot.present, read_msr, write_msr, refusal) ==
	       VMK_OK;
}

/* CR0 and CR4 must have what VMX fixes, before VMXON and until VMXOFF (SDM A.7, A.8). */
static bool control_registers_fit(void)
{
	uint64_t cr0 = read_cr0() | (controls.cr0_fixed0 & CR0_NE), cr4 = read_cr4() | CR4_VMXE;

	return !(controls.cr0_fixed0 & ~cr0) && !(cr0 & ~controls.cr0_fixed1) &&
	       !(controls.cr4_fixed0 & ~cr4) && !(cr4 & ~controls.cr4_fixed1);
}

void vmx_init(void)
{
	struct vtx_capability_msrs msrs;
	struct vtx_refusal refusal;

	if (!cpu_has(CPU_VMX)) {
		snprintf(why, sizeof(why), "the processor has no VMX");
		vmk_log("no virtual machines: %s", why);
		return;
	}
	if (!firmware_allows(&refusal)) {
		snprintf(why, sizeof(why), "%s", refusal.text);
		vmk_warn("no virtual machines: %s; the setup menu calls it Intel Virtualization "
			 "Technology",
			why);
		return;
	}
	vtx_capability_read(read_msr, &msrs);
	if (vtx_settle(&msrs, &controls, &refusal) != VMK_OK) {
		snprintf(why, sizeof(why), "%s", refusal.text);
		vmk_warn("no virtual machines: %s", why);
		return;
	}
	if (!control_registers_fit()) {
		snprintf(why, sizeof(why), "VMX wants other values of CR0 or CR4");
		vmk_warn("no virtual machines: %s", why);
		return;
	}
	usable = true;
	why[0] = 0;
	vmk_log("VMX: EPT%s%s%s%s%s%s, VMCS revision %#x",
		controls.ept_vpid & EPT_CAP_2M ? " 2M" : "",
		controls.ept_vpid & EPT_CAP_1G ? " 1G" : "",
		controls.ept_vpid & EPT_CAP_ACCESSED ? " A/D" : "",
		vtx_control_is_on(&controls, CONTROL_PROC2_VPID) ? ", VPID" : "",
		vtx_control_is_on(&controls, CONTROL_PIN_PREEMPTION_TIMER) ? ", preemption timer"
									   : "",
		vtx_control_is_on(&controls, CONTROL_PROC_IO_BITMAPS) ? ", I/O bitmaps" : "",
		controls.revision);
}

/* Each pCPU's VMXON region lives until the machine is left. */
static enum vmk_status make_region(struct hpa *region)
{
	struct pfn frame;
	enum vmk_status status = frames_alloc(0, FRAME_KERNEL, &frame);

	if (status != VMK_OK)
		return status;
	*region = pfn_hpa(frame);
	memcpy(direct_map(*region), &controls.revision, sizeof(controls.revision));
	return VMK_OK;
}

void vmx_on_cpu(void)
{
	struct vtx_refusal refusal;
	struct hpa region;

	if (!usable || percpu()->vmx_on)
		return;
	if (!firmware_allows(&refusal))
		panic("cpu%u: VMX is not usable here, but on the first CPU: %s", percpu_index(),
			refusal.text);
	if (make_region(&region) != VMK_OK)
		panic("no memory for VMX");
	write_cr0(read_cr0() | CR0_NE);
	write_cr4(read_cr4() | CR4_VMXE);
	if (vtx_vmxon(region) != VMX_OK)
		panic("cpu%u: VMXON failed", percpu_index());
	percpu()->vmx_on = 1;
}

void vmx_off_cpu(void)
{
	if (!percpu()->vmx_on)
		return;
	percpu()->vmx_on = 0;
	vtx_vmxoff();
	write_cr4(read_cr4() & ~CR4_VMXE);
}

const struct vtx_controls *vmx_controls(void)
{
	return usable ? &controls : NULL;
}

const char *vmx_why(void)
{
	return why;
}
