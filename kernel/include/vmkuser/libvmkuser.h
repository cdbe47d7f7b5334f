/*
 * libvmkuser: the system calls as C functions, for user worlds. Each returns the kernel's status;
 * values come back through pointers, which are written only with VMK_OK unless said otherwise.
 */
#ifndef VMKUSER_LIBVMKUSER_H
#define VMKUSER_LIBVMKUSER_H

#include <stddef.h>
#include <stdint.h>
#include <vmkapi/status.h>
#include <vmkuser/auth.h>
#include <vmkuser/info.h>
#include <vmkuser/syscall.h>
#include <vmkuser/vm.h>

/* No deadline for vmku_wait(). */
#define VMKU_FOREVER UINT64_MAX

struct vmku_result {
	enum vmk_status status;
	uint64_t value;
};
/* The one place where ring 3 is left. Unused arguments are 0. */
struct vmku_result vmku_syscall(
	uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e);

/* The same for VMK_SYS_VM_SERVE: six arguments, of which words[3] and words[4] come back changed.
 */
struct vmku_result vmku_exchange(uint64_t number, uint64_t words[6]);

/* What this world was given at its start; never NULL. */
const struct vmk_start *vmku_start(void);
/* The start handle of that name and kind, or VMK_NO_HANDLE. */
vmk_handle vmku_find(const char *name, unsigned kind);

_Noreturn void vmku_exit(int code);
/* `bytes` of text, one or more lines, at most 4096, to vmkernel.log. */
enum vmk_status vmku_log(const char *text, size_t bytes);
/* clock: VMK_CLOCK_*. */
enum vmk_status vmku_clock(unsigned clock, uint64_t *nanoseconds);
/*
 * Until a handle is readable (ports: a frame is there), or VMK_TIMEOUT after timeout_ns (0 asks
 * without waiting, VMKU_FOREVER waits without end). With count 0 it sleeps. *index is the first
 * handle that is ready; NULL if the caller does not care.
 */
enum vmk_status vmku_wait(
	const vmk_handle *handles, unsigned count, uint64_t timeout_ns, unsigned *index);

/* `bytes` is rounded up to whole pages; protection: VMK_PROT_*. The pages are zeroed. */
enum vmk_status vmku_map(size_t bytes, unsigned protection, void **address);
enum vmk_status vmku_unmap(void *address, size_t bytes);
enum vmk_status vmku_protect(void *address, size_t bytes, unsigned protection);
enum vmk_status vmku_set_tls(const void *address);
/* Any size; the kernel's random numbers. */
enum vmk_status vmku_random(void *to, size_t bytes);

/* One more handle of the same object, with these of its rights (VMK_RIGHT_*), at least one. */
enum vmk_status vmku_handle_copy(vmk_handle handle, unsigned rights, vmk_handle *copy);
/* The handle keeps these of its rights; with none it is gone. */
enum vmk_status vmku_handle_restrict(vmk_handle handle, unsigned rights);

enum vmk_status vmku_port_info(vmk_handle port, struct vmk_port_info *info);
/* Tells people, through the kernel, what the IP stack on the port uses. VMK_BAD_PARAM. */
enum vmk_status vmku_port_address(vmk_handle port, const struct vmk_port_address *address);
enum vmk_status vmku_port_send(vmk_handle port, const void *frame, size_t bytes);
/* VMK_WOULD_BLOCK when nothing is there; VMK_TOO_LARGE leaves the frame in the queue. */
enum vmk_status vmku_port_recv(vmk_handle port, void *to, size_t size, size_t *bytes);

enum vmk_status vmku_quote(
	vmk_handle trust, const struct vmk_quote_request *request, struct vmk_quote_reply *reply);
/*
 * Up to `size` bytes of a log (VMK_LOG_*) or of the configuration's text from `offset`. *total is
 * the length of the whole, so that min(size, *total - offset) bytes were copied; none at or beyond
 * the end.
 */
enum vmk_status vmku_trust_log(vmk_handle trust, enum vmk_trust_log log, uint64_t offset, void *to,
	size_t size, uint64_t *total);
enum vmk_status vmku_config_read(
	vmk_handle config, uint64_t offset, void *to, size_t size, uint64_t *total);

/* VMK_WOULD_BLOCK when nothing was typed; at most 4096 bytes. */
enum vmk_status vmku_tty_read(vmk_handle tty, void *to, size_t size, size_t *bytes);
/* Any size. What is no printable character, "\n", "\r", "\b", or ESC [ with K, n C or n D comes out
 * as "?". */
enum vmk_status vmku_tty_write(vmk_handle tty, const char *text, size_t bytes);

/* A step of a log-in (vmkuser/auth.h). With VMK_LOGIN_PROVE and VMK_OK, vmku_start() and
 * vmku_find() know the handles that came with it. */
enum vmk_status vmku_login(vmk_handle tty, enum vmk_login_step step, struct vmk_login *login);

/* A record of vmkuser/info.h; what the kernel does not know of it stays as it is. VMK_NOT_FOUND
 * beyond the last. */
enum vmk_status vmku_info(
	vmk_handle system, enum vmk_info_kind kind, uint64_t index, void *record, size_t size);
enum vmk_status vmku_control(vmk_handle system, enum vmk_control control, uint64_t value);

/* Of a VMX world: vmkuser/vm.h. */
enum vmk_status vmku_vm_info(vmk_handle vm, struct vmk_vm_info *info);
enum vmk_status vmku_vm_file(vmk_handle vm, uint64_t index, struct vmk_vm_file *file);
/* Any size; beyond the file's end nothing is written. */
enum vmk_status vmku_vm_read(
	vmk_handle vm, uint64_t index, uint64_t offset, void *to, size_t bytes);
enum vmk_status vmku_vm_map(vmk_handle vm, uint64_t gpa, uint64_t bytes, void **address);
enum vmk_status vmku_vm_start(vmk_handle vm, const struct vmk_vm_entry *entry);
enum vmk_status vmku_vm_serve(vmk_handle vm, struct vmk_vm_exchange *exchange, uint64_t timeout_ns);
enum vmk_status vmku_vm_irq(vmk_handle vm, unsigned gsi, int level);
enum vmk_status vmku_vm_message(vmk_handle vm, uint64_t address, uint32_t data);
enum vmk_status vmku_vm_control(vmk_handle vm, enum vmk_vm_control what, uint64_t argument);

/*
 * A VM's console. Whoever holds `system` attaches to one VM (id 0: to none any more; VMK_BUSY:
 * somebody else is there) and then waits for, reads and writes it through `system`; its VMX world
 * through `vm`. At most 4096 bytes at a time. VMK_WOULD_BLOCK: nothing there, or no room;
 * VMK_NOT_PRESENT: nobody at the other end.
 */
enum vmk_status vmku_vm_attach(vmk_handle system, uint32_t id);
enum vmk_status vmku_vm_console_read(vmk_handle handle, void *to, size_t size, size_t *bytes);
enum vmk_status vmku_vm_console_write(
	vmk_handle handle, const void *from, size_t size, size_t *bytes);

#endif
