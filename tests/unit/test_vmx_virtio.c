/* sources: kernel/worlds/vmx/bus.c kernel/worlds/vmx/gmem.c kernel/worlds/vmx/pci.c */
/* sources: kernel/worlds/vmx/virtio.c kernel/worlds/vmx/virtqueue.c kernel/worlds/vmx/net.c */
/* sources: kernel/worlds/vmx/disk.c kernel/worlds/vmx/entropy.c kernel/worlds/vmx/vconsole.c */
/* sources: kernel/worlds/vmx/pic.c */
/* sources: kernel/worlds/vmx/balloon.c tests/unit/shim/panic.c */
/* The virtio devices, with drivers that keep to the rules and drivers that do not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "tests/unit/vmx_host.h"
#include "worlds/vmx/devices.h"

#define TABLE  0x1000u
#define AVAIL  0x2000u
#define USED   0x3000u
#define BUFFER 0x4000u
#define SIZE   8u
#define NEXT   1u
#define WRITE  2u
#define NESTED 4u

static uint8_t ram[0x10000], disk_data[8 * DISK_SECTOR];
static struct gmem memory = {.low = ram, .low_bytes = sizeof(ram)};
static uint64_t base; /* where that is, for the guest */
static struct pci pci;
static struct disk disk;
static struct net net;
static struct entropy entropy;
static struct balloon balloon;
static struct vconsole console;
static struct virtio *v; /* the device that a test drives */

static uint64_t get(unsigned offset, unsigned bytes)
{
	return pci_memory_bus.read(&pci, v->slot * PCI_BAR_STRIDE + offset, bytes);
}
static void set(unsigned offset, unsigned bytes, uint64_t value)
{
	pci_memory_bus.write(&pci, v->slot * PCI_BAR_STRIDE + offset, bytes, value);
}
static void put16(unsigned gpa, unsigned value)
{
	memcpy(ram + gpa, &(uint16_t){(uint16_t)value}, 2);
}
static unsigned get16(unsigned gpa)
{
	uint16_t value;

	memcpy(&value, ram + gpa, 2);
	return value;
}
static void describe(
	unsigned table, unsigned i, uint64_t gpa, uint32_t bytes, unsigned flags, unsigned next)
{
	gpa += base;
	memcpy(ram + table + 16 * i, &gpa, 8);
	memcpy(ram + table + 16 * i + 8, &bytes, 4);
	put16(table + 16 * i + 12, flags);
	put16(table + 16 * i + 14, next);
}
static void offer(unsigned head)
{
	put16(AVAIL + 4 + 2 * (get16(AVAIL + 2) % SIZE), head);
	put16(AVAIL + 2, get16(AVAIL + 2) + 1);
}
static void notify(unsigned queue)
{
	set(0x3000, 2, queue);
	virtio_work(v);
}

static void set_queue(unsigned queue)
{
	set(0x16, 2, queue);
	set(0x18, 2, SIZE);
	set(0x1a, 2, 1);
	set(0x20, 4, (uint32_t)(base + TABLE));
	set(0x24, 4, (base + TABLE) >> 32);
	set(0x28, 8, base + AVAIL);
	set(0x30, 4, (uint32_t)(base + USED));
	set(0x34, 4, (base + USED) >> 32);
	set(0x1c, 2, 1);
}

