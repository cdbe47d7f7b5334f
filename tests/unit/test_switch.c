/* sources: kernel/vmknet/switch.c kernel/vmknet/share.c kernel/lib/blake2s.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/lock.h"
#include "lib/log.h"
#include "mem/heap.h"
#include "arch/x86/time.h"
#include "sched/world.h"
#include "vmknet/switch.h"
#include <vmkuser/info.h>

static const uint8_t mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
static const uint8_t peer[6] = {0x52, 0x55, 10, 0, 2, 2};
static const uint8_t everyone[6] = {255, 255, 255, 255, 255, 255};

static struct {
	int locked;
	uint8_t frame[NET_FRAME_MAX];
	size_t bytes;
	unsigned sent;
	uint64_t now_ns;
	enum vmk_status answer;
	unsigned waiting, most; /* in the NIC's ring */
	char line[128];
} wire = {.most = 127};

/* What the switch needs of the kernel. */
void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(wire.line, sizeof(wire.line), format, args);
	va_end(args);
}
uint64_t time_ns(void)
{
	return wire.now_ns;
}
void *heap_alloc(size_t bytes)
{
	return calloc(1, bytes);
}
void heap_free(void *memory)
{
	free(memory);
}
uint64_t spin_lock(struct spinlock *lock)
{
	assert_int_equal(wire.locked++, 0);
	return 0;
}
void spin_unlock(struct spinlock *lock, uint64_t saved)
{
	assert_int_equal(--wire.locked, 0);
}
void event_signal(struct event *event)
{
	event->count++;
}

static enum vmk_status nic_send(void *nic, const void *frame, size_t bytes)
{
	assert_int_equal(wire.locked, 0); /* the driver's lock is below the switch's */
	assert_ptr_equal(nic, &wire);
	memcpy(wire.frame, frame, bytes);
	wire.bytes = bytes;
	wire.sent++;
	return wire.answer;
}

static unsigned nic_room(void *nic, unsigned *most)
{
	assert_int_equal(wire.locked, 0);
	assert_ptr_equal(nic, &wire);
	*most = wire.most;
	return wire.most - wire.waiting;
}

static const struct uplink_ops ops = {nic_send, nic_room};

static void make(uint8_t *frame, const uint8_t *to, const uint8_t *from, size_t bytes)
{
	memset(frame, (int)bytes, NET_FRAME_MAX);
	memcpy(frame, to, 6);
	memcpy(frame + 6, from, 6);
}

static size_t receive(struct port *port, uint8_t *to)
{
	size_t bytes;

	return port_receive(port, to, NET_FRAME_MAX, &bytes) == VMK_OK ? bytes : 0;
}

static void test_without_uplink(void **state)
{
	uint8_t frame[NET_FRAME_MAX];
	struct vmk_port_info info;
	struct port *port;

	assert_int_equal(port_create("vmk0", false, &port), VMK_OK);
	port_info(port, &info);
	assert_int_equal(info.link_up, 0);
	make(frame, peer, mac, 60);
	assert_int_equal(port_send(port, frame, 60), VMK_NOT_PRESENT);
	port_destroy(port);
}

static void test_uplink(void **state)
{
	static const uint8_t group[6] = {1, 0, 0, 0, 0, 1};
	struct vmk_port_info info;
	struct port *port;

	assert_int_equal(switch_uplink_add("vmnic0", group, &ops, &wire), VMK_BAD_PARAM);
	assert_int_equal(switch_uplink_add("vmnic0", mac, &ops, &wire), VMK_OK);
	assert_int_equal(switch_uplink_add("vmnic1", mac, &ops, &wire), VMK_EXISTS);
	port_create("vmk0", false, &port);
	switch_uplink_link(true);
	port_info(port, &info);
	assert_memory_equal(info.mac, mac, 6);
	assert_int_equal(info.mtu, 1500);
	assert_int_equal(info.link_up, 1);
	port_destroy(port);
}

