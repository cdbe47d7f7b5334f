/*
 * What commands ask of the host that they run on: the kernel's records, a few controls, the trust
 * logs, the network. A world answers with its system calls; tests answer from memory.
 */
#ifndef LIBVMK_HOST_H
#define LIBVMK_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmkapi/status.h>
#include <vmkuser/info.h>
#include <vmkuser/syscall.h>

struct ping_request {
	uint8_t address[4];
	uint16_t sequence;
	uint16_t bytes; /* of data, without the headers of ICMP and IP */
	uint32_t timeout_ms;
};
struct ping_reply {
	uint8_t ttl;
	uint16_t bytes; /* of the ICMP message */
	uint64_t time_ns;
};

struct vmk_host {
	/* As VMK_SYS_INFO; a record that the kernel knows shorter ends in zeroes. */
	enum vmk_status (*info)(
		void *context, enum vmk_info_kind kind, uint64_t index, void *record, size_t size);
	enum vmk_status (*control)(void *context, enum vmk_control control, uint64_t value);
	/* As vmku_trust_log(). */
	enum vmk_status (*trust_log)(void *context, enum vmk_trust_log log, uint64_t offset,
		void *to, size_t size, uint64_t *total);
	/*
	 * One ICMP echo, and its answer: VMK_OK, VMK_TIMEOUT, VMK_KILLED when whoever asked has
	 * interrupted it; VMK_NOT_PRESENT: no network; VMK_NOT_FOUND: no address, or no way there.
	 */
	enum vmk_status (*ping)(
		void *context, const struct ping_request *request, struct ping_reply *reply);
	/*
	 * Whoever is at the terminal is at the console of VM `id` until he leaves it: VMK_OK; or
	 * until the VM is gone: VMK_NOT_PRESENT. VMK_BUSY: somebody else is there; VMK_DENIED.
	 */
	enum vmk_status (*vm_console)(void *context, uint32_t id);
	/* Ends the session of whoever has logged in; NULL: nobody had to. */
	void (*log_out)(void *context);
	/* Waits; false when whoever asked has interrupted it. */
	bool (*pause)(void *context, unsigned milliseconds);
	void (*write)(void *context, const char *text, size_t bytes);
	void (*log)(void *context, const char *line); /* to vmkernel.log */
};

#endif
