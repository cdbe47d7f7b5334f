/* One loaded module as vmkmod/ knows it, and what modules are given (vmkapi/module.h). */
#ifndef VMKMOD_API_H
#define VMKMOD_API_H

#include "lib/types.h"
#include "vmkmod/package.h"
#include <vmkapi/module.h>

#define MODULE_BARS 6u

struct device;

/*
 * Made when a package is first started, and never freed: an interrupt's dispatcher may still hold a
 * pointer into it. It is used again when the package is.
 */
struct module {
	struct module *next; /* of all */
	const struct package *package;
	struct vmkmod self;
	struct device *device; /* NULL: it has none */
	uintptr_t base;        /* of its image */
	size_t span;           /* bytes reserved there; 0: it is not loaded */
	uintptr_t code, code_end;
	uint32_t parameters[PACKAGE_PARAMETERS_MAX]; /* in force, in the manifest's order */
	/* What it was given. */
	bool has_nic, has_interrupts;
	struct vmkapi_irq vectors[VMKAPI_VECTORS_MAX]; /* the driver lock's */
	volatile void *bars[MODULE_BARS];
	unsigned block_count;
	void *blocks[VMKAPI_BLOCKS_MAX];
	unsigned dma_count;
	struct {
		void *memory;
		size_t bytes;
	} dma[VMKAPI_DMA_MAX];
};

/* The table for modules. Read-only. */
extern const struct vmkapi vmkapi_table;

/* May the kernel call that address? It is in the module's code and begins with ENDBR64. */
bool module_has_entry(const struct module *module, uintptr_t address);
/*
 * Takes the NIC away from a module that is to be unloaded. VMK_BUSY while ports are connected to
 * it; `user` then has the name of a world that has one.
 */
enum vmk_status api_withdraw_nic(struct module *module, char *user, size_t size);
/* Calls the module's stop function, if it has one. */
void api_stop(struct module *module);
/*
 * Takes back all that the module was given, its device first, which is off the bus before its
 * memory is free. When it returns, no CPU is in a function of the module, and none will be.
 */
void api_reclaim(struct module *module);

#endif