static void test_receive(void **state)
{
	uint8_t frame[NET_FRAME_MAX], got[NET_FRAME_MAX];
	struct port *port;
	size_t bytes;

	port_create("vmk0", false, &port);
	assert_false(port_readable(port));
	assert_int_equal(port_receive(port, got, sizeof(got), &bytes), VMK_WOULD_BLOCK);
	make(frame, mac, peer, 100);
	switch_uplink_receive(frame, 100);
	make(frame, everyone, peer, NET_FRAME_MAX);
	switch_uplink_receive(frame, NET_FRAME_MAX);
	make(frame, peer, peer, 100); /* for somebody else */
	switch_uplink_receive(frame, 100);
	assert_true(port_readable(port));
	assert_int_equal(port_event(port)->count, 2);

	assert_int_equal(port_receive(port, got, 99, &bytes), VMK_TOO_LARGE);
	assert_int_equal(bytes, 0);
	assert_int_equal(receive(port, got), 100);
	assert_int_equal(got[99], 100);
	assert_int_equal(receive(port, got), NET_FRAME_MAX);
	assert_memory_equal(got, everyone, 6);
	assert_false(port_readable(port));
	port_destroy(port);
}

static void test_bad_sizes(void **state)
{
	uint8_t frame[NET_FRAME_MAX + 1] = {0};
	struct port *port;

	port_create("vmk0", false, &port);
	memcpy(frame, everyone, 6);
	memcpy(frame + 6, mac, 6);
	switch_uplink_receive(frame, 13);
	switch_uplink_receive(frame, NET_FRAME_MAX + 1);
	assert_false(port_readable(port));
	wire.sent = 0;
	assert_int_equal(port_send(port, frame, 13), VMK_BAD_PARAM);
	assert_int_equal(port_send(port, frame, NET_FRAME_MAX + 1), VMK_TOO_LARGE);
	assert_int_equal(wire.sent, 0);
	port_destroy(port);
}

static void test_queue_is_bounded(void **state)
{
	struct port_counters counters;
	uint8_t frame[NET_FRAME_MAX];
	struct port *port;
	unsigned got = 0;

	port_create("vmk0", false, &port);
	for (unsigned i = 0; i < 1000; i++) {
		make(frame, mac, peer, 60);
		frame[59] = (uint8_t)i;
		switch_uplink_receive(frame, 60);
	}
	port_get_counters(port, &counters);
	assert_int_equal(counters.received + counters.receive_drops, 1000);
	assert_in_range(counters.received, 1, 256);
	while (receive(port, frame))
		assert_int_equal(frame[59], got++); /* the oldest stay, in order */
	assert_int_equal(got, counters.received);
	port_destroy(port);
}

static void test_send(void **state)
{
	struct port_counters counters;
	uint8_t frame[NET_FRAME_MAX];
	struct port *a, *b;

	port_create("a", false, &a);
	port_create("b", false, &b);
	wire.sent = 0;
	wire.answer = VMK_OK;
	make(frame, peer, mac, 60);
	assert_int_equal(port_send(a, frame, 60), VMK_OK);
	assert_int_equal(wire.sent, 1);
	assert_int_equal(wire.bytes, 60);
	assert_false(port_readable(b));

	make(frame, everyone, mac, 60);
	assert_int_equal(port_send(a, frame, 60), VMK_OK);
	assert_int_equal(wire.sent, 2);
	assert_true(port_readable(b));
	assert_false(port_readable(a));

	make(frame, mac, mac, 60); /* stays inside */
	assert_int_equal(port_send(a, frame, 60), VMK_OK);
	assert_int_equal(wire.sent, 2);

	make(frame, peer, peer, 60); /* another's address */
	assert_int_equal(port_send(a, frame, 60), VMK_DENIED);
	make(frame, peer, mac, 60);
	wire.answer = VMK_NO_RESOURCES;
	assert_int_equal(port_send(a, frame, 60), VMK_NO_RESOURCES);
	port_get_counters(a, &counters);
	assert_int_equal(counters.sent, 3);
	assert_int_equal(counters.sent_bytes, 180);
	assert_int_equal(counters.send_refusals, 2);
	port_destroy(a);
	port_destroy(b);
}

