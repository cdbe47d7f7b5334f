/* A host for a VM's devices that remembers what they asked for. */
#ifndef TESTS_UNIT_VMX_HOST_H
#define TESTS_UNIT_VMX_HOST_H

#include "worlds/vmx/host.h"
#include <stdlib.h>
#include <string.h>
#include <vmkuser/vm.h>

static struct {
	uint64_t now, wall;
	uint32_t levels; /* bit n: GSI n is asserted */
	bool intr;       /* the 8259s ask */
	unsigned edges, messages, frames, logs, offs, resets;
	unsigned given;
	uint32_t given_last, ballooned;
	unsigned told; /* how often of its memory */
	struct vmk_vm_stats stats;
	uint64_t message_address;
	uint32_t message_data;
	uint8_t console[512], frame[2048];
	size_t console_bytes, frame_bytes;
} vmx_seen;

static void vmx_irq(void *context, unsigned gsi, bool level)
{
	vmx_seen.edges += level;
	vmx_seen.levels = (vmx_seen.levels & ~(1u << gsi)) | (uint32_t)level << gsi;
}
static void vmx_intr(void *context, bool level)
{
	vmx_seen.intr = level;
}
static void vmx_message(void *context, uint64_t address, uint32_t data)
{
	vmx_seen.messages++;
	vmx_seen.message_address = address;
	vmx_seen.message_data = data;
}
static uint64_t vmx_now(void *context)
{
	return vmx_seen.now;
}
static uint64_t vmx_wall(void *context)
{
	return vmx_seen.wall;
}
static void vmx_console(void *context, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count && vmx_seen.console_bytes < sizeof(vmx_seen.console) - 1; i++)
		vmx_seen.console[vmx_seen.console_bytes++] = bytes[i];
}
static void vmx_random(void *context, void *to, size_t bytes)
{
	memset(to, 0x5a, bytes);
}
static void vmx_send(void *context, const void *frame, size_t bytes)
{
	vmx_seen.frames++;
	vmx_seen.frame_bytes = bytes;
	memcpy(vmx_seen.frame, frame,
		bytes < sizeof(vmx_seen.frame) ? bytes : sizeof(vmx_seen.frame));
}
static void vmx_power_off(void *context)
{
	vmx_seen.offs++;
}
static void vmx_give_back(void *context, const uint32_t *pages, unsigned count)
{
	if (!count || count > VMK_VM_PAGES_MAX)
		abort();
	vmx_seen.given += count;
	vmx_seen.given_last = pages[count - 1];
}
static void vmx_ballooned(void *context, uint32_t pages)
{
	vmx_seen.ballooned = pages;
}
static void vmx_memory_stats(void *context, const struct vmk_vm_stats *stats)
{
	if (stats->known >> VMK_VM_STAT_COUNT)
		abort();
	vmx_seen.told++;
	vmx_seen.stats = *stats;
}
static void vmx_reset(void *context)
{
	vmx_seen.resets++;
}
static void vmx_log(void *context, const char *line)
{
	vmx_seen.logs++;
}

static const struct host_ops vmx_host_ops = {vmx_irq, vmx_intr, vmx_message, vmx_now, vmx_wall,
	vmx_console, vmx_random, vmx_send, vmx_power_off, vmx_reset, vmx_give_back, vmx_ballooned,
	vmx_memory_stats, vmx_log};
static const struct host vmx_host = {.ops = &vmx_host_ops};

#endif