static void start(struct virtio *device, unsigned queue, uint64_t features)
{
	v = device;
	memset(ram, 0, sizeof(ram));
	pci_set16(v->pci, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	set(0x14, 1, 0);
	set(0x14, 1, 3);
	set(8, 4, 1);
	set(12, 4, features >> 32);
	set(8, 4, 0);
	set(12, 4, (uint32_t)features);
	set(0x14, 1, 11);
	assert_int_equal(get(0x14, 1), 11);
	set_queue(queue);
	assert_int_equal(get(0x1c, 2), 1);
	set(0x14, 1, 15);
	virtio_work(v);
}

static int set_up(void **state)
{
	memset(&vmx_seen, 0, sizeof(vmx_seen));
	for (unsigned i = 0; i < sizeof(disk_data); i++)
		disk_data[i] = (uint8_t)(i / DISK_SECTOR + 1);
	pci_init(&pci);
	vconsole_init(&console, vmx_host, &memory, &pci);
	entropy_init(&entropy, vmx_host, &memory, &pci);
	balloon_init(&balloon, 7, vmx_host, &memory, &pci);
	disk_init(&disk, disk_data, sizeof(disk_data) + 100, vmx_host, &memory, &pci);
	net_init(&net, (const uint8_t[]){2, 0, 0, 0, 0, 9}, 1500, vmx_host, &memory, &pci);
	return 0;
}

#define F_STATS          (1ull << 1)
#define F_DEFLATE_ON_OOM (1ull << 2)

/* Two readable parts with 70 page numbers together, and a byte more. */
static void test_balloon(void **state)
{
	uint32_t pages[70];

	for (unsigned i = 0; i < 70; i++)
		pages[i] = i + 100;
	start(&balloon.virtio, 0, VIRTIO_F_VERSION_1 | F_DEFLATE_ON_OOM);
	assert_int_equal(balloon.virtio.accepted & F_DEFLATE_ON_OOM, F_DEFLATE_ON_OOM);
	assert_int_equal(get(0x2000, 4), 7);
	memcpy(ram + BUFFER, pages, sizeof(pages));
	describe(TABLE, 0, BUFFER, 10, 1, 1);
	describe(TABLE, 1, BUFFER + 10, sizeof(pages) - 10 + 1, 0, 0);
	offer(0);
	notify(0);
	assert_int_equal(vmx_seen.given, 70);
	assert_int_equal(vmx_seen.given_last, 169);
	assert_int_equal(get16(USED + 2), 1);
	set(0x2004, 4, 70);
	assert_int_equal(vmx_seen.ballooned, 70);
	assert_int_equal(get(0x2004, 4), 70);
	/* What is to be in it is not the driver's. */
	set(0x2000, 4, 1);
	set(0x2006, 4, 1);
	set(0x2008, 4, 1);
	set(0x2a52, 4, 1);
	assert_int_equal(get(0x2000, 8), 7 | 70ull << 32);
}

/* More in one buffer than is taken of one; none; and what comes out again, or is no list. */
static void test_balloon_limits(void **state)
{
	start(&balloon.virtio, 0, VIRTIO_F_VERSION_1);
	describe(TABLE, 0, 0, sizeof(ram), 0, 0);
	offer(0);
	notify(0);
	assert_int_equal(vmx_seen.given, 4096);
	vmx_seen.given = 0;
	describe(TABLE, 1, BUFFER, 3, 0, 0);
	offer(1);
	describe(TABLE, 2, BUFFER, 64, 2, 0);
	offer(2);
	notify(0);
	assert_int_equal(vmx_seen.given, 0);
	assert_int_equal(get16(USED + 2), 3);
	start(&balloon.virtio, 1, VIRTIO_F_VERSION_1);
	describe(TABLE, 0, BUFFER, 64, 0, 0);
	offer(0);
	notify(1);
	assert_int_equal(vmx_seen.given, 0);
	assert_int_equal(get16(USED + 2), 1);
}

static void put_stat(unsigned gpa, uint16_t tag, uint64_t value)
{
	put16(gpa, tag);
	memcpy(ram + gpa + 2, &value, sizeof(value));
}

/* The guest's buffer waits in the queue until newer values are wanted. */
static void test_balloon_statistics(void **state)
{
	start(&balloon.virtio, 2, VIRTIO_F_VERSION_1 | F_STATS);
	assert_int_equal(balloon.virtio.accepted & F_STATS, F_STATS);
	put_stat(BUFFER, VMK_VM_STAT_TOTAL, 0x123456789);
	put_stat(BUFFER + 10, 777, 5); /* not known */
	put_stat(BUFFER + 20, VMK_VM_STAT_FREE, 42);
	describe(TABLE, 0, BUFFER, 15, 1, 1);
	describe(TABLE, 1, BUFFER + 15, 15 + 9, 0, 0); /* cut within the fourth */
	offer(0);
	notify(2);
	assert_int_equal(vmx_seen.told, 1);
	assert_int_equal(vmx_seen.stats.known, 1u << VMK_VM_STAT_TOTAL | 1u << VMK_VM_STAT_FREE);
	assert_int_equal(vmx_seen.stats.value[VMK_VM_STAT_TOTAL], 0x123456789);
	assert_int_equal(vmx_seen.stats.value[VMK_VM_STAT_FREE], 42);
	assert_int_equal(get16(USED + 2), 0);
	balloon_ask_stats(&balloon);
	virtio_work(v);
	assert_int_equal(get16(USED + 2), 1);
	put_stat(BUFFER, VMK_VM_STAT_FREE, 43);
	offer(0);
	notify(2);
	assert_int_equal(vmx_seen.stats.known, 1u << VMK_VM_STAT_FREE);
	assert_int_equal(get16(USED + 2), 1);
	/* More than are looked at, and a buffer that only the device may write. */
	start(&balloon.virtio, 2, VIRTIO_F_VERSION_1 | F_STATS);
	for (unsigned i = 0; i < 65; i++)
		put_stat(BUFFER + 10 * i, i / 64, i);
	describe(TABLE, 0, BUFFER, 650, 0, 0);
	offer(0);
	notify(2);
	assert_int_equal(vmx_seen.stats.known, 1);
	assert_int_equal(vmx_seen.stats.value[0], 63);
	start(&balloon.virtio, 2, VIRTIO_F_VERSION_1 | F_STATS);
	describe(TABLE, 0, BUFFER, 650, WRITE, 0);
	offer(0);
	notify(2);
	assert_int_equal(vmx_seen.stats.known, 0);
}

static void test_balloon_tells_of_changes(void **state)
{
	uint64_t generation;

	start(&balloon.virtio, 0, VIRTIO_F_VERSION_1);
	generation = get(0x15, 1);
	balloon_set(&balloon, 7);
	assert_int_equal(get(0x15, 1), generation);
	assert_int_equal(get(0x1000, 1), 0);
	balloon_set(&balloon, 9);
	assert_int_not_equal(get(0x15, 1), generation);
	assert_int_equal(get(0x1000, 1), 2);
	assert_int_equal(get(0x2000, 4), 9);
}

static void test_negotiation(void **state)
{
	v = &disk.virtio;
	set(0, 4, 1);
	assert_int_equal(get(4, 4), 1);
	set(0, 4, 2);
	assert_int_equal(get(4, 4), 0);
	/* Without VERSION_1, and with what was not offered, FEATURES_OK does not stay. */
	set(0x14, 1, 11);
	assert_int_equal(get(0x14, 1), 3);
	set(8, 4, 1);
	set(12, 4, 3);
	set(0x14, 1, 11);
	assert_int_equal(get(0x14, 1), 3);
	set(12, 4, 1);
	set(0x14, 1, 11);
	assert_int_equal(get(0x14, 1), 11);
	assert_int_equal(get(0x12, 2), 1);
	assert_int_equal(get(0x2000, 8), 8);
	assert_int_equal(get(0x2000 + 33, 4), 0);
}

static uint8_t disk_request(uint32_t type, uint64_t sector, uint32_t bytes, unsigned data_flags)
{
	memcpy(ram + BUFFER, &(uint64_t){type}, 8);
	memcpy(ram + BUFFER + 8, &sector, 8);
	ram[BUFFER + 0x2000] = 0xff;
	describe(TABLE, 0, BUFFER, 16, NEXT, 1);
	describe(TABLE, 1, BUFFER + 0x100, bytes, NEXT | data_flags, 2);
	describe(TABLE, 2, BUFFER + 0x2000, 1, WRITE, 0);
	offer(0);
	notify(0);
	return ram[BUFFER + 0x2000];
}

static void test_disk(void **state)
{
	start(&disk.virtio, 0, VIRTIO_F_VERSION_1);
	assert_int_equal(disk_request(0, 2, 1024, WRITE), 0);
	assert_int_equal(ram[BUFFER + 0x100], 3);
	assert_int_equal(ram[BUFFER + 0x100 + 1023], 4);
	assert_int_equal(get16(USED + 2), 1);
	assert_int_equal(get16(USED + 8), 1025);
	assert_int_equal(vmx_seen.levels, 1u << (PCI_FIRST_GSI + v->slot));
	assert_int_equal(get(0x1000, 1), 1);
	assert_int_equal(vmx_seen.levels, 0);
	memset(ram + BUFFER + 0x100, 0xee, 512);
	assert_int_equal(disk_request(1, 7, 512, 0), 0);
	assert_int_equal(disk_data[7 * DISK_SECTOR], 0xee);
	/* Beyond the end, no whole sector, and a kind that does not exist. */
	assert_int_equal(disk_request(0, 8, 512, WRITE), 1);
	assert_int_equal(disk_request(0, UINT64_MAX, 512, WRITE), 1);
	assert_int_equal(disk_request(1, 0, 100, 0), 1);
	assert_int_equal(disk_request(77, 0, 512, WRITE), 2);
	assert_int_equal(disk_request(8, 0, 20, WRITE), 0);
	assert_string_equal((char *)ram + BUFFER + 0x100, "merlon-disk");
	assert_int_equal(get16(USED + 2), 7);
}

/* Rings and buffers at the end of 16 GiB: no address of theirs fits into 32 bits. */
static void test_disk_beyond_4_gib(void **state)
{
	const uint64_t high = 13ull << 30;
	const struct gmem was = memory;

	base = VMK_VM_HIGH_BASE + high - sizeof(ram);
	memory = (struct gmem){
		.high = (uint8_t *)((uintptr_t)ram - (high - sizeof(ram))), .high_bytes = high};
	start(&disk.virtio, 0, VIRTIO_F_VERSION_1);
	assert_int_equal(disk_request(0, 2, 1024, WRITE), 0);
	assert_int_equal(ram[BUFFER + 0x100], 3);
	memset(ram + BUFFER + 0x100, 0xdd, 512);
	assert_int_equal(disk_request(1, 5, 512, 0), 0);
	assert_int_equal(disk_data[5 * DISK_SECTOR], 0xdd);
	assert_int_equal(get16(USED + 2), 2);
	assert_true(gmem_map(&memory, base + sizeof(ram) - 1, 1));
	assert_null(gmem_map(&memory, base + sizeof(ram) - 1, 2));
	assert_null(gmem_map(&memory, (uint32_t)base, 1));
	base = 0;
	memory = was;
}

static void test_indirect(void **state)
{
	start(&entropy.virtio, 0, VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT);
	describe(TABLE, 0, BUFFER, 32, NESTED, 0);
	describe(BUFFER, 0, BUFFER + 0x100, 10, WRITE | NEXT, 1);
	describe(BUFFER, 1, BUFFER + 0x200, 10, WRITE, 0);
	offer(0);
	notify(0);
	assert_int_equal(get16(USED + 8), 20);
	assert_int_equal(ram[BUFFER + 0x209], 0x5a);
	assert_int_equal(ram[BUFFER + 0x20a], 0);
}

static void test_event_index(void **state)
{
	start(&entropy.virtio, 0, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_INDEX);
	describe(TABLE, 0, BUFFER, 4, WRITE, 0);
	put16(AVAIL + 4 + 2 * SIZE, 1); /* an interrupt after the second */
	offer(0);
	notify(0);
	assert_int_equal(vmx_seen.levels, 0);
	assert_int_equal(get16(USED + 4 + 8 * SIZE), 1);
	offer(0);
	notify(0);
	assert_int_not_equal(vmx_seen.levels, 0);
}

static void test_msix(void **state)
{
	start(&entropy.virtio, 0, VIRTIO_F_VERSION_1);
	pci.address = 0x80000000u | v->slot << 11 | 0x40;
	pci_config_bus.write(&pci, 6, 2, 0x8000);
	set(0x4010, 4, 0xfee00000);
	set(0x4018, 4, 0x31);
	describe(TABLE, 0, BUFFER, 4, WRITE, 0);
	offer(0);
	notify(0);
	assert_int_equal(vmx_seen.messages, 0);
	assert_int_equal(get(0x5000, 8), 2);
	set(0x401c, 4, 0); /* unmasked: it comes now */
	assert_int_equal(vmx_seen.messages, 1);
	assert_int_equal(vmx_seen.message_address, 0xfee00000);
	assert_int_equal(vmx_seen.message_data, 0x31);
	assert_int_equal(vmx_seen.levels, 0);
	set(0x1a, 2, 99);
	assert_int_equal(get(0x1a, 2), 0xffff);
}

static void test_net(void **state)
{
	static const uint8_t frame[60] = {1, 2, 3};

	start(&net.virtio, 1, VIRTIO_F_VERSION_1);
	assert_int_equal(get(0x2000, 4), 2);
	assert_int_equal(get(0x200a, 2), 1500);
	ram[BUFFER + 12] = 0x77;
	describe(TABLE, 0, BUFFER, 12 + 60, 0, 0);
	offer(0);
	notify(1);
	assert_int_equal(vmx_seen.frames, 1);
	assert_int_equal(vmx_seen.frame_bytes, 60);
	assert_int_equal(vmx_seen.frame[0], 0x77);
	/* Too short for a header, or too long for a frame: lost. */
	describe(TABLE, 0, BUFFER, 12, 0, 0);
	offer(0);
	describe(TABLE, 1, 0, sizeof(ram), 0, 0);
	offer(1);
	notify(1);
	assert_int_equal(vmx_seen.frames, 1);
	assert_int_equal(get16(USED + 2), 3);

	assert_false(net_receive(&net, frame, sizeof(frame)));
	start(&net.virtio, 0, VIRTIO_F_VERSION_1);
	describe(TABLE, 0, BUFFER, 71, WRITE, 0);
	offer(0);
	assert_false(net_receive(&net, frame, sizeof(frame)));
	describe(TABLE, 0, BUFFER, 72, WRITE, 0);
	assert_true(net_receive(&net, frame, sizeof(frame)));
	assert_int_equal(ram[BUFFER + 10], 1);
	assert_int_equal(ram[BUFFER + 14], 3);
}

static void test_console(void **state)
{
	start(&console.virtio, 1, VIRTIO_F_VERSION_1);
	memcpy(ram + BUFFER, "text", 4);
	describe(TABLE, 0, BUFFER, 4, 0, 0);
	offer(0);
	notify(1);
	assert_memory_equal(vmx_seen.console, "text", 4);

	start(&console.virtio, 0, VIRTIO_F_VERSION_1);
	describe(TABLE, 0, BUFFER, 8, WRITE, 0);
	offer(0);
	notify(0);
	assert_int_equal(get16(USED + 2), 0);
	vconsole_receive(&console, 'k');
	virtio_work(v);
	assert_int_equal(get16(USED + 2), 1);
	assert_int_equal(ram[BUFFER], 'k');
}

/* Each breaks a rule; the device asks for a reset, serves nothing more, and works after it. */
static void check_broken(void)
{
	assert_int_equal(get(0x14, 1) & VIRTIO_NEEDS_RESET, VIRTIO_NEEDS_RESET);
	assert_int_equal(vmx_seen.logs, 1);
	notify(0);
	assert_int_equal(vmx_seen.logs, 1);
	vmx_seen.logs = 0;
	start(&entropy.virtio, 0, VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT);
	describe(TABLE, 0, BUFFER, 4, WRITE, 0);
}

static void test_broken_rings(void **state)
{
	start(&entropy.virtio, 0, VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT);
	describe(TABLE, 0, sizeof(ram) - 3, 4, WRITE, 0); /* beyond memory */
	offer(0);
	notify(0);
	check_broken();
	describe(TABLE, 0, UINT64_MAX, 4, WRITE, 0);
	offer(0);
	notify(0);
	check_broken();
	offer(SIZE); /* no such head */
	notify(0);
	check_broken();
	describe(TABLE, 0, BUFFER, 4, WRITE | NEXT, 0); /* a loop */
	offer(0);
	notify(0);
	check_broken();
	describe(TABLE, 0, BUFFER, 4, WRITE | NEXT, 1); /* readable after writable */
	describe(TABLE, 1, BUFFER, 4, 0, 0);
	offer(0);
	notify(0);
	check_broken();
	describe(TABLE, 0, BUFFER, 16, NESTED, 0); /* indirect within indirect */
	describe(BUFFER, 0, BUFFER, 16, NESTED, 0);
	offer(0);
	notify(0);
	check_broken();
	describe(TABLE, 0, BUFFER, 17, NESTED, 0); /* no whole descriptors */
	offer(0);
	notify(0);
	check_broken();
	put16(AVAIL + 2, SIZE + 1); /* more than the ring has */
	notify(0);
	check_broken();
	set(0x14, 1, 0);
	set(0x16, 2, 0);
	set(0x18, 2, 3); /* no power of two */
	set(0x1c, 2, 1);
	check_broken();
	set(0x14, 1, 0);
	set(0x20, 8, sizeof(ram) - 16); /* a table that leaves memory */
	set(0x1c, 2, 1);
	check_broken();
	offer(0);
	notify(0);
	assert_int_equal(get16(USED + 2), 1);
}

static void test_broken_request(void **state)
{
	start(&disk.virtio, 0, VIRTIO_F_VERSION_1);
	describe(TABLE, 0, BUFFER, 15, NEXT, 1);
	describe(TABLE, 1, BUFFER, 1, WRITE, 0);
	offer(0);
	notify(0);
	assert_int_equal(get(0x14, 1) & VIRTIO_NEEDS_RESET, VIRTIO_NEEDS_RESET);
}

/* Without bus mastering a device does not touch memory. */
static void test_no_master(void **state)
{
	start(&entropy.virtio, 0, VIRTIO_F_VERSION_1);
	pci_set16(v->pci, PCI_COMMAND, PCI_COMMAND_MEMORY);
	describe(TABLE, 0, BUFFER, 4, WRITE, 0);
	offer(0);
	notify(0);
	assert_int_equal(get16(USED + 2), 0);
}

/* The other way into the BAR, through configuration space (4.1.4.9). */
static void test_access_capability(void **state)
{
	v = &net.virtio;
	pci.address = 0x80000000u | v->slot << 11 | 0xa0;
	pci_config_bus.write(&pci, 4, 4, 0x12); /* offset: num_queues */
	pci.address += 4;
	pci_config_bus.write(&pci, 4, 4, 2);
	pci.address += 4;
	assert_int_equal(pci_config_bus.read(&pci, 4, 2), 2);
	pci.address -= 8;
	pci_config_bus.write(&pci, 4, 4, 0xfffffff0);
	pci.address += 8;
	pci_config_bus.read(&pci, 4, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_negotiation, set_up),
		cmocka_unit_test_setup(test_balloon, set_up),
		cmocka_unit_test_setup(test_balloon_limits, set_up),
		cmocka_unit_test_setup(test_balloon_tells_of_changes, set_up),
		cmocka_unit_test_setup(test_balloon_statistics, set_up),
		cmocka_unit_test_setup(test_disk, set_up),
		cmocka_unit_test_setup(test_disk_beyond_4_gib, set_up),
		cmocka_unit_test_setup(test_indirect, set_up),
		cmocka_unit_test_setup(test_event_index, set_up),
		cmocka_unit_test_setup(test_msix, set_up),
		cmocka_unit_test_setup(test_net, set_up),
		cmocka_unit_test_setup(test_console, set_up),
		cmocka_unit_test_setup(test_broken_rings, set_up),
		cmocka_unit_test_setup(test_broken_request, set_up),
		cmocka_unit_test_setup(test_no_master, set_up),
		cmocka_unit_test_setup(test_access_capability, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
