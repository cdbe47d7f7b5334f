/* sources: kernel/vmkmod/module.c kernel/vmkmod/api.c */
/* Starting a driver module: what it is given, and that all of it is taken back when it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/time.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mem/heap.h"
#include "mem/space.h"
#include "vmkdev/device.h"
#include "vmkmod/api.h"
#include "vmkmod/elf.h"
#include "vmkmod/module.h"
#include "vmkmod/package.h"
#include "vmknet/switch.h"

static char journal[4096];
static struct dma_space bus_addresses;
static struct device nic = {.space = &bus_addresses};
static bool locked, want_vectors;
static int heap_blocks;
static unsigned place_fails_at;
static struct {
	irq_handler handler;
	void *argument;
} interrupt;
static const struct uplink_ops *uplink;
static enum vmk_status (*start)(const struct vmkapi *api, const struct vmkapi_pci *pci);

static void note(const char *format, ...)
{
	size_t at = strlen(journal);
	va_list args;

	va_start(args, format);
	vsnprintf(journal + at, sizeof(journal) - at, format, args);
	va_end(args);
}

/* --- the kernel around module.c and api.c --- */

void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
}
void log_vprintf(
	enum log_severity severity, const char *module, int line, const char *format, va_list args)
{
	char text[128];

	vsnprintf(text, sizeof(text), format, args);
	note("log %s; ", text);
}
void panic(const char *format, ...)
{
	abort();
}
void *heap_alloc(size_t bytes)
{
	heap_blocks++;
	return calloc(1, bytes);
}
void heap_free(void *memory)
{
	heap_blocks -= memory != NULL;
	free(memory);
}
uint64_t spin_lock(struct spinlock *lock)
{
	assert_int_equal(lock->level, LOCK_DEVICE);
	assert_false(locked);
	locked = true;
	return 0;
}
void spin_unlock(struct spinlock *lock, uint64_t saved)
{
	locked = false;
}
uint64_t time_ns(void)
{
	return 42;
}
void time_spin_us(uint32_t microseconds)
{
}
struct space *kernel_space(void)
{
	return NULL;
}
enum vmk_status space_reserve(struct space *space, size_t bytes, uintptr_t *address)
{
	*address = 0x1000;
	return VMK_OK;
}
enum vmk_status space_alloc_at(struct space *space, uintptr_t address, size_t bytes, unsigned prot)
{
	assert_int_not_equal(prot & (PROT_W | PROT_X), PROT_W | PROT_X);
	note("map %lx %s%s; ", address, prot & PROT_W ? "w" : "", prot & PROT_X ? "x" : "");
	return VMK_OK;
}
enum vmk_status space_write(struct space *space, uintptr_t to, const void *from, size_t bytes)
{
	return VMK_OK;
}
enum vmk_status space_free(struct space *space, uintptr_t address, size_t bytes)
{
	note("unmap %lx; ", address);
	return VMK_OK;
}
enum vmk_status elf_parse(const void *data, size_t bytes, struct elf_image *image, const char **why)
{
	image->span = 0x3000;
	image->segments[0] = (struct elf_segment){.bytes = 0x1000, .executable = true};
	image->segment_count = 1;
	image->entry = (uintptr_t)start - 0x1000; /* the base that space_reserve() gives */
	return VMK_OK;
}
enum vmk_status elf_place(const struct elf_image *image, uintptr_t base,
	const struct elf_place_ops *ops, void *context, const char **why)
{
	for (unsigned i = 0; i < 2; i++) {
		if (i == place_fails_at) {
			*why = "bad relocation";
			return VMK_BAD_FORMAT;
		}
		assert_int_equal(
			ops->map(context, base + i * 0x1000, 0x1000, i == 1, i == 0), VMK_OK);
	}
	return VMK_OK;
}
enum vmk_status device_bind(
	uint16_t vendor, uint16_t id, const char *driver, struct device **device)
{
	if (vendor != 0x8086 || id != 0x100e)
		return VMK_NOT_FOUND;
	note("bind %s; ", driver);
	*device = &nic;
	return VMK_OK;
}
void device_release(struct device *device)
{
	note("release; ");
}
enum vmk_status device_enable(struct device *device)
{
	return VMK_OK;
}
enum vmk_status device_map_bar(struct device *device, unsigned index, volatile void **registers)
{
	return VMK_NOT_PRESENT;
}
struct device *device_of(const struct vmkapi_pci *api)
{
	assert_ptr_equal(api, &nic.api);
	return &nic;
}
enum vmk_status dma_alloc(struct dma_space *space, size_t bytes, void **memory, uint64_t *bus)
{
	assert_ptr_equal(space, nic.space);
	if (bytes == 0)
		return VMK_BAD_PARAM;
	*memory = malloc(bytes);
	*bus = 0x1000;
	note("dma %zu; ", bytes);
	return VMK_OK;
}
void dma_free(struct dma_space *space, void *memory, size_t bytes)
{
	assert_ptr_equal(space, nic.space);
	free(memory);
	note("free %zu; ", bytes);
}
enum vmk_status device_irq_attach(struct device *device, bool several, unsigned count,
	irq_handler handler, void *const arguments[], unsigned *granted)
{
	note("irq %u%s; ", count, several ? " several" : "");
	interrupt.handler = handler;
	interrupt.argument = arguments[count - 1];
	device->irq.mode = several ? VMKAPI_IRQ_MSIX : VMKAPI_IRQ_MSI;
	*granted = count;
	return VMK_OK;
}
void device_irq_detach(struct device *device)
{
	note("detach; ");
}
enum vmk_status switch_uplink_add(
	const char *name, const uint8_t mac[6], const struct uplink_ops *ops, void *context)
{
	note("uplink; ");
	uplink = ops;
	return VMK_OK;
}
void switch_uplink_link(bool up)
{
	note("link %d; ", up);
}
void switch_uplink_receive(const void *frame, size_t bytes)
{
}

