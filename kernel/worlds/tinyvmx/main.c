/*
 * A VMX world for tests of the kernel's side: no devices but a port for text, one that ends the
 * machine, a counter as a port and as memory, and the input of the I/O APIC that a write raises.
 * guests/guest.h has the ports.
 */
#include "kernel/worlds/tinyvmx/guests/guest.h"

#include <stdio.h>
#include <string.h>
#include <vmkuser/libvmkuser.h>

#define LOAD_AT   0x7c00
#define RAM_PART  0x100000
#define LINE_MAX  100
#define RESET_MAX 3

static char line[LINE_MAX + 1];
static size_t line_bytes;
static uint32_t counter, resets;

/* At once: nothing stays in a buffer when the machine ends. */
static void say(const char *what, const char *text)
{
	char message[sizeof(line) + 32];
	const int bytes = snprintf(message, sizeof(message), "%s%s", what, text);

	vmku_log(message, bytes > 0 ? (size_t)bytes : 0);
}

static void put(char c)
{
	if (c != '\n' && line_bytes < LINE_MAX) {
		line[line_bytes++] = c;
		return;
	}
	line[line_bytes] = 0;
	say("guest: ", line);
	line_bytes = 0;
}

/* The guest's one file to where a boot sector goes, and vCPU 0 there. */
static int start(vmk_handle vm, uint8_t *ram)
{
	const struct vmk_vm_entry entry = {.mode = VMK_VM_REAL, .cs = 0, .rip = LOAD_AT};
	struct vmk_vm_file file;

	if (vmku_vm_file(vm, 0, &file) != VMK_OK || file.bytes > RAM_PART - LOAD_AT)
		return 0;
	if (vmku_vm_read(vm, 0, 0, ram + LOAD_AT, file.bytes) != VMK_OK)
		return 0;
	return vmku_vm_start(vm, &entry) == VMK_OK;
}

static void reset(vmk_handle vm, uint8_t *ram, const char *why)
{
	say("reset: ", why);
	if (++resets > RESET_MAX)
		vmku_vm_control(vm, VMK_VM_CONTROL_POWER_OFF, 0);
	vmku_vm_control(vm, VMK_VM_CONTROL_RESET, 0);
	start(vm, ram);
}

static void port(vmk_handle vm, uint8_t *ram, struct vmk_vm_exchange *e)
{
	switch (e->address) {
	case PORT_TEXT:
		if (e->write)
			put((char)e->value);
		e->value = 'i';
		break;
	case PORT_COUNTER:
		e->value = ++counter;
		break;
	case PORT_IRQ:
		vmku_vm_irq(vm, IRQ_INPUT, 1);
		vmku_vm_irq(vm, IRQ_INPUT, 0);
		break;
	case PORT_END:
		if (e->value == END_OFF)
			vmku_vm_control(vm, VMK_VM_CONTROL_POWER_OFF, 0);
		if (e->value == END_FAULT)
			*(volatile char *)0 = 0;
		reset(vm, ram, "the guest asks for it");
		break;
	default:
		e->value = UINT64_MAX;
	}
}

/* What its console brings, it brings back. */
static void echo(vmk_handle vm)
{
	char typed[64];
	size_t bytes;

	while (vmku_vm_console_read(vm, typed, sizeof(typed), &bytes) == VMK_OK)
		vmku_vm_console_write(vm, typed, bytes, &bytes);
}

static void memory(struct vmk_vm_exchange *e)
{
	if (e->address == MEMORY_COUNTER && e->write)
		counter = (uint32_t)e->value;
	else if (e->address == MEMORY_COUNTER)
		e->value = ++counter;
	else
		e->value = UINT64_MAX;
}

int main(void)
{
	vmk_handle vm = vmku_find("vm", VMK_KIND_VM);
	struct vmk_vm_exchange e = {0};
	uint8_t *ram;

	if (vmku_vm_map(vm, 0, RAM_PART, (void **)&ram) != VMK_OK || !start(vm, ram))
		return 1;
	while (vmku_vm_serve(vm, &e, VMKU_FOREVER) == VMK_OK) {
		switch (e.kind) {
		case VMK_VM_REQUEST_IO:
			port(vm, ram, &e);
			break;
		case VMK_VM_REQUEST_MEMORY:
			memory(&e);
			break;
		case VMK_VM_REQUEST_CONSOLE:
			echo(vm);
			break;
		case VMK_VM_REQUEST_SHUTDOWN:
			reset(vm, ram, "triple fault");
			break;
		case VMK_VM_REQUEST_FAILED:
			say("the guest failed", "");
			return 0;
		default:
			break;
		}
	}
	return 1;
}
