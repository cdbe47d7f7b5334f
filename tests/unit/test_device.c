/* sources: kernel/vmkdev/device.c kernel/vmkdev/device_irq.c kernel/vmkdev/pci.c */
/* sources: kernel/vmkdev/msi.c kernel/vmkdev/pci_acs.c kernel/boot/memory_map.c */
/* What a device that lies gets its driver to touch: registers of others, the MSI-X table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot/boot_info.h"
#include "boot/memory_map.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mem/heap.h"
#include "mem/space.h"
#include "vmkdev/device.h"
#include "vmkdev/iommu.h"
#include "vmkdev/msi.h"

#define MSIX_AT   0x70
#define BAR       0xd0000000u
#define BAR_BYTES 0x8000u
#define UNIT      0xc8000000u

static struct boot_info info;
const struct boot_info *boot_info = &info;

/* --- the functions 00:02.0 and, where it has an id, 00:03.0 */

static uint32_t words[64], other_words[64];
static uint32_t bar_mask;
static bool lies; /* from now on its MSI-X table is larger and elsewhere */

static uint32_t read_word(void *context, struct pci_address a, unsigned offset)
{
	if (a.bus || a.function || offset >= 256)
		return UINT32_MAX;
	if (a.slot == 3 && other_words[0])
		return other_words[offset / 4];
	if (a.slot != 2)
		return UINT32_MAX;
	if (lies && offset == MSIX_AT)
		return words[offset / 4] | 0x7ffu << 16;
	if (lies && offset == MSIX_AT + 4)
		return 0;
	return words[offset / 4];
}

static void write_word(void *context, struct pci_address a, unsigned offset, uint32_t value)
{
	if (offset == 4) /* the status half */
		value = (value & 0xffff) | (words[1] & 0xffff0000);
	else if (offset == 0x10)
		value &= bar_mask;
	else if (offset > 0x10 && offset < 0x28)
		value = 0;
	(a.slot == 3 ? other_words : words)[offset / 4] = value;
}

const struct pci_ops pci_machine = {read_word, write_word};

/* --- the kernel around it */

static uint32_t table[MSIX_VECTORS_MAX * 4];
static size_t table_bytes, hole, hole_bytes;

void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
}
void panic(const char *format, ...)
{
	abort();
}
/* One device's worth: nothing of it is ever given back but by the next test. */
static uint8_t arena[8192] __attribute__((aligned(16)));
static size_t arena_used;

void *heap_calloc(size_t count, size_t bytes)
{
	void *at = arena + arena_used;

	arena_used += ALIGN_UP(count * bytes, 16);
	assert_true(arena_used <= sizeof(arena));
	memset(at, 0, count * bytes);
	return at;
}
void heap_free(void *memory)
{
}
void iommu_init(struct device *devices, unsigned count)
{
}
enum vmk_status iommu_open(struct device *device)
{
	return VMK_OK;
}
bool iommu_has_registers(uint64_t start, uint64_t bytes)
{
	return start < UNIT + PAGE_SIZE && UNIT < start + bytes;
}
enum vmk_status space_map_device(struct hpa address, size_t bytes, volatile void **mapped)
{
	assert_int_equal(table_bytes, 0);
	table_bytes = bytes;
	*mapped = table;
	return VMK_OK;
}
void space_unmap_device(volatile void *mapped, size_t bytes)
{
	assert_ptr_equal(mapped, table);
	assert_int_equal(bytes, table_bytes);
	table_bytes = 0;
}
enum vmk_status space_map_device_without(
	struct hpa address, size_t bytes, size_t from, size_t from_bytes, volatile void **mapped)
{
	hole = from;
	hole_bytes = from_bytes;
	*mapped = table;
	return VMK_OK;
}
enum vmk_status irq_attach_message(uint16_t source, irq_handler handler, void *argument,
	struct irq_message *message, unsigned *slot)
{
	*message = (struct irq_message){0xfee00000, 0x40};
	*slot = 1;
	return VMK_OK;
}
void irq_detach_message(unsigned slot)
{
}
enum vmk_status irq_attach_gsi(
	uint32_t gsi, int level_triggered, int active_low, irq_handler handler, void *argument)
{
	return VMK_NO_RESOURCES;
}
void irq_detach_gsi(uint32_t gsi, const void *argument)
{
}
uint32_t irq_isa_gsi(unsigned irq, int *level_triggered, int *active_low)
{
	*level_triggered = *active_low = 0;
	return irq;
}

/* --- tests */

/* A NIC with one BAR of 32 KiB, and an MSI-X table of 8 entries at 0x4000 of it. */
static struct device *bind(uint32_t bar)
{
	struct device *device = NULL;