/* --- modules --- */

static const struct package package = {
	.name = "e1000", .pci = {{0x8086, 0x100f}, {0x8086, 0x100e}}, .pci_count = 2};
static bool handled;
static char mine[] = "mine", context_of_nic[] = "nic";
static void *kept; /* DMA memory of the module that runs in the end */

static void handle(void *argument)
{
	assert_true(locked);
	assert_string_equal(argument, "mine");
	handled = true;
}

static enum vmk_status send_frame(void *context, const void *frame, size_t bytes)
{
	assert_true(locked);
	assert_string_equal(context, "nic");
	return VMK_NO_RESOURCES;
}

static void take_interrupts(const struct vmkapi *api, const struct vmkapi_pci *pci)
{
	const struct vmkapi_irq vectors[] = {{NULL, NULL}, {handle, mine}};
	enum vmkapi_irq_mode mode;
	unsigned granted = 0;

	if (!want_vectors) {
		assert_int_equal(api->irq_attach(pci, handle, mine), VMK_OK);
		return;
	}
	assert_int_equal(api->irq_attach_vectors(pci, 0, vectors, &granted, &mode), VMK_BAD_PARAM);
	assert_int_equal(
		api->irq_attach_vectors(pci, VMKAPI_VECTORS_MAX + 1, vectors, &granted, &mode),
		VMK_BAD_PARAM);
	assert_int_equal(api->irq_attach_vectors(pci, 2, vectors, &granted, &mode), VMK_OK);
	assert_int_equal(granted, 2);
	assert_int_equal(mode, VMKAPI_IRQ_MSIX);
}

static enum vmk_status take_everything(const struct vmkapi *api, const struct vmkapi_pci *pci)
{
	static const struct vmkapi_nic_ops ops = {send_frame};
	static const uint8_t mac[6] = {2};
	void *memory, *other;
	uint64_t bus;

	assert_int_equal(api->version, VMKAPI_VERSION);
	assert_int_equal(api->size, sizeof(*api));
	assert_ptr_equal(pci, &nic.api);
	api->log("hello %d", 7);
	assert_int_equal(api->dma_alloc(pci, 0, &memory, &bus), VMK_BAD_PARAM);
	assert_int_equal(api->dma_alloc(pci, PAGE_SIZE, &memory, &bus), VMK_OK);
	assert_int_equal(api->dma_alloc(pci, PAGE_SIZE + 1, &other, &bus), VMK_OK);
	assert_int_equal(bus, 0x1000);
	api->dma_free(pci, memory, PAGE_SIZE);
	kept = other;
	take_interrupts(api, pci);
	assert_int_equal(api->nic_register(mac, &ops, context_of_nic), VMK_OK);
	assert_int_equal(api->nic_register(mac, &ops, context_of_nic), VMK_EXISTS);
	return VMK_OK;
}

static enum vmk_status take_and_fail(const struct vmkapi *api, const struct vmkapi_pci *pci)
{
	take_everything(api, pci);
	return VMK_IO_ERROR;
}

#define GIVEN "bind e1000; map 1000 x; map 2000 w; log hello 7; dma 4096; dma 4097; free 4096; "

/* First: the failure, as a module that started keeps its NIC for good. */
static void test_failure_takes_back(void **state)
{
	const char *why;

	start = take_and_fail;
	place_fails_at = 9;
	assert_int_equal(module_start(&package, &why), VMK_IO_ERROR);
	assert_string_equal(why, "its start function failed");
	/* The device is off the bus before its memory is free. */
	assert_string_equal(journal,
		GIVEN "irq 1; uplink; release; link 0; detach; free 4097; unmap 1000; "
		      "unmap 2000; ");
	/* An interrupt that was in flight may still come; it reaches nobody. */
	assert_int_equal(heap_blocks, 1);
	interrupt.handler(interrupt.argument);
	assert_false(handled);
	assert_int_equal(uplink->send(NULL, "", 0), VMK_NOT_PRESENT);
}

static void test_bad_image(void **state)
{
	char where[32];
	const char *why;

	journal[0] = 0;
	place_fails_at = 1;
	assert_int_equal(module_start(&package, &why), VMK_BAD_FORMAT);
	assert_string_equal(why, "bad relocation");
	assert_string_equal(journal, "bind e1000; map 1000 x; release; unmap 1000; ");
	assert_false(module_describe(0x1800, where, sizeof(where)));
}

static void test_no_device(void **state)
{
	struct package other = package;
	const char *why;

	journal[0] = 0;
	other.pci_count = 1;
	assert_int_equal(module_start(&other, &why), VMK_OK);
	assert_string_equal(journal, "");
}

static void test_start(void **state)
{
	char where[32];
	const char *why;

	journal[0] = 0;
	start = take_everything;
	place_fails_at = 9;
	want_vectors = true;
	assert_int_equal(module_start(&package, &why), VMK_OK);
	assert_string_equal(journal, GIVEN "irq 2 several; uplink; ");
	assert_int_equal(heap_blocks, 1);
	interrupt.handler(interrupt.argument);
	assert_true(handled);
	assert_true(module_describe(0x1800, where, sizeof(where)));
	assert_string_equal(where, "e1000+0x800");
	assert_false(module_describe(0x2000, where, sizeof(where)));
	assert_false(locked);
	assert_int_equal(uplink->send(NULL, "", 0), VMK_NO_RESOURCES);
	free(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failure_takes_back),
		cmocka_unit_test(test_bad_image),
		cmocka_unit_test(test_no_device),
		cmocka_unit_test(test_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
