/* The system calls as C functions: thin, except where one call of C is several of the kernel's. */
#include <vmkuser/libvmkuser.h>

#include <stdbool.h>

/* Of one call: what the kernel takes at a time. */
#define TTY_PART_MAX 4096u

static uint64_t word(const volatile void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static enum vmk_status call(
	uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return vmku_syscall(number, a, b, c, d, e).status;
}

_Noreturn void vmku_exit(int code)
{
	for (;;)
		call(VMK_SYS_EXIT, (uint64_t)(uint32_t)code, 0, 0, 0, 0);
}

enum vmk_status vmku_log(const char *text, size_t bytes)
{
	return call(VMK_SYS_LOG, word(text), bytes, 0, 0, 0);
}

enum vmk_status vmku_clock(unsigned clock, uint64_t *nanoseconds)
{
	struct vmku_result result = vmku_syscall(VMK_SYS_CLOCK, clock, 0, 0, 0, 0);

	if (result.status == VMK_OK)
		*nanoseconds = result.value;
	return result.status;
}

enum vmk_status vmku_wait(
	const vmk_handle *handles, unsigned count, uint64_t timeout_ns, unsigned *index)
{
	struct vmku_result result =
		vmku_syscall(VMK_SYS_WAIT, word(handles), count, timeout_ns, 0, 0);

	if (result.status == VMK_OK && index)
		*index = (unsigned)result.value;
	return result.status;
}

enum vmk_status vmku_map(size_t bytes, unsigned protection, void **address)
{
	struct vmku_result result = vmku_syscall(VMK_SYS_MAP, bytes, protection, 0, 0, 0);

	if (result.status == VMK_OK)
		*address = (void *)(uintptr_t)result.value;
	return result.status;
}

enum vmk_status vmku_unmap(void *address, size_t bytes)
{
	return call(VMK_SYS_UNMAP, word(address), bytes, 0, 0, 0);
}

enum vmk_status vmku_protect(void *address, size_t bytes, unsigned protection)
{
	return call(VMK_SYS_PROTECT, word(address), bytes, protection, 0, 0);
}

enum vmk_status vmku_set_tls(const void *address)
{
	return call(VMK_SYS_SET_TLS, word(address), 0, 0, 0, 0);
}

enum vmk_status vmku_random(void *to, size_t bytes)
{
	enum vmk_status status = VMK_OK;

	for (size_t done = 0, part; status == VMK_OK && done < bytes; done += part) {
		part = bytes - done < VMK_TRANSFER_MAX ? bytes - done : VMK_TRANSFER_MAX;
		status = call(VMK_SYS_RANDOM, word((char *)to + done), part, 0, 0, 0);
	}
	return status;
}

enum vmk_status vmku_handle_copy(vmk_handle handle, unsigned rights, vmk_handle *copy)
{
	struct vmku_result result = vmku_syscall(VMK_SYS_HANDLE_COPY, handle, rights, 0, 0, 0);

	if (result.status == VMK_OK)
		*copy = (vmk_handle)result.value;
	return result.status;
}

enum vmk_status vmku_handle_restrict(vmk_handle handle, unsigned rights)
{
	return call(VMK_SYS_HANDLE_RESTRICT, handle, rights, 0, 0, 0);
}

enum vmk_status vmku_port_info(vmk_handle port, struct vmk_port_info *info)
{
	return call(VMK_SYS_PORT_INFO, port, word(info), 0, 0, 0);
}

enum vmk_status vmku_port_address(vmk_handle port, const struct vmk_port_address *address)
{
	return call(VMK_SYS_PORT_ADDRESS, port, word(address), 0, 0, 0);
}

enum vmk_status vmku_port_send(vmk_handle port, const void *frame, size_t bytes)
{
	return call(VMK_SYS_PORT_SEND, port, word(frame), bytes, 0, 0);
}

enum vmk_status vmku_port_recv(vmk_handle port, void *to, size_t size, size_t *bytes)
{
	struct vmku_result result = vmku_syscall(VMK_SYS_PORT_RECV, port, word(to), size, 0, 0);

	if (result.status == VMK_OK)
		*bytes = result.value;
	return result.status;
}

enum vmk_status vmku_quote(
	vmk_handle trust, const struct vmk_quote_request *request, struct vmk_quote_reply *reply)
{
	return call(VMK_SYS_TRUST_QUOTE, trust, word(request), word(reply), 0, 0);
}

/* One part of a log (number of it) or of the configuration (log 0). */
static struct vmku_result read_part(
	vmk_handle handle, unsigned log, uint64_t offset, void *to, size_t bytes)
{
	if (log)
		return vmku_syscall(VMK_SYS_TRUST_LOG, handle, log, offset, word(to), bytes);
	return vmku_syscall(VMK_SYS_CONFIG_READ, handle, offset, word(to), bytes, 0);
}

static enum vmk_status read_text(
	vmk_handle handle, unsigned log, uint64_t offset, void *to, size_t size, uint64_t *total)
{
	size_t done = 0;

	do {
		size_t part = size - done < VMK_TRANSFER_MAX ? size - done : VMK_TRANSFER_MAX;
		struct vmku_result result =
			read_part(handle, log, offset + done, (char *)to + done, part);

		if (result.status != VMK_OK)
			return result.status;
		*total = result.value;
		done += part;
	} while (done < size && offset + done < *total);
	return VMK_OK;
}

enum vmk_status vmku_trust_log(vmk_handle trust, enum vmk_trust_log log, uint64_t offset, void *to,
	size_t size, uint64_t *total)
{
	return read_text(trust, log, offset, to, size, total);
}

enum vmk_status vmku_config_read(
	vmk_handle config, uint64_t offset, void *to, size_t size, uint64_t *total)
{
	return read_text(config, 0, offset, to, size, total);
}

enum vmk_status vmku_tty_read(vmk_handle tty, void *to, size_t size, size_t *bytes)
{
	struct vmku_result result = vmku_syscall(VMK_SYS_TTY_READ, tty, word(to), size, 0, 0);

	if (result.status == VMK_OK)
		*bytes = result.value;
	return result.status;
}

enum vmk_status vmku_tty_write(vmk_handle tty, const char *text, size_t bytes)
{
	enum vmk_status status = VMK_OK;

	for (size_t done = 0, part; status == VMK_OK && done < bytes; done += part) {
		part = bytes - done < TTY_PART_MAX ? bytes - done : TTY_PART_MAX;
		status = call(VMK_SYS_TTY_WRITE, tty, word(text + done), part, 0, 0);
	}
	return status;
}

enum vmk_status vmku_info(
	vmk_handle system, enum vmk_info_kind kind, uint64_t index, void *record, size_t size)
{
	return call(VMK_SYS_INFO, system, kind, index, word(record), size);
}

enum vmk_status vmku_control(vmk_handle system, enum vmk_control control, uint64_t value)
{
	return call(VMK_SYS_CONTROL, system, control, value, 0, 0);
}

enum vmk_status vmku_vm_info(vmk_handle vm, struct vmk_vm_info *info)
{
	return call(VMK_SYS_VM_INFO, vm, word(info), 0, 0, 0);
}

enum vmk_status vmku_vm_file(vmk_handle vm, uint64_t index, struct vmk_vm_file *file)
{
	return call(VMK_SYS_VM_FILE, vm, index, word(file), 0, 0);
}

enum vmk_status vmku_vm_read(vmk_handle vm, uint64_t index, uint64_t offset, void *to, size_t bytes)
{
	enum vmk_status status = VMK_OK;

	for (size_t done = 0, part; status == VMK_OK && done < bytes; done += part) {
		part = bytes - done < VMK_TRANSFER_MAX ? bytes - done : VMK_TRANSFER_MAX;
		status = call(
			VMK_SYS_VM_READ, vm, index, offset + done, word((char *)to + done), part);
	}
	return status;
}

enum vmk_status vmku_vm_map(vmk_handle vm, uint64_t gpa, uint64_t bytes, void **address)
{
	struct vmku_result result = vmku_syscall(VMK_SYS_VM_MAP, vm, gpa, bytes, 0, 0);

	if (result.status == VMK_OK)
		*address = (void *)(uintptr_t)result.value;
	return result.status;
}

enum vmk_status vmku_vm_start(vmk_handle vm, const struct vmk_vm_entry *entry)
{
	return call(VMK_SYS_VM_START, vm, word(entry), 0, 0, 0);
}

enum vmk_status vmku_vm_serve(vmk_handle vm, struct vmk_vm_exchange *exchange, uint64_t timeout_ns)
{
	uint64_t words[6] = {vm, vmk_vm_pack(exchange), exchange->value, timeout_ns,
		exchange->watch[0] | (uint64_t)exchange->watch[1] << 32,
		exchange->watch[2] | (uint64_t)exchange->watch[3] << 32};
	struct vmku_result result = vmku_exchange(VMK_SYS_VM_SERVE, words);

	if (result.status != VMK_OK)
		return result.status;
	vmk_vm_unpack(exchange, result.value);
	exchange->address = words[3];
	exchange->value = words[4];
	exchange->now_ns = words[5];
	return VMK_OK;
}

enum vmk_status vmku_vm_irq(vmk_handle vm, unsigned gsi, int level)
{
	return call(VMK_SYS_VM_IRQ, vm, gsi, level != 0, 0, 0);
}

enum vmk_status vmku_vm_message(vmk_handle vm, uint64_t address, uint32_t data)
{
	return call(VMK_SYS_VM_MESSAGE, vm, address, data, 0, 0);
}

enum vmk_status vmku_vm_control(vmk_handle vm, enum vmk_vm_control what, uint64_t argument)
{
	return call(VMK_SYS_VM_CONTROL, vm, what, argument, 0, 0);
}

enum vmk_status vmku_vm_attach(vmk_handle system, uint32_t id)
{
	return call(VMK_SYS_VM_ATTACH, system, id, 0, 0, 0);
}

static enum vmk_status console_part(
	vmk_handle handle, unsigned direction, uint64_t at, size_t size, size_t *bytes)
{
	struct vmku_result result =
		vmku_syscall(VMK_SYS_VM_CONSOLE, handle, direction, at, size, 0);

	if (result.status == VMK_OK)
		*bytes = result.value;
	return result.status;
}

enum vmk_status vmku_vm_console_read(vmk_handle handle, void *to, size_t size, size_t *bytes)
{
	return console_part(handle, VMK_VM_CONSOLE_READ, word(to), size, bytes);
}

enum vmk_status vmku_vm_console_write(
	vmk_handle handle, const void *from, size_t size, size_t *bytes)
{
	return console_part(handle, VMK_VM_CONSOLE_WRITE, word(from), size, bytes);
}