	memset(words, 0, sizeof(words));
	memset(table, 0, sizeof(table));
	table_bytes = hole = hole_bytes = arena_used = 0;
	lies = false;
	words[0] = 0x10d38086;
	words[1] = 0x00100000;
	words[2] = 0x02000000;
	words[0x10 / 4] = bar;
	bar_mask = ~(BAR_BYTES - 1);
	words[0x34 / 4] = MSIX_AT;
	words[MSIX_AT / 4] = 0x0007u << 16 | PCI_CAP_MSIX;
	words[MSIX_AT / 4 + 1] = 0x4000;
	device_init();
	assert_int_equal(device_bind(0x8086, 0x10d3, "nic", &device), VMK_OK);
	return device;
}

static void handler(void *argument)
{
}

static enum vmk_status attach(struct device *device)
{
	void *arguments[1] = {NULL};
	unsigned granted;

	return device_irq_attach(device, true, 1, handler, arguments, &granted);
}

static void test_table_is_left_out(void **state)
{
	struct device *device = bind(BAR);
	volatile void *registers;

	assert_int_equal(device_map_bar(device, 0, &registers), VMK_OK);
	assert_int_equal(hole, 0x4000);
	assert_int_equal(hole_bytes, 8 * MSIX_ENTRY_BYTES);
	assert_int_equal(attach(device), VMK_OK);
	assert_int_equal(table_bytes, 8 * MSIX_ENTRY_BYTES);
	device_irq_detach(device);
	assert_int_equal(table_bytes, 0);
}

/* A driver that finds too few registers before the table does not start, instead of faulting. */
static void test_table_among_registers(void **state)
{
	static const struct {
		uint32_t offset;
		uint64_t bytes;
	} rows[] = {{0x4000, 0x4000}, {0x7f80, 0x7000}, {0x1010, 0x1000}, {0x40, 0}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct device *device = bind(BAR), *again;

		device_release(device);
		words[MSIX_AT / 4 + 1] = rows[i].offset;
		assert_int_equal(device_bind(0x8086, 0x10d3, "nic", &again), VMK_OK);
		assert_int_equal(again->api.bar[0].bytes, rows[i].bytes);
		assert_int_equal(again->pci.bars[0].bytes, BAR_BYTES);
	}
}

/* Two functions that claim the same addresses: whoever comes second has none. */
static void test_registers_of_another_driver(void **state)
{
	struct device *first = bind(BAR), *second;
	volatile void *registers;

	other_words[0] = 0x10d48086;
	other_words[2] = 0x02000000;
	other_words[0x10 / 4] = BAR + BAR_BYTES / 2;
	bar_mask = ~(BAR_BYTES / 2 - 1);
	arena_used = 0;
	device_init();
	assert_int_equal(device_bind(0x8086, 0x10d4, "other", &second), VMK_OK);
	assert_int_equal(device_map_bar(second, 0, &registers), VMK_OK);
	bar_mask = ~(BAR_BYTES - 1);
	assert_int_equal(device_bind(0x8086, 0x10d3, "nic", &first), VMK_OK);
	assert_int_equal(device_map_bar(first, 0, &registers), VMK_DENIED);
	device_release(second);
	hole_bytes = 0;
	assert_int_equal(device_map_bar(first, 0, &registers), VMK_OK);
	assert_int_not_equal(hole_bytes, 0);
	memset(other_words, 0, sizeof(other_words));
}

/* What its configuration space says later changes nothing: not the pages that its driver has, nor
 * how much is written where its table was mapped. */
static void test_table_is_asked_for_once(void **state)
{
	struct device *device = bind(BAR);
	volatile void *registers;

	assert_int_equal(attach(device), VMK_OK);
	device_irq_detach(device);
	memset(table, 0, sizeof(table));
	lies = true;
	assert_int_equal(device_map_bar(device, 0, &registers), VMK_OK);
	assert_int_equal(hole, 0x4000);
	assert_int_equal(attach(device), VMK_OK);
	assert_int_equal(table_bytes, 8 * MSIX_ENTRY_BYTES);
	for (unsigned i = 8 * 4; i < ARRAY_SIZE(table); i++)
		assert_int_equal(table[i], 0);
	device_irq_detach(device);
}

static void refused(uint32_t bar)
{
	struct device *device = bind(bar);
	volatile void *registers;

	assert_int_equal(device_map_bar(device, 0, &registers), VMK_DENIED);
	assert_int_not_equal(attach(device), VMK_OK);
	assert_int_equal(table_bytes, 0);
}

static void test_registers_of_others(void **state)
{
	memory_map_set(&info, 0x100000, 0x10000000, BOOT_MEMORY_USABLE);
	memory_map_set(&info, 0xe0000000, 0xf0000000, BOOT_MEMORY_RESERVED);
	info.ecam = hpa(0xe0000000);
	info.ecam_last_bus = 255;
	refused(0x0fff8000); /* memory */
	refused(UNIT & ~(BAR_BYTES - 1));
	refused(0xe0010000); /* configuration space */
	refused(0xfed20000); /* TXT */
	refused(0xfee00000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_left_out),
		cmocka_unit_test(test_table_among_registers),
		cmocka_unit_test(test_registers_of_another_driver),
		cmocka_unit_test(test_table_is_asked_for_once),
		cmocka_unit_test(test_registers_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