static void test_each_port_has_its_own_address(void **state)
{
	uint8_t frame[NET_FRAME_MAX], got[NET_FRAME_MAX];
	struct vmk_port_info first, second;
	struct port *a, *b;

	port_create("a", false, &a);
	port_create("b", false, &b);
	port_info(a, &first);
	port_info(b, &second);
	assert_memory_equal(first.mac, mac, 6);
	assert_memory_not_equal(second.mac, mac, 6);
	assert_int_equal(second.mac[0] & 3, 2); /* locally administered, not for a group */
	assert_memory_equal(second.mac + 1, mac + 1, 5);

	make(frame, second.mac, peer, 60); /* from the wire */
	switch_uplink_receive(frame, 60);
	assert_false(port_readable(a));
	assert_int_equal(receive(b, got), 60);

	wire.sent = 0;
	wire.answer = VMK_OK;
	make(frame, mac, second.mac, 61); /* from port to port */
	assert_int_equal(port_send(b, frame, 61), VMK_OK);
	assert_int_equal(wire.sent, 0);
	assert_int_equal(receive(a, got), 61);
	make(frame, peer, mac, 60); /* another port's address */
	assert_int_equal(port_send(b, frame, 60), VMK_DENIED);
	make(frame, everyone, second.mac, 62);
	assert_int_equal(port_send(b, frame, 62), VMK_OK);
	assert_int_equal(wire.sent, 1);
	assert_int_equal(receive(a, got), 62);
	assert_false(port_readable(b));
	port_destroy(a);
	port_destroy(b);
}

static void test_guests_have_their_own_addresses(void **state)
{
	struct vmk_port_info a_info, b_info, host_info;
	struct port *a, *b, *host;
	uint8_t first[6];

	assert_int_equal(port_create("linux", true, &a), VMK_OK);
	assert_int_equal(port_create("linux-2", true, &b), VMK_OK);
	assert_int_equal(port_create("agent", false, &host), VMK_OK);
	port_info(a, &a_info);
	port_info(b, &b_info);
	port_info(host, &host_info);
	assert_memory_equal(host_info.mac, mac, 6); /* whoever came first */
	assert_int_equal(a_info.mac[0] & 3, 2);     /* locally administered, of one */
	assert_int_equal(b_info.mac[0] & 3, 2);
	assert_memory_not_equal(a_info.mac, b_info.mac, 6);
	assert_memory_not_equal(a_info.mac + 1, mac + 1, 5);
	memcpy(first, a_info.mac, 6);
	port_destroy(a);
	assert_int_equal(port_create("linux", true, &a), VMK_OK);
	port_info(a, &a_info);
	assert_memory_equal(a_info.mac, first, 6); /* the same in its next life */
	port_destroy(a);
	port_destroy(b);
	port_destroy(host);
}

/* However much a guest sends to the host itself, what comes from the wire finds room. */
static void test_a_guest_leaves_room(void **state)
{
	uint8_t frame[NET_FRAME_MAX], got[NET_FRAME_MAX];
	struct vmk_port_info info;
	struct port *guest, *other, *host;
	unsigned from_guest = 0;
	size_t bytes;

	assert_int_equal(port_create("agent", false, &host), VMK_OK);
	assert_int_equal(port_create("flood", true, &guest), VMK_OK);
	assert_int_equal(port_create("other", true, &other), VMK_OK);
	port_info(guest, &info);
	make(frame, everyone, info.mac, 60);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(port_send(guest, frame, 60), VMK_OK);
	make(frame, mac, peer, 61);
	for (unsigned i = 0; i < 32; i++)
		switch_uplink_receive(frame, 61);
	while ((bytes = receive(host, got)) == 60)
		from_guest++;
	assert_int_equal(from_guest, 32);
	assert_int_equal(bytes, 61);
	for (unsigned i = 1; i < 32; i++)
		assert_int_equal(receive(host, got), 61);
	assert_int_equal(receive(host, got), 0);
	for (unsigned i = 0; i < 64; i++) /* to each other guests send what they like */
		assert_int_equal(receive(other, got), 60);
	port_destroy(host);
	port_destroy(guest);
	port_destroy(other);
}

