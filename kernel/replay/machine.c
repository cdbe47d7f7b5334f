#include "replay/machine.h"

#include <string.h>
#include "arch/x86/cpu.h"
#include "arch/x86/percpu.h"
#include "arch/x86/vmx.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "mem/space.h"
#include "vtx/guest_msr.h"

/* All of it; frames are the machine's own kind, so that we can look into its memory. */
struct own {
	struct vtx_vm vm;
	struct vcpu vcpu;
	struct replay_machine machine;
	struct hpa vmcs, bitmap, fpu;
};

static enum vmk_status take_frame(struct hpa *address)
{
	struct pfn frame;
	enum vmk_status status = frames_alloc(0, FRAME_VTX, &frame);

	if (status == VMK_OK)
		*address = pfn_hpa(frame);
	return status;
}

static void give_frame(struct hpa address)
{
	if (address.v)
		frames_free(hpa_pfn(address), 0);
}

static uint64_t *ept_table(void *context, struct hpa address)
{
	return direct_map(address);
}

static enum vmk_status ept_allocate(void *context, struct hpa *address)
{
	return take_frame(address);
}

static void ept_release(void *context, struct hpa address)
{
	give_frame(address);
}

static bool ept_owned(void *context, struct gpa gpa, struct hpa address, uint64_t bytes)
{
	const struct own *own = context;

	for (unsigned i = 0; i < REPLAY_FRAMES; i++)
		if (own->machine.frames[i].v == address.v)
			return bytes == PAGE_SIZE;
	return false;
}

static const struct ept_ops ept_operations = {ept_table, ept_allocate, ept_release, ept_owned};

/* No operation of a program has the run loop read the guest's memory. */
static bool read_guest(struct vtx_vm *vm, struct gpa gpa, void *to, size_t bytes)
{
	return false;
}

static enum vmk_status take_memory(struct own *own)
{
	enum vmk_status status = take_frame(&own->vmcs);

	if (status == VMK_OK)
		status = take_frame(&own->bitmap);
	if (status == VMK_OK)
		status = take_frame(&own->fpu);
	for (unsigned i = 0; status == VMK_OK && i < REPLAY_FRAMES; i++) {
		status = take_frame(&own->machine.frames[i]);
		if (status == VMK_OK)
			own->machine.memory[i] = direct_map(own->machine.frames[i]);
	}
	return status;
}

static enum vmk_status make(struct own *own, const struct vtx_controls *controls)
{
	enum vmk_status status = take_memory(own);

	if (status == VMK_OK)
		status = ept_init(&own->vm.ept, &ept_operations, own, controls->ept_vpid);
	if (status != VMK_OK)
		return status;
	own->vm.controls = controls;
	own->vm.msr_bitmap = own->bitmap;
	own->vm.io_bitmap = space_image_hpa(vcpu_io_bitmap);
	own->vm.read_guest = read_guest;
	msr_bitmap_fill(direct_map(own->bitmap), controls);
	memcpy(direct_map(own->vmcs), &controls->revision, sizeof(controls->revision));
	vcpu_init(&own->vcpu, &own->vm, 0, 0, own->vmcs, direct_map(own->fpu));
	program_write_handlers(own->machine.memory);
	own->machine.vm = &own->vm;
	own->machine.vcpu = &own->vcpu;
	return VMK_OK;
}

static void discard(struct own *own)
{
	if (own->vm.controls)
		ept_destroy(&own->vm.ept);
	for (unsigned i = 0; i < REPLAY_FRAMES; i++)
		give_frame(own->machine.frames[i]);
	give_frame(own->fpu);
	give_frame(own->bitmap);
	give_frame(own->vmcs);
	heap_free(own);
}

enum vmk_status machine_run(
	const struct replay_program *program, struct replay_trace *trace, unsigned *done)
{
	const struct vtx_controls *controls = vmx_controls();
	struct own *own = controls ? heap_alloc(sizeof(*own)) : NULL;
	enum vmk_status status;
	uint64_t saved;

	if (!own)
		return controls ? VMK_NO_MEMORY : VMK_UNSUPPORTED;
	status = make(own, controls);
	if (status == VMK_OK) {
		saved = irq_save();
		own->machine.pcpu = percpu_index();
		*done = replay_guest(&own->machine, program, trace);
		irq_restore(saved);
	}
	discard(own);
	return status;
}
