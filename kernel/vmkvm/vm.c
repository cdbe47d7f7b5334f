/* A VM's life: made of a package, asked by its VMX world, freed with its last vCPU. */
#include "arch/x86/cpu.h"
#include "arch/x86/features.h"
#include "arch/x86/speculation_cpu.h"
#include "arch/x86/time.h"
#include "arch/x86/vmx.h"
#include "lib/bitmap.h"
#include "lib/log.h"
#include "lib/nospec.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "mem/space.h"
#include "sched/world_group.h"
#include "vmkmod/package.h"
#include "vmkvm/state.h"
#include "vtx/guest_msr.h"
#include <stdio.h>
#include <string.h>

#define LOG_MODULE         "Vm"
#define VPIDS              4096u
#define REPORT_INTERVAL_NS 1000000000ull
#define REPORT_BURST       8

static struct spinlock vms_lock = SPINLOCK(LOCK_VM);
static uint64_t vpids[BITMAP_WORDS(VPIDS)];
static unsigned vms;
static struct list machines = {&machines, &machines}; /* under vms_lock */

const char *vm_unsupported(void)
{
	return vmx_controls() ? NULL : vmx_why();
}

const char *vm_name(const struct vm *vm)
{
	return vm->name;
}

unsigned vm_count(void)
{
	return __atomic_load_n(&vms, __ATOMIC_RELAXED);
}

struct event *vm_event(struct vm *vm)
{
	return &vm->requests;
}

/* 0 when all are in use: such a vCPU runs without. */
static uint16_t take_vpid(void)
{
	uint64_t saved = spin_lock(&vms_lock);
	size_t free = bitmap_next(vpids, VPIDS, 1, false);

	if (free != BITMAP_NONE)
		bitmap_set(vpids, free);
	spin_unlock(&vms_lock, saved);
	return free == BITMAP_NONE ? 0 : (uint16_t)free;
}

static void give_vpid(uint16_t vpid)
{
	uint64_t saved = spin_lock(&vms_lock);

	if (vpid)
		bitmap_clear(vpids, vpid);
	spin_unlock(&vms_lock, saved);
}

static void host_cpuid(uint32_t leaf, uint32_t subleaf, struct cpuid_registers *r)
{
	uint32_t out[4];

	cpuid(leaf, subleaf, out);
	*r = (struct cpuid_registers){out[0], out[1], out[2], out[3]};
}

/* Its VMCS, and what holds its registers while it has no pCPU. */
static enum vmk_status take_frames(struct pfn *vmcs, struct pfn *fpu)
{
	enum vmk_status status = frames_alloc(0, FRAME_VTX, vmcs);

	if (status != VMK_OK)
		return status;
	status = frames_alloc(0, FRAME_VTX, fpu);
	if (status != VMK_OK)
		frames_free(*vmcs, 0);
	return status;
}

/* All vCPUs are alike. */
static void count_vcpu(struct vm *vm, uint32_t index, uint64_t bytes)
{
	vm->kernel.all += bytes;
	vm->kernel.each_vcpu += index ? 0 : bytes;
}

static enum vmk_status make_vcpu(struct vm *vm, uint32_t index)
{
	struct vm_vcpu *v = heap_alloc(sizeof(*v));
	struct pfn vmcs;

	_Static_assert(CPUID_XSAVE_BYTES_MAX <= PAGE_SIZE, "a vCPU's state fits into a frame");
	if (!v)
		return VMK_NO_MEMORY;
	if (take_frames(&vmcs, &v->fpu) != VMK_OK) {
		heap_free(v);
		return VMK_NO_MEMORY;
	}
	memcpy(direct_map(pfn_hpa(vmcs)), &vm->vtx.controls->revision, sizeof(uint32_t));
	vcpu_init(
		&v->vcpu, &vm->vtx, index, take_vpid(), pfn_hpa(vmcs), direct_map(pfn_hpa(v->fpu)));
	v->vm = vm;
	v->running_on = -1;
	v->attention = ATTEND_RESET;
	v->reports = (struct budget){.interval_ns = REPORT_INTERVAL_NS, .burst = REPORT_BURST};
	vlapic_init(&v->apic, &vm_vlapic_ops, v, index, index == 0);
	count_vcpu(vm, index, heap_object_bytes(sizeof(*v)) + 2 * PAGE_SIZE);
	vm->vcpus[index] = v;
	vm->vcpu_count = index + 1;
	return VMK_OK;
}

static void discard_vcpu(struct vm_vcpu *v)
{
	give_vpid(v->vcpu.vpid);
	frames_free(hpa_pfn(v->vcpu.vmcs), 0);
	frames_free(v->fpu, 0);
	heap_free(v);
}