static bool add_guest(unsigned number, struct port **port)
{
	char name[16];

	snprintf(name, sizeof(name), "guest %u", number);
	return port_create(name, true, port) == VMK_OK;
}

/* A world of the system that dies and starts again finds a place, however many guests there are. */
static void test_guests_leave_places(void **state)
{
	struct port *guests[64], *host[8];
	unsigned count = 0;

	while (count < ARRAY_SIZE(guests) && add_guest(count, &guests[count]))
		count++;
	assert_int_equal(count, 24);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(port_create("host", false, &host[i]), VMK_OK);
	for (unsigned i = 0; i < 8; i++)
		port_destroy(host[i]);
	assert_int_equal(port_create("guest", true, &guests[count]), VMK_NO_RESOURCES);
	while (count)
		port_destroy(guests[--count]);
}

/* Sends to the wire until it may no more: how many frames. */
static unsigned send_all(struct port *port)
{
	uint8_t frame[NET_FRAME_MAX];
	struct vmk_port_info info;
	unsigned count = 0;

	port_info(port, &info);
	make(frame, peer, info.mac, 60);
	while (port_send(port, frame, 60) == VMK_OK) {
		wire.waiting++;
		count++;
	}
	return count;
}

/* However much one sends, there is room in the NIC's ring for the next, and for the host most. */
static void test_ring_is_shared(void **state)
{
	struct port *host, *a, *b, *c;

	wire.answer = VMK_OK;
	assert_int_equal(port_create("agent", false, &host), VMK_OK);
	assert_int_equal(port_create("a", true, &a), VMK_OK);
	assert_int_equal(port_create("b", true, &b), VMK_OK);
	assert_int_equal(port_create("c", true, &c), VMK_OK);
	assert_int_equal(send_all(a), 48);
	assert_int_equal(send_all(a), 0);
	assert_int_equal(send_all(b), 24);
	assert_int_equal(send_all(c), 12);
	assert_int_equal(send_all(host), 22);
	/* What has gone out is room again, first for who has nothing there. */
	wire.waiting -= 48;
	assert_int_equal(send_all(b), 7);
	assert_int_equal(send_all(a), 15);
	/* Also when the NIC was started anew. */
	wire.waiting = 0;
	assert_int_equal(send_all(a), 48);
	wire.waiting = 0;
	port_destroy(host);
	port_destroy(a);
	port_destroy(b);
	port_destroy(c);
}

/* One without room for anything, or one that is gone. */
static void test_ring_of_nothing(void **state)
{
	struct port *host, *guest;

	assert_int_equal(port_create("agent", false, &host), VMK_OK);
	assert_int_equal(port_create("guest", true, &guest), VMK_OK);
	wire.sent = 0;
	wire.waiting = wire.most;
	assert_int_equal(send_all(host) + send_all(guest), 0);
	wire.waiting = wire.most = 0;
	assert_int_equal(send_all(host) + send_all(guest), 0);
	assert_int_equal(wire.sent, 0);
	/* With room for one, the host has it. */
	wire.most = 1;
	assert_int_equal(send_all(guest), 0);
	assert_int_equal(send_all(host), 1);
	wire.most = 127;
	wire.waiting = 0;
	port_destroy(host);
	port_destroy(guest);
}

/* Names are cut to 31 characters: that two are alike then is no wonder, that two digests are would
 * be one. */
