#include "fuzz/models/swvmx/rig.h"
#include "vtx/guest_msr.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_VMCS 4u
#define BITMAP     13u /* of each kind of processor one */
#define IO_BITMAP  (RIG_FIRST_FRAME + RIG_FRAMES)
#define CR0_PE     1ull
#define RFLAGS_VM  (1ull << 17)

struct rig rig;

/* Building one takes longer than most runs. */
static struct rig_snapshot built[SWVMX_CPU_KINDS], started[SWVMX_BASES];

struct hpa rig_frame(unsigned n)
{
	return swvmx_frame(RIG_FIRST_FRAME + n);
}

/* As memcpy(), which would have AddressSanitizer look at all of the shadow. */
static void copy(void *to, const void *from, size_t bytes)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

void rig_clear(void *to, size_t bytes)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(0) : "memory");
}

static uint64_t *table(void *context, struct hpa address)
{
	return swvmx_at(address);
}

static enum vmk_status allocate(void *context, struct hpa *address)
{
	for (unsigned i = 0; i < RIG_TABLES; i++) {
		if (rig.table_used[i])
			continue;
		rig.table_used[i] = true;
		*address = swvmx_frame(RIG_FIRST_TABLE + i);
		rig_clear(swvmx_at(*address), 4096);
		return VMK_OK;
	}
	return VMK_NO_MEMORY;
}

static void release(void *context, struct hpa address)
{
	const uint64_t i = (address.v - swvmx_frame(RIG_FIRST_TABLE).v) / 4096;

	if (i >= RIG_TABLES || !rig.table_used[i])
		abort();
	rig.table_used[i] = false;
}

static bool owned(void *context, struct gpa gpa, struct hpa address, uint64_t bytes)
{
	const uint64_t first = (address.v - rig_frame(0).v) / 4096, frames = bytes / 4096;

	if (address.v < rig_frame(0).v || first + frames > RIG_FRAMES)
		return false;
	for (uint64_t i = first; i < first + frames; i++)
		if (rig.owner[i] != OWNER_VM)
			return false;
	return true;
}

static const struct ept_ops ept_operations = {table, allocate, release, owned};

static bool read_guest(struct vtx_vm *vm, struct gpa gpa, void *to, size_t bytes)
{
	struct hpa at;
	uint64_t run;

	if (!ept_translate(&vm->ept, gpa, EPT_READ, &at, &run) || run < bytes)
		return false;
	memcpy(to, swvmx_at(at), bytes);
	return true;
}

/* A host with everything that the policy could show. */
static void host_cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_registers *r)
{
	*r = (struct cpuid_registers){~0u, ~0u, ~0u, ~0u};
	if (leaf == 0x80000008u)
		r->eax = 48u << 8 | swvmx.cpu.physical_bits;
}

static void set_revision(struct hpa region)
{
	uint32_t revision = rig.controls.revision;

	memcpy(swvmx_at(region), &revision, sizeof(revision));
}

/* Up to what is behind a member. */
#define UP_TO(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

/* Of memory, only the first table of the EPT matters: others are cleared when they are allocated.
 * Of the VM's notes on pCPUs, those of pCPUs that there are. */
bool rig_restore(const struct rig_snapshot *from)
{
	if (!from->taken)
		return false;
	copy(&swvmx, &from->swvmx, sizeof(swvmx));
	copy(&rig, &from->rig, UP_TO(struct rig, vm.seen[SWVMX_PCPUS - 1]));
	copy(&rig.vcpu, &from->rig.vcpu, sizeof(rig) - offsetof(struct rig, vcpu));
	rig_clear(swvmx_at(swvmx_frame(RIG_FIRST_TABLE)), 4096);
	swvmx_forget_known();
	return true;
}

void rig_save(struct rig_snapshot *to)
{
	*to = (struct rig_snapshot){true, swvmx, rig};
}