/* Nobody runs in it or speaks to it any more. */
static void discard(struct vm *vm)
{
	uint64_t saved = spin_lock(&vms_lock);

	if (list_linked(&vm->node))
		list_remove(&vm->node);
	spin_unlock(&vms_lock, saved);
	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		discard_vcpu(vm->vcpus[i]);
	vm_memory_destroy(vm);
	if (vm->world)
		world_put(vm->world);
	if (vm->group)
		world_group_put(vm->group);
	if (vm->vtx.msr_bitmap.v)
		frames_free(hpa_pfn(vm->vtx.msr_bitmap), 0);
	heap_free(vm);
	__atomic_sub_fetch(&vms, 1, __ATOMIC_RELAXED);
}

void vm_get(struct vm *vm)
{
	__atomic_add_fetch(&vm->references, 1, __ATOMIC_RELAXED);
}

void vm_kernel_memory(struct vm *vm, struct vm_kernel_memory *memory)
{
	struct vm_usage usage;

	vm_memory_usage(vm, &usage);
	*memory = vm->kernel;
	memory->all += usage.tables * PAGE_SIZE;
}

void vm_put(struct vm *vm)
{
	const char *name = vm->name;
	const struct vm_owner owner = vm->owner;

	if (__atomic_sub_fetch(&vm->references, 1, __ATOMIC_ACQ_REL))
		return;
	vm_log_life(vm);
	/* Whoever did this last: others wait for the memory. */
	world_urgent(true);
	discard(vm);
	world_urgent(false);
	event_signal(vm_balloon_event());
	vmk_log("VM %s: is gone, %llu KiB of virtual machines are left", name,
		(unsigned long long)(frames_count(FRAME_VM) + frames_count(FRAME_VTX)) *
			(PAGE_SIZE >> 10));
	owner.gone(owner.context);
}

static enum vmk_status make_memory(
	struct vm *vm, const struct package *package, char why[VM_WHY_BYTES])
{
	const uint64_t kib = PAGE_SIZE >> 10, pages = package->vm_memory_kib / kib;
	const struct frame_shortage *shortage = &vm->memory.shortage;
	const struct vm_memory_policy policy = {package->vm_memory_reservation_kib / kib,
		package->vm_memory_limit_kib / kib, VM_KEEP_FREE, true,
		speculation_plan()->small_guest_code};
	enum vmk_status status;

	vm->kernel.all += heap_object_bytes(ram_blocks(pages) * sizeof(struct ram_block));
	status = vm_memory_create(vm, &policy);
	if (status == VMK_NO_MEMORY && shortage->needed)
		snprintf(why, VM_WHY_BYTES, "memory: %llu KiB needed for %s, %llu KiB available",
			(unsigned long long)(shortage->needed * kib),
			shortage->side == FRAME_PRIVATE ? "its RAM" : "the tables of its RAM",
			(unsigned long long)(shortage->available * kib));
	return status;
}

static uint64_t package_tsc_hz(const struct package *package)
{
	return package->vm_tsc_khz ? package->vm_tsc_khz * 1000ull : time_tsc_hz();
}

/* Its TSC goes at the rate that its package asks for, or it is not powered on. */
static enum vmk_status make_clock(
	struct vm *vm, const struct package *package, char why[VM_WHY_BYTES])
{
	const uint64_t host = time_tsc_hz(), guest = package_tsc_hz(package);
	const bool can_scale = vtx_control_is_on(vm->vtx.controls, CONTROL_PROC2_TSC_SCALING);
	enum vmk_status status = guest_clock_check(host, guest, can_scale, why, VM_WHY_BYTES);
	uint64_t saved;

	if (status != VMK_OK)
		return status;
	saved = irq_save();
	guest_clock_init(&vm->vtx.clock, host, guest, vtx_rdtsc() + vtx_tsc_lag());
	irq_restore(saved);
	return VMK_OK;
}

static enum vmk_status set_up(struct vm *vm, const struct package *package, char why[VM_WHY_BYTES])
{
	const uint64_t bytes = (uint64_t)package->vm_memory_kib << 10;
	const struct vtx_controls *controls = vmx_controls();
	enum vmk_status status = VMK_OK;
	struct pfn bitmap;

