/* sources: kernel/vmkmod/module.c kernel/vmkmod/api.c */
/* cflags: -fcf-protection=branch */
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
#include "tests/unit/shim/journal.h"
#include "vmkdev/device.h"
#include "vmkmod/api.h"
#include "vmkmod/elf.h"
#include "vmkmod/module.h"
#include "vmkmod/package.h"
#include "vmknet/switch.h"

static struct dma_space bus_addresses;
static struct device nic = {.space = &bus_addresses};
static bool locked, want_vectors, two_codes;
static uintptr_t entry_off;
static int heap_blocks;
static unsigned place_fails_at;
static struct {
	irq_handler handler;
	void *argument;
} interrupt;
static const struct uplink_ops *uplink;
static enum vmk_status (*start)(struct vmkmod *self);
static char port_user[32]; /* the world with a port on the uplink; empty: none */
static size_t given_back;  /* bytes of address space */

/* The image lies where the code of this test is, so that the loader sees its landing pads. */
#define CODE_BYTES  0x100000ul
#define IMAGE_BYTES (CODE_BYTES + 0x1000)
static uintptr_t image_base(void)
{
	return ALIGN_DOWN((uintptr_t)start, PAGE_SIZE) - CODE_BYTES / 2;
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
	assert_int_equal(bytes, IMAGE_BYTES);
	*address = image_base();
	return VMK_OK;
}
enum vmk_status space_alloc_at(struct space *space, uintptr_t address, size_t bytes, unsigned prot)
{
	assert_int_not_equal(prot & (PROT_W | PROT_X), PROT_W | PROT_X);
	note("map %lx %s%s; ", address - image_base(), prot & PROT_W ? "w" : "",
		prot & PROT_X ? "x" : "");
	return VMK_OK;
}
enum vmk_status space_write(struct space *space, uintptr_t to, const void *from, size_t bytes)
{
	return VMK_OK;
}
enum vmk_status space_free(struct space *space, uintptr_t address, size_t bytes)
{
	assert_int_equal(address, image_base());
	note("unmap; ");
	given_back += bytes;
	return VMK_OK;
}
enum vmk_status elf_parse(const void *data, size_t bytes, struct elf_image *image, const char **why)
{
	image->span = IMAGE_BYTES;
	image->segments[0] = (struct elf_segment){.bytes = CODE_BYTES, .executable = true};
	image->segments[1] = (struct elf_segment){
		.address = CODE_BYTES, .bytes = 0x1000, .executable = two_codes};
	image->segment_count = 2;
	image->entry = (uintptr_t)start - image_base() + entry_off;
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
			ops->map(context, base + i * CODE_BYTES, 0x1000, i == 1, i == 0), VMK_OK);
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
void device_stop(struct device *device)
{
	note("silent; ");
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
	if (index != 2)
		return VMK_NOT_PRESENT;
	*registers = journal;
	return VMK_OK;
}
void device_unmap_bar(struct device *device, unsigned index, volatile void *registers)
{
	assert_ptr_equal(registers, journal);
	note("unmap bar %u; ", index);
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
enum vmk_status switch_uplink_remove(char *user, size_t size)
{
	if (user && port_user[0]) {
		snprintf(user, size, "%s", port_user);
		return VMK_BUSY;
	}
	note("no uplink; ");
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

static const struct package package = {.name = "e1000",
	.pci = {{0x8086, 0x100f}, {0x8086, 0x100e}},
	.pci_count = 2,
	.parameters = {{"speed", 1, 9, 5}, {"depth", 1, 9, 5}},
	.parameter_count = 2};
static const uint32_t parameters[PACKAGE_PARAMETERS_MAX] = {3, 4};
static struct module *module;
static bool handled;
static char mine[] = "mine", context_of_nic[] = "nic";
static void *no_pad; /* an address in the code that is no function's beginning */

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

static unsigned room_for_frames(void *context, unsigned *most)
{
	assert_true(locked);
	assert_string_equal(context, "nic");
	*most = 9;
	return 4;
}

static void take_interrupts(struct vmkmod *self)
{
	const struct vmkapi_irq vectors[] = {{NULL, NULL}, {handle, mine}};
	const struct vmkapi *api = self->api;
	enum vmkapi_irq_mode mode;
	unsigned granted = 0;

	assert_int_equal(api->irq_attach(self, (void (*)(void *))no_pad, mine), VMK_BAD_ADDRESS);
	if (!want_vectors) {
		assert_int_equal(api->irq_attach(self, handle, mine), VMK_OK);
		return;
	}
	assert_int_equal(api->irq_attach_vectors(self, 0, vectors, &granted, &mode), VMK_BAD_PARAM);
	assert_int_equal(
		api->irq_attach_vectors(self, VMKAPI_VECTORS_MAX + 1, vectors, &granted, &mode),
		VMK_BAD_PARAM);
	assert_int_equal(api->irq_attach_vectors(self, 2, vectors, &granted, &mode), VMK_OK);
	assert_int_equal(granted, 2);
	assert_int_equal(mode, VMKAPI_IRQ_MSIX);
	assert_int_equal(api->irq_attach_vectors(self, 2, vectors, &granted, &mode), VMK_EXISTS);
}

static void take_memory(struct vmkmod *self)
{
	const struct vmkapi *api = self->api;
	volatile void *registers;
	void *memory, *other;
	uint64_t bus;

	assert_int_equal(api->dma_alloc(self, 0, &memory, &bus), VMK_BAD_PARAM);
	assert_int_equal(api->dma_alloc(self, PAGE_SIZE, &memory, &bus), VMK_OK);
	assert_int_equal(api->dma_alloc(self, PAGE_SIZE + 1, &other, &bus), VMK_OK);
	assert_int_equal(bus, 0x1000);
	api->dma_free(self, memory, PAGE_SIZE + 7); /* not as it was allocated: nothing happens */
	api->dma_free(self, memory, PAGE_SIZE);
	api->dma_free(self, NULL, PAGE_SIZE);
	assert_int_equal(api->map_bar(self, 6, &registers), VMK_BAD_PARAM);
	assert_int_equal(api->map_bar(self, 1, &registers), VMK_NOT_PRESENT);
	assert_int_equal(api->map_bar(self, 2, &registers), VMK_OK);
	assert_int_equal(api->map_bar(self, 2, &registers), VMK_EXISTS);
}

static enum vmk_status take_everything(struct vmkmod *self)
{
	static const struct vmkapi_nic_ops ops = {send_frame, room_for_frames};
	const struct vmkapi_nic_ops no_pads = {
		(enum vmk_status(*)(void *, const void *, size_t))no_pad, room_for_frames};
	const struct vmkapi_nic_ops half = {send_frame, (unsigned (*)(void *, unsigned *))no_pad};
	static const uint8_t mac[6] = {2};
	const struct vmkapi *api = self->api;
	void *block = NULL;

	assert_int_equal(api->version, VMKAPI_VERSION);
	assert_int_equal(api->size, sizeof(*api));
	assert_ptr_equal(self->pci, &nic.api);
	api->log("hello %d", 7);
	assert_int_equal(api->parameter(self, "depth"), 4);
	assert_int_equal(api->parameter(self, "width"), 0);
	take_memory(self);
	for (unsigned i = 0; i < VMKAPI_BLOCKS_MAX; i++)
		block = api->alloc(self, 8);
	assert_non_null(block);
	assert_null(api->alloc(self, 8));
	api->free(self, block);
	api->free(self, NULL);
	take_interrupts(self);
	api->nic_link(self, 1); /* it has none yet */
	assert_int_equal(api->nic_register(self, mac, &no_pads, NULL), VMK_BAD_ADDRESS);
	assert_int_equal(api->nic_register(self, mac, &half, NULL), VMK_BAD_ADDRESS);
	assert_int_equal(api->nic_register(self, mac, &ops, context_of_nic), VMK_OK);
	assert_int_equal(api->nic_register(self, mac, &ops, context_of_nic), VMK_EXISTS);
	api->nic_link(self, 1);
	return VMK_OK;
}

static enum vmk_status take_and_fail(struct vmkmod *self)
{
	take_everything(self);
	return VMK_IO_ERROR;
}

static enum vmk_status uplink_calls(void)
{
	enum vmk_status status;

	locked = false; /* as on another CPU, once it has the lock */
	status = uplink->send(NULL, "", 0);
	locked = true;
	return status;
}

static void stop_module(struct vmkmod *self)
{
	assert_true(locked);
	assert_int_equal(uplink_calls(), VMK_NOT_PRESENT);
	note("stop; ");
}

static enum vmk_status take_and_offer_stop(struct vmkmod *self)
{
	self->stop = stop_module;
	return take_everything(self);
}

static enum vmk_status offer_bad_stop(struct vmkmod *self)
{
	self->stop = (void (*)(struct vmkmod *))no_pad;
	return VMK_OK;
}

static enum vmk_status start_it(const char **why)
{
	return module_start(&package, parameters, &module, why);
}

#define MAPS  "bind e1000; map 0 x; map 100000 w; "
#define GIVEN MAPS "log hello 7; dma 4096; dma 4097; free 4096; "

static void test_failure_takes_back(void **state)
{
	const char *why;

	start = take_and_fail;
	assert_int_equal(start_it(&why), VMK_IO_ERROR);
	assert_string_equal(why, "its start function failed");
	/* The device is off the bus before its memory is free. */
	assert_string_equal(journal,
		GIVEN "irq 1; uplink; link 1; silent; no uplink; detach; unmap bar 2; "
		      "free 4097; release; unmap; ");
	assert_int_equal(given_back, IMAGE_BYTES);
	/* An interrupt that was in flight may still come; it reaches nobody. */
	interrupt.handler(interrupt.argument);
	assert_false(handled);
	assert_int_equal(uplink->send(NULL, "", 0), VMK_NOT_PRESENT);
}

static void test_bad_image(void **state)
{
	char where[32];
	const char *why;

	start = take_everything;
	place_fails_at = 1;
	assert_int_equal(start_it(&why), VMK_BAD_FORMAT);
	assert_string_equal(why, "bad relocation");
	assert_string_equal(journal, "bind e1000; map 0 x; silent; release; unmap; ");
	assert_false(module_describe((uintptr_t)start, where, sizeof(where)));
}

static void test_two_code_segments(void **state)
{
	const char *why;

	start = take_everything;
	two_codes = true;
	assert_int_equal(start_it(&why), VMK_BAD_FORMAT);
	assert_string_equal(why, "it has more than one executable segment");
	assert_string_equal(journal, "bind e1000; silent; release; ");
}

static void test_landing_pads(void **state)
{
	const char *why;

	start = take_everything;
	entry_off = 4;
	assert_int_equal(start_it(&why), VMK_BAD_FORMAT);
	assert_string_equal(why, "its entry point has no landing pad (ENDBR64)");
	assert_string_equal(journal, MAPS "silent; release; unmap; ");

	journal[0] = 0;
	entry_off = 0;
	start = offer_bad_stop;
	assert_int_equal(start_it(&why), VMK_BAD_ADDRESS);
	assert_string_equal(why, "its stop function has no landing pad (ENDBR64)");
	assert_string_equal(journal, MAPS "silent; release; unmap; ");
}

static void test_no_device(void **state)
{
	struct package other = package;
	const char *why;

	other.pci_count = 1;
	assert_int_equal(module_start(&other, parameters, &module, &why), VMK_NOT_FOUND);
	assert_string_equal(why, "there is no device that it drives");
	assert_string_equal(journal, "");
}

/* Loaded, in use, unloaded, and loaded again: with the record that it had. */
static void test_life(void **state)
{
	char where[32], user[32];
	struct module *first;
	const char *why;
	unsigned most;
	int blocks;

	start = take_and_offer_stop;
	want_vectors = true;
	assert_int_equal(start_it(&why), VMK_OK);
	assert_null(why);
	first = module;
	blocks = heap_blocks;
	assert_string_equal(journal, GIVEN "irq 2 several; uplink; link 1; ");
	interrupt.handler(interrupt.argument);
	assert_true(handled);
	assert_true(module_describe(image_base() + 0x800, where, sizeof(where)));
	assert_string_equal(where, "e1000+0x800");
	assert_false(module_describe(image_base() + CODE_BYTES, where, sizeof(where)));
	assert_int_equal(module_bytes(module), IMAGE_BYTES);
	assert_int_equal(uplink->send(NULL, "", 0), VMK_NO_RESOURCES);
	assert_int_equal(uplink->room(NULL, &most), 4);
	assert_int_equal(most, 9);

	journal[0] = 0;
	strcpy(port_user, "agent");
	assert_int_equal(module_stop(module, user, sizeof(user)), VMK_BUSY);
	assert_string_equal(user, "agent");
	assert_string_equal(journal, "");
	port_user[0] = 0;
	assert_int_equal(module_stop(module, user, sizeof(user)), VMK_OK);
	assert_int_equal(heap_blocks, blocks - (int)VMKAPI_BLOCKS_MAX + 1);
	assert_string_equal(journal,
		"no uplink; stop; silent; detach; unmap bar 2; free 4097; release; unmap; ");
	handled = false;
	interrupt.handler(interrupt.argument);
	assert_false(handled);
	assert_false(module_describe(image_base() + 0x800, where, sizeof(where)));
	assert_int_equal(module_bytes(module), 0);

	assert_int_equal(start_it(&why), VMK_OK);
	assert_ptr_equal(module, first);
	assert_int_equal(heap_blocks, blocks);
	assert_int_equal(module_stop(module, user, sizeof(user)), VMK_OK);
	assert_false(locked);
}

static int reset(void **state)
{
	journal[0] = 0;
	place_fails_at = 9;
	given_back = entry_off = 0;
	two_codes = want_vectors = handled = false;
	no_pad = (char *)(uintptr_t)take_everything + 1;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_failure_takes_back, reset),
		cmocka_unit_test_setup(test_bad_image, reset),
		cmocka_unit_test_setup(test_two_code_segments, reset),
		cmocka_unit_test_setup(test_landing_pads, reset),
		cmocka_unit_test_setup(test_no_device, reset),
		cmocka_unit_test_setup(test_life, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