static void test_twins_are_refused(void **state)
{
	static const char first[] = "a name of which the end is lost: 1";
	static const char second[] = "a name of which the end is lost: 2";
	struct vmk_info_port info = {0};
	struct port *a, *b;
	char owner[32];

	assert_false(switch_guest_clashes(first, owner, sizeof(owner)));
	assert_int_equal(port_create(first, true, &a), VMK_OK);
	assert_true(switch_guest_clashes(second, owner, sizeof(owner)));
	assert_string_equal(owner, "a name of which the end is lost");
	assert_int_equal(port_create(second, true, &b), VMK_EXISTS);
	assert_non_null(strstr(wire.line, "is that of a name of which the end is lost"));
	assert_int_equal(switch_port_count(), 1);
	/* A world of the system has its address of its place, whatever it is called. */
	assert_int_equal(port_create(second, false, &b), VMK_OK);
	port_destroy(a);
	assert_false(switch_guest_clashes(second, owner, sizeof(owner)));
	assert_int_equal(port_create(second, true, &a), VMK_OK);
	assert_true(switch_describe_port(1, &info));
	assert_string_equal(info.world, "a name of which the end is lost");
	port_destroy(a);
	port_destroy(b);
}

static void test_described(void **state)
{
	struct vmk_info_nic nic = {0};
	struct vmk_info_port info = {0};
	struct port *a, *b;

	port_create("agent", false, &a);
	port_create("console", false, &b);
	port_destroy(a);
	wire.now_ns = 77;
	switch_uplink_link(false);
	wire.now_ns = 99;
	switch_uplink_link(false);
	assert_true(switch_describe_uplink(0, &nic));
	assert_false(switch_describe_uplink(1, &nic));
	assert_string_equal(nic.name, "vmnic0");
	assert_memory_equal(nic.mac, mac, 6);
	assert_int_equal(nic.link_up, 0);
	assert_int_equal(nic.link_since_ns, 77);
	assert_int_equal(switch_port_count(), 1);
	assert_true(switch_describe_port(0, &info));
	assert_string_equal(info.name, "vmk1"); /* names stay while others go */
	assert_string_equal(info.world, "console");
	assert_int_equal(info.ip.prefix, 0);
	port_set_address(b, &(struct vmk_port_address){.address = {192, 0, 2, 7}, .prefix = 24});
	assert_true(switch_describe_port(0, &info));
	assert_int_equal(info.ip.address[3], 7);
	assert_int_equal(info.ip.prefix, 24);
	assert_false(switch_describe_port(1, &info));
	assert_false(switch_describe_port(~0u, &info));
	port_destroy(b);
}

static void test_ports_are_bounded(void **state)
{
	struct port *ports[64];
	unsigned count = 0;

	while (count < 64 &&
		port_create("a name that is longer than fits", false, &ports[count]) == VMK_OK)
		count++;
	assert_in_range(count, 1, 63);
	port_destroy(ports[--count]);
	assert_int_equal(port_create("again", false, &ports[count]), VMK_OK);
	for (unsigned i = 0; i <= count; i++)
		port_destroy(ports[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_uplink),
		cmocka_unit_test(test_uplink),
		cmocka_unit_test(test_receive),
		cmocka_unit_test(test_bad_sizes),
		cmocka_unit_test(test_queue_is_bounded),
		cmocka_unit_test(test_send),
		cmocka_unit_test(test_each_port_has_its_own_address),
		cmocka_unit_test(test_guests_have_their_own_addresses),
		cmocka_unit_test(test_a_guest_leaves_room),
		cmocka_unit_test(test_guests_leave_places),
		cmocka_unit_test(test_ring_is_shared),
		cmocka_unit_test(test_ring_of_nothing),
		cmocka_unit_test(test_twins_are_refused),
		cmocka_unit_test(test_described),
		cmocka_unit_test(test_ports_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