	vm->name = package->name;
	vm->lock = (struct spinlock)SPINLOCK(LOCK_VM);
	vm->low_bytes = MIN(bytes, VM_LOW_MAX);
	vm->high_bytes = bytes - vm->low_bytes;
	vm->vtx.controls = controls;
	vm->vtx.io_bitmap = space_image_hpa(vcpu_io_bitmap);
	status = make_clock(vm, package, why);
	if (status != VMK_OK)
		return status;
	vm->vtx.read_guest = vm_memory_read;
	vm->vtx.touch = vm_touch_in_place;
	vm->vtx.cpuid = (struct cpuid_policy){.host = host_cpuid,
		.vcpus = package->vm_vcpus,
		.tsc_hz = vm->vtx.clock.multiplier ? package_tsc_hz(package) : time_tsc_hz(),
		.xcr0 = cpu_has(CPU_XSAVE) ? cpuid_guest_xcr0(host_cpuid) : 0,
		.invpcid = vtx_control_is_on(controls, CONTROL_PROC2_INVPCID),
		.rdtscp = vtx_control_is_on(controls, CONTROL_PROC2_RDTSCP)};
	cpuid_prepare(&vm->vtx.cpuid);
	vioapic_init(&vm->ioapic, vm_ioapic_send, vm);
	status = frames_alloc(0, FRAME_VTX, &bitmap);
	if (status != VMK_OK)
		return status;
	vm->kernel.all += PAGE_SIZE;
	vm->vtx.msr_bitmap = pfn_hpa(bitmap);
	msr_bitmap_fill(direct_map(vm->vtx.msr_bitmap), controls);
	status = make_memory(vm, package, why);
	for (uint32_t i = 0; status == VMK_OK && i < package->vm_vcpus; i++)
		status = make_vcpu(vm, i);
	return status;
}

uint32_t vm_shares(const struct package *p)
{
	const uint32_t each = p->vm_shares_each ? p->vm_shares_each : SHARES_NORMAL;

	return p->vm_shares ? p->vm_shares : each * p->vm_vcpus;
}

/* What the VM has a right to, as its package says (signing/README.md). */
static struct world_group_settings cpu_settings(const struct package *p)
{
	struct world_group_settings settings = {
		.shares = vm_shares(p),
		.reservation = p->vm_cpu_reservation * (RATE_ONE / 100),
		.limit = p->vm_cpu_limit * (RATE_ONE / 100),
		.vcpu_limit = p->vm_vcpu_limit * (RATE_ONE / 100),
		.latency_high = p->vm_latency_high,
		.least = p->vm_latency_high
				 ? PACKAGE_LATENCY_PERCENT * p->vm_vcpus * (RATE_ONE / 100)
				 : 0,
		.vcpus = p->vm_vcpus,
	};

	_Static_assert(sizeof(settings.affinity) == sizeof(p->vm_affinity), "sets of pCPUs");
	memcpy(&settings.affinity, p->vm_affinity, sizeof(settings.affinity));
	return settings;
}

static enum vmk_status not_admitted(
	enum vmk_status status, const struct shortage *shortage, char why[VM_WHY_BYTES])
{
	if (status == VMK_BAD_PARAM)
		snprintf(why, VM_WHY_BYTES, "CPU: none of the pCPUs in its cpu-affinity is there");
	else if (status == VMK_NO_RESOURCES)
		snprintf(why, VM_WHY_BYTES,
			"CPU: a reservation of %u %% of a pCPU needed, %u %% available in %s",
			(unsigned)(shortage->needed / (RATE_ONE / 100)),
			(unsigned)(shortage->available / (RATE_ONE / 100)),
			world_group_shortage(shortage));
	return status;
}

static enum vmk_status make_group(
	struct vm *vm, const struct package *package, char why[VM_WHY_BYTES])
{
	const struct world_group_settings settings = cpu_settings(package);
	const char *pool = package->cpu_pool[0] ? package->cpu_pool : POOL_USER;
	struct shortage shortage;
	enum vmk_status status =
		world_group_create(GROUP_VM, pool, vm->name, &settings, &vm->group, &shortage);

	if (status == VMK_NOT_FOUND)
		snprintf(why, VM_WHY_BYTES, "CPU: there is no resource pool %s", pool);
	vm->kernel.all += world_group_bytes();
	return not_admitted(status, &shortage, why);
}

static enum vmk_status make_world(
	struct vm *vm, uint32_t index, struct world **world, char why[VM_WHY_BYTES])
{
	char name[WORLD_NAME_BYTES];
	struct shortage shortage;
	enum vmk_status status;

	snprintf(name, sizeof(name), "vm%u:vcpu%u", (unsigned)vm->owner.id, (unsigned)index);
	status = world_create(name, vm_vcpu_main, vm->vcpus[index], world);
	if (status != VMK_OK)
		return status;
	count_vcpu(vm, index, world_bytes(*world));
	status = world_join(*world, vm->group, ROLE_VCPU, &shortage);
	if (status != VMK_OK)
		world_put(*world);
	return not_admitted(status, &shortage, why);
}