static void build(enum swvmx_cpu_kind kind)
{
	struct vtx_capability_msrs msrs;
	struct vtx_refusal refusal;

	swvmx_reset(kind);
	memset(&rig, 0, sizeof(rig));
	vtx_capability_read(swvmx_read_capability, &msrs);
	if (vtx_settle(&msrs, &rig.controls, &refusal) != VMK_OK)
		abort();
	for (unsigned p = SWVMX_PCPUS; p-- > 0;) {
		swvmx.now = p;
		set_revision(swvmx_frame(p));
		swvmx_current()->xcr0 = swvmx_components() & 3;
		if (vtx_vmxon(swvmx_frame(p)) != VMX_OK)
			abort();
	}
	memset(rig.owner, OWNER_VM, sizeof(rig.owner));
	rig.vm.controls = &rig.controls;
	rig.vm.msr_bitmap = swvmx_frame(BITMAP + kind);
	rig.vm.io_bitmap = swvmx_frame(IO_BITMAP);
	rig.vm.read_guest = read_guest;
	rig.vm.cpuid = (struct cpuid_policy){
		.host = host_cpuid,
		.vcpus = RIG_VCPUS,
		.xcr0 = swvmx_components(),
		.invpcid = rig.controls.word[WORD_PROC2] & PROC2_INVPCID,
		.rdtscp = rig.controls.word[WORD_PROC2] & PROC2_RDTSCP,
	};
	cpuid_prepare(&rig.vm.cpuid);
	msr_bitmap_fill(swvmx_at(rig.vm.msr_bitmap), &rig.controls);
	memcpy(swvmx_at(rig.vm.io_bitmap), vcpu_io_bitmap, sizeof(vcpu_io_bitmap));
	if (ept_init(&rig.vm.ept, &ept_operations, &rig, rig.controls.ept_vpid) != VMK_OK)
		abort();
	for (unsigned i = 0; i < RIG_VCPUS; i++) {
		set_revision(swvmx_frame(FIRST_VMCS + i));
		vcpu_init(&rig.vcpu[i], &rig.vm, i, (uint16_t)(i + 1), swvmx_frame(FIRST_VMCS + i),
			rig.fpu[i]);
	}
}

void rig_build(enum swvmx_cpu_kind kind)
{
	if (rig_restore(&built[kind]))
		return;
	build(kind);
	rig_save(&built[kind]);
}

#define V86_SEGMENT(name)                               \
	vtx_vmwrite(VMCS_GUEST_##name, 0);              \
	vtx_vmwrite(VMCS_GUEST_##name##_BASE, 0);       \
	vtx_vmwrite(VMCS_GUEST_##name##_LIMIT, 0xffff); \
	vtx_vmwrite(VMCS_GUEST_##name##_ACCESS, 0xf3)

static void make_v86(void)
{
	V86_SEGMENT(CS);
	V86_SEGMENT(SS);
	V86_SEGMENT(DS);
	V86_SEGMENT(ES);
	V86_SEGMENT(FS);
	V86_SEGMENT(GS);
	vtx_vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_VM | 2);
}

static void make_host_32(void)
{
	swvmx.cpu.ia32e = false;
	vtx_vmwrite(VMCS_EXIT_CONTROLS, vtx_vmread(VMCS_EXIT_CONTROLS) & ~(uint64_t)EXIT_HOST_64);
	vtx_vmwrite(VMCS_HOST_EFER, vtx_vmread(VMCS_HOST_EFER) & ~0x500ull);
	vtx_vmwrite(VMCS_HOST_RIP, 0x1000);
}

void rig_start(enum swvmx_base base)
{
	struct vcpu *v = &rig.vcpu[0];

	if (rig_restore(&started[base]))
		return;
	rig_build(base == BASE_MINIMAL ? SWVMX_MINIMAL : SWVMX_MAXIMAL);
	swvmx.now = 0;
	if (vcpu_load(v, 0) != VMK_OK)
		abort();
	vcpu_reset(v);
	if (base == BASE_LONG || base == BASE_MINIMAL)
		vcpu_set_long_entry(v, 0x1000, 0x2000, (struct gpa){0x3000}, 0xff);
	if (base == BASE_FLAT || base == BASE_V86 || base == BASE_HOST_32)
		vcpu_set_flat_entry(v, 0x1000);
	if (base == BASE_V86)
		make_v86();
	if (base == BASE_HOST_32)
		make_host_32();
	rig_save(&started[base]);
}
