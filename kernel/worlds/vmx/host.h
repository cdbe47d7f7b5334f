/* What a VM's devices ask of the world around them: system calls in the VMX world, a log in tests.
 */
#ifndef VMX_HOST_H
#define VMX_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmkuser/vm.h>

#define HOST_NEVER UINT64_MAX

struct host_ops {
	/* An input of the I/O APIC; level is its new state. */
	void (*irq)(void *context, unsigned gsi, bool level);
	/* The 8259s' output: an interrupt for vCPU 0 whose vector pic_acknowledge() tells. */
	void (*intr)(void *context, bool level);
	/* A message-signalled interrupt (SDM 3A, 11.11). */
	void (*message)(void *context, uint64_t address, uint32_t data);
	uint64_t (*now)(void *context);  /* nanoseconds, monotonic */
	uint64_t (*wall)(void *context); /* nanoseconds since 1970-01-01 UTC */
	/* What the guest says on its console. */
	void (*console)(void *context, const uint8_t *bytes, size_t count);
	void (*random)(void *context, void *to, size_t bytes);
	/* An Ethernet frame leaves; whoever cannot take it drops it. */
	void (*send)(void *context, const void *frame, size_t bytes);
	/* The guest asks for its power off, or for a reset of the whole board; not at once. */
	void (*power_off)(void *context);
	void (*reset)(void *context);
	/* Pages that the guest gives up, by guest-physical page number, at most VMK_VM_PAGES_MAX:
	 * they may be no RAM at all. They are zero when they are touched again. */
	void (*give_back)(void *context, const uint32_t *pages, unsigned count);
	/* How many it has given up, as it says. */
	void (*ballooned)(void *context, uint32_t pages);
	/* What it says of its memory. */
	void (*memory_stats)(void *context, const struct vmk_vm_stats *stats);
	/* One line, without its end, about a device of this VM. */
	void (*log)(void *context, const char *line);
};
struct pic;
struct host {
	const struct host_ops *ops; /* every one is there */
	void *context;
	struct pic *pic; /* that has the same inputs; NULL: none */
};
/* A device's interrupt: to both. */
void host_irq(const struct host *host, unsigned gsi, bool level);

#endif