/* Each vCPU's world has a reference of its own. */
static enum vmk_status start_worlds(struct vm *vm, char why[VM_WHY_BYTES])
{
	struct world *worlds[VM_VCPUS_MAX];
	enum vmk_status status = VMK_OK;
	uint32_t made = 0;

	while (status == VMK_OK && made < vm->vcpu_count) {
		status = make_world(vm, made, &worlds[made], why);
		made += status == VMK_OK;
	}
	for (uint32_t i = 0; i < made; i++) {
		if (status == VMK_OK) {
			vm_get(vm);
			world_start(worlds[i]);
		}
		world_put(worlds[i]);
	}
	return status;
}

static void enlist(struct vm *vm)
{
	uint64_t saved = spin_lock(&vms_lock);

	list_append(&machines, &vm->node);
	spin_unlock(&vms_lock, saved);
}

/* One that is being discarded gets no reference any more. */
static bool try_get(struct vm *vm)
{
	uint32_t now = __atomic_load_n(&vm->references, __ATOMIC_RELAXED);

	while (now)
		if (__atomic_compare_exchange_n(&vm->references, &now, now + 1, false,
			    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

struct vm *vm_after(struct vm *vm)
{
	uint64_t saved = spin_lock(&vms_lock);
	struct list *node = vm ? vm->node.next : machines.next;

	while (node != &machines && !try_get(list_entry(node, struct vm, node)))
		node = node->next;
	spin_unlock(&vms_lock, saved);
	if (vm)
		vm_put(vm);
	return node == &machines ? NULL : list_entry(node, struct vm, node);
}

void vm_audit(struct vm_audit *audit)
{
	*audit = (struct vm_audit){0};
	for (struct vm *vm = vm_after(NULL); vm; vm = vm_after(vm))
		vm_memory_audit(vm, audit);
}

enum vmk_status vm_create(const struct package *package, const struct vm_owner *owner,
	struct vm **created, char why[VM_WHY_BYTES])
{
	const char *text = vm_unsupported();
	enum vmk_status status;
	struct vm *vm;

	snprintf(why, VM_WHY_BYTES, "%s", text ? text : "no memory");
	if (text)
		return VMK_UNSUPPORTED;
	vm = heap_alloc(sizeof(*vm));
	if (!vm)
		return VMK_NO_MEMORY;
	__atomic_add_fetch(&vms, 1, __ATOMIC_RELAXED);
	vm->references = 1;
	vm->kernel.all = heap_object_bytes(sizeof(*vm));
	vm->owner = *owner;
	status = vm_image_parse(package->payload, package->payload_bytes, &vm->image, &text);
	if (status != VMK_OK)
		snprintf(why, VM_WHY_BYTES, "%s", text);
	if (status == VMK_OK)
		status = set_up(vm, package, why);
	if (status == VMK_OK)
		status = make_group(vm, package, why);
	if (status == VMK_OK)
		status = start_worlds(vm, why);
	if (status != VMK_OK) {
		discard(vm);
		return status;
	}
	enlist(vm);
	*created = vm;
	return VMK_OK;
}

void vm_release(struct vm *vm)
{
	vm->owner.ended(vm->owner.context);
	for (uint32_t i = 0; i < vm->vcpu_count; i++)
		vm_attend(vm->vcpus[i], ATTEND_END);
}

struct vm_console *vm_console(struct vm *vm)
{
	return vm->owner.console;
}

enum vmk_status vm_adopt(struct vm *vm, struct world *world)
{
	struct shortage shortage;

	world_get(world);
	vm->world = world;
	vm->kernel.all += world_bytes(world);
	return world_join(world, vm->group, ROLE_VMX, &shortage);
}

void vm_info(const struct vm *vm, struct vmk_vm_info *info)
{
	*info = (struct vmk_vm_info){.size = sizeof(*info),
		.vcpus = vm->vcpu_count,
		.low_bytes = vm->low_bytes,
		.high_bytes = vm->high_bytes,
		.tsc_hz = vm->vtx.cpuid.tsc_hz,
		.files = vm->image.count,
		.balloon_pages = vm_balloon_target(vm)};
	snprintf(info->name, sizeof(info->name), "%s", vm->name);
}

const struct vm_file *vm_file(const struct vm *vm, uint64_t index)
{
	const uint64_t count = vm->image.count;

	return index < count ? &vm->image.files[index_nospec(index, count)] : NULL;
}
