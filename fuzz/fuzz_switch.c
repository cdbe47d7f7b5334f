/* sources: kernel/vmknet/switch.c kernel/vmknet/share.c */
/* plain: fuzz/lib/figures.c tests/unit/shim/panic.c */
/* coverage: edges, lean */
/* options: -use_counters=0 */
/*
 * The virtual switch: ports of worlds and guests come and go, the uplink too; frames of any size
 * from the wire and from each port to anybody. Beside it a naive account: who has which address,
 * what waits in each queue and in the NIC's ring. A frame reaches whom it is for, once, unchanged
 * and in order, and nobody else; nobody speaks for another; of two with one address one is silent,
 * and never one of the host's; a guest leaves room for the host. Guests' addresses come from a hash
 * that collides (below). Input: operations of three bytes, see run_operation().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmkuser/info.h>
#include "arch/x86/time.h"
#include "fuzz/lib/figures.h"
#include "lib/blake2s.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "mem/heap.h"
#include "sched/world.h"
#include "tests/unit/shim/panic.h"
#include "vmknet/switch.h"

#define REQUIRE(it) ((it) ? (void)0 : panic("switch: not so: %s", #it))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	PLACES = 32,
	OF_HOST = 8,
	QUEUE = 64,
	FROM_GUESTS = 32,
	CHARGED = 256,
	OPERATIONS = 64,
	BEFORE_QUEUE = 512
};

struct letter {
	uint8_t head[12]; /* to, from */
	uint8_t fill;     /* each byte after that */
	uint8_t zero;
	uint16_t bytes;
};
static struct account {
	struct port *port;
	bool guest, silent;
	unsigned name;
	uint8_t mac[6];
	struct letter queue[QUEUE];
	unsigned head, count;
	struct port_counters counters;
} ports[PLACES];
static struct {
	bool there, up;
	uint8_t mac[6];
	unsigned most, count;   /* frames that its ring takes, and that wait there */
	unsigned charged;       /* of these, to somebody: beyond CHARGED to nobody */
	uint8_t owner[CHARGED]; /* whose, the oldest first */
	struct letter sent;
	bool refuses, calls_back;
} nic;
static uint64_t bad_frames, now_ns;
static void *memory[PLACES + 1]; /* from `blocks` on nobody has it */
static unsigned locked, blocks, done;
static bool no_memory;
static uint8_t fill;

void log_printf(enum log_severity severity, const char *module, int line, const char *format, ...)
{
}
uint64_t time_ns(void)
{
	return ++now_ns;
}
/* Ports are large: each keeps its memory, and only what stands before its queue is cleared. */
void *heap_alloc(size_t bytes)
{
	void *block;

	if (no_memory)
		return NULL;
	REQUIRE(blocks < PLACES + 1);
	if (!memory[blocks])
		memory[blocks] = malloc(bytes);
	block = memory[blocks++];
	return memset(block, 0, BEFORE_QUEUE);
}
void heap_free(void *block)
{
	memory[--blocks] = memset(block, 0xdd, BEFORE_QUEUE);
}
uint64_t spin_lock(struct spinlock *lock)
{
	REQUIRE(!locked++);
	return 0;
}
void spin_unlock(struct spinlock *lock, uint64_t saved)
{
	REQUIRE(!--locked);
}
void event_signal(struct event *event)
{
	event->count++;
}

/* In the place of BLAKE2s: the key, changed by the last letter of the name, so that guests have
 * each other's addresses and the host's, as no name that bytes can find has. */
void blake2s_init(struct blake2s *state, const void *key, size_t key_bytes)
{
	memcpy(state->buffer, key, key_bytes);
}
void blake2s_update(struct blake2s *state, const void *data, size_t bytes)
{
	state->buffer[0] ^= (uint8_t)(((const uint8_t *)data)[bytes - 1] << 2);
}
void blake2s_final(struct blake2s *state, uint8_t digest[BLAKE2S_BYTES])
{
	memcpy(digest, state->buffer, BLAKE2S_BYTES);
}

static void write_name(unsigned number, char name[8])
{
	snprintf(name, 8, "w%c", (char)(64 + number % 32));
}

static void guest_mac(unsigned name, uint8_t mac[6])
{
	memcpy(mac, nic.mac, 6);
	mac[0] = (uint8_t)(((mac[0] ^ (64 + name % 32) << 2) & 0xfe) | 2);
}

static void host_mac(unsigned place, uint8_t mac[6])
{
	memcpy(mac, nic.mac, 6);
	mac[0] = (uint8_t)((mac[0] ^ place << 2) | (place ? 2 : 0));
}

static void set_mac(unsigned place)
{
	if (ports[place].guest)
		guest_mac(ports[place].name, ports[place].mac);
	else
		host_mac(place, ports[place].mac);
}

/* Who else hears under an address; PLACES: nobody. */
static unsigned owner_of(const uint8_t mac[6], unsigned but)
{
	for (unsigned i = 0; i < PLACES; i++) {
		if (i != but && ports[i].port && !ports[i].silent && !memcmp(ports[i].mac, mac, 6))
			return i;
	}
	return PLACES;
}

/* All have new addresses; the host's first. */
static void settle(void)
{
	for (unsigned i = 0; i < PLACES; i++) {
		set_mac(i);
		ports[i].silent = ports[i].guest;
	}
	for (unsigned i = 0; i < PLACES; i++)
		ports[i].silent = ports[i].guest && owner_of(ports[i].mac, i) != PLACES;
}

static void expect_frame(unsigned place, unsigned from, const struct letter *letter)
{
	struct account *to = &ports[place];
	const bool kept = from < PLACES && ports[from].guest && !to->guest;

	if (to->count >= (kept ? FROM_GUESTS : QUEUE)) {
		to->counters.receive_drops++;
		return;
	}
	to->queue[(to->head + to->count++) % QUEUE] = *letter;
	to->counters.received++;
	to->counters.received_bytes += letter->bytes;
}

/* Puts it where it belongs; is it also for the wire? */
static bool expect_delivery(unsigned from, const struct letter *letter)
{
	const unsigned owner = owner_of(letter->head, PLACES);

	if (letter->head[0] & 1) {
		for (unsigned i = 0; i < PLACES; i++) {
			if (i != from && ports[i].port && !ports[i].silent)
				expect_frame(i, from, letter);
		}
		return true;
	}
	if (owner < PLACES && owner != from)
		expect_frame(owner, from, letter);
	return owner == PLACES;
}

/* The frame as bytes; the last is often the next. */
static const uint8_t *bytes_of(const struct letter *letter)
{
	static uint8_t frame[sizeof(letter->head) + NET_FRAME_MAX + 1];
	static struct letter last;

	if (memcmp(&last, letter, sizeof(last))) {
		memcpy(frame, letter->head, sizeof(letter->head));
		memset(frame + sizeof(letter->head), letter->fill, letter->bytes);
		memcpy(&last, letter, sizeof(last));
	}
	return frame;
}

static struct letter write_letter(unsigned to, unsigned size)
{
	static const uint16_t sizes[] = {60, 1514, 14, 13, 1515, 64, 590, 0};
	struct letter letter = {.fill = ++fill, .bytes = sizes[size % 8]};

	if (to < PLACES)
		memcpy(letter.head, ports[to].mac, 6);
	else if (to < 2 * PLACES)
		guest_mac(to, letter.head);
	else if (to < 128)
		memset(letter.head, to & 1 ? 0xff : 1, 6);
	else
		memset(letter.head, 0x22, 6);
	return letter;
}

static void from_wire(unsigned to, unsigned size)
{
	const struct letter letter = write_letter(to, size);

	if (letter.bytes < 14 || letter.bytes > NET_FRAME_MAX)
		bad_frames++;
	else
		expect_delivery(PLACES, &letter);
	switch_uplink_receive(bytes_of(&letter), letter.bytes);
	done++;
}

static enum vmk_status nic_send(void *context, const void *frame, size_t bytes)
{
	REQUIRE(context == &nic && !locked && nic.there && nic.count < nic.most);
	REQUIRE(bytes == nic.sent.bytes && !memcmp(frame, bytes_of(&nic.sent), bytes));
	if (nic.calls_back)
		from_wire(nic.sent.fill % 128, 0);
	return nic.refuses ? VMK_NO_RESOURCES : VMK_OK;
}

static unsigned nic_room(void *context, unsigned *most)
{
	REQUIRE(context == &nic && !locked);
	*most = nic.most;
	return nic.most - nic.count;
}
static const struct uplink_ops nic_ops = {nic_send, nic_room};

/* What the ring's rules let a port do. */
static enum vmk_status may_send(unsigned place)
{
	const unsigned room = nic.most - nic.count;
	unsigned held = ports[place].guest ? (nic.most + 3) / 4 : 0;

	if (nic.charged > nic.count) {
		memmove(nic.owner, nic.owner + nic.charged - nic.count, nic.count);
		nic.charged = nic.count;
	}
	REQUIRE(nic.most > CHARGED || nic.charged == nic.count);
	for (unsigned i = 0; i < nic.charged; i++)
		held += nic.owner[i] == place;
	return !nic.most ? VMK_NOT_PRESENT : held < room ? VMK_OK : VMK_NO_RESOURCES;
}

static void send(unsigned place, const struct letter *letter)
{
	struct account *from = &ports[place];
	enum vmk_status expected = VMK_OK;
	bool wire = false;

	if (letter->bytes < 14)
		expected = VMK_BAD_PARAM;
	else if (letter->bytes > NET_FRAME_MAX)
		expected = VMK_TOO_LARGE;
	else if (!nic.there)
		expected = VMK_NOT_PRESENT;
	else if (from->silent || memcmp(letter->head + 6, from->mac, 6))
		expected = VMK_DENIED;
	else
		wire = expect_delivery(place, letter);
	nic.sent = *letter;
	if (wire)
		expected = may_send(place);
	if (wire && expected == VMK_OK && nic.refuses)
		expected = VMK_NO_RESOURCES;
	REQUIRE(port_send(from->port, bytes_of(letter), letter->bytes) == expected);
	if (wire && expected == VMK_OK) {
		nic.count++;
		if (nic.charged < CHARGED)
			nic.owner[nic.charged++] = (uint8_t)place;
	}
	from->counters.sent += expected == VMK_OK;
	from->counters.sent_bytes += expected == VMK_OK ? letter->bytes : 0;
	from->counters.send_refusals += expected != VMK_OK;
	done++;
}

static bool receive(unsigned place, size_t room)
{
	static uint8_t got[NET_FRAME_MAX];
	struct account *to = &ports[place];
	const struct letter *letter = &to->queue[to->head];
	enum vmk_status expected = !to->count             ? VMK_WOULD_BLOCK
				   : letter->bytes > room ? VMK_TOO_LARGE
							  : VMK_OK;
	size_t bytes;

	REQUIRE(port_readable(to->port) == (to->count != 0));
	REQUIRE(port_receive(to->port, got, room, &bytes) == expected);
	REQUIRE(bytes == (expected == VMK_OK ? letter->bytes : 0));
	done++;
	if (expected != VMK_OK)
		return false;
	REQUIRE(!memcmp(got, bytes_of(letter), bytes));
	to->head = (to->head + 1) % QUEUE;
	to->count--;
	return true;
}

static void create(unsigned name, bool guest)
{
	unsigned place = guest ? PLACES - 1 : 0, last = guest ? OF_HOST : PLACES - 1, owner;
	struct account *fresh;
	enum vmk_status expected;
	char text[8];

	while (ports[place].port && place != last)
		place += guest ? -1u : 1;
	fresh = &ports[place];
	expected = no_memory ? VMK_NO_MEMORY : fresh->port ? VMK_NO_RESOURCES : VMK_OK;
	write_name(name, text);
	if (expected == VMK_OK) {
		*fresh = (struct account){.guest = guest, .name = name};
		set_mac(place);
		owner = owner_of(fresh->mac, place);
		expected = owner != PLACES ? VMK_EXISTS : VMK_OK;
	}
	if (expected == VMK_OK)
		REQUIRE(port_create(text, guest, &fresh->port) == VMK_OK);
	else
		REQUIRE(port_create(text, guest, &(struct port *){NULL}) == expected);
}

static void destroy(unsigned place)
{
	port_destroy(ports[place].port);
	ports[place].port = NULL;
}

/* The first from a place on; PLACES: there is none. */
static unsigned port_from(unsigned place)
{
	for (unsigned i = 0; i < PLACES; i++) {
		if (ports[(place + i) % PLACES].port)
			return (place + i) % PLACES;
	}
	return PLACES;
}

static void add_uplink(unsigned address, unsigned size)
{
	static const uint16_t most[] = {127, 1, 4, 0, 255, 12, 511, 2};
	const uint8_t mac[6] = {(uint8_t)(0x50 + address % 8), 0x54, 0, 0x12, 0x34, 0x56};
	const enum vmk_status expected = mac[0] & 1  ? VMK_BAD_PARAM
					 : nic.there ? VMK_EXISTS
						     : VMK_OK;

	REQUIRE(switch_uplink_add("vmnic0", mac, &nic_ops, &nic) == expected);
	if (expected != VMK_OK)
		return;
	memcpy(nic.mac, mac, 6);
	nic.there = true;
	nic.most = most[size % 8];
	nic.count = nic.charged = 0;
	settle();
}

static void remove_uplink(bool asks)
{
	const unsigned first = port_from(0);
	char user[32] = "", name[8];

	if (asks && first < PLACES) {
		REQUIRE(switch_uplink_remove(user, sizeof(user)) == VMK_BUSY);
		write_name(ports[first].name, name);
		REQUIRE(!strcmp(user, name));
		return;
	}
	REQUIRE(switch_uplink_remove(asks ? user : NULL, sizeof(user)) == VMK_OK);
	nic.there = nic.up = false;
}

static bool is_linked(unsigned place)
{
	return nic.there && nic.up && !ports[place].silent;
}

static void look_at(unsigned place, unsigned index)
{
	struct vmk_info_port info = {0};
	struct vmk_port_info own;
	struct port_counters counters;
	char name[16];

	REQUIRE(switch_describe_port(index, &info));
	port_info(ports[place].port, &own);
	port_get_counters(ports[place].port, &counters);
	snprintf(name, sizeof(name), "vmk%u", place);
	REQUIRE(!strcmp(info.name, name));
	write_name(ports[place].name, name);
	REQUIRE(!strcmp(info.world, name));
	REQUIRE(!memcmp(info.mac, ports[place].mac, 6) && !memcmp(own.mac, info.mac, 6));
	REQUIRE(info.link_up == is_linked(place) && own.link_up == info.link_up);
	REQUIRE(!memcmp(&counters, &ports[place].counters, sizeof(counters)));
	REQUIRE(info.received == counters.received && info.sent == counters.sent);
	REQUIRE(ports[place].silent || owner_of(info.mac, place) == PLACES);
	REQUIRE(!ports[place].silent || ports[place].guest);
}

static void look(unsigned name)
{
	struct vmk_info_nic info = {0};
	unsigned count = 0, owner;
	char text[8], said[32];
	uint8_t mac[6];

	for (unsigned i = 0; i < PLACES; i++) {
		if (ports[i].port)
			look_at(i, count++);
	}
	REQUIRE(switch_port_count() == count &&
		!switch_describe_port(count, &(struct vmk_info_port){0}));
	REQUIRE(switch_describe_uplink(0, &info) == nic.there && !switch_describe_uplink(1, &info));
	REQUIRE(!nic.there || (info.bad_frames == bad_frames && info.link_up == nic.up));
	guest_mac(name, mac);
	owner = owner_of(mac, PLACES);
	write_name(name, text);
	REQUIRE(switch_guest_clashes(text, said, sizeof(said)) == (owner != PLACES));
	if (owner != PLACES) {
		write_name(ports[owner].name, text);
		REQUIRE(!strcmp(said, text));
	}
}

static void send_some(unsigned place, unsigned to, unsigned how)
{
	struct letter letter = write_letter(to, how);

	memcpy(letter.head + 6, ports[how & 8 ? (place + 1) % PLACES : place].mac, 6);
	nic.calls_back = how & 16;
	nic.refuses = how & 32;
	for (unsigned i = 0; i < (how & 64 ? 33 : 1); i++)
		send(place, &letter);
}

static void drain(unsigned frames)
{
	nic.count -= frames < nic.count ? frames : nic.count;
}

/* What, by the lowest three bits; the others say whose port. */
static void run_operation(const uint8_t operation[3])
{
	const unsigned place = port_from(operation[0] >> 3), a = operation[1], b = operation[2];

	switch (operation[0] & 7) {
	case 0:
		no_memory = b == 255;
		create(a, b & 1);
		no_memory = false;
		return;
	case 1:
		if (a & 1)
			remove_uplink(a & 2);
		else
			add_uplink(a >> 1, b);
		return;
	case 2:
		nic.up = a & 1;
		switch_uplink_link(nic.up);
		return;
	case 3:
		for (unsigned i = 0; i < (b & 64 ? 33 : 1); i++)
			from_wire(a, b);
		return;
	case 4:
		drain(a);
		look(b);
		return;
	}
	if (place == PLACES)
		return;
	if ((operation[0] & 7) == 5)
		send_some(place, a, b);
	else if ((operation[0] & 7) == 6)
		for (unsigned i = 0; i <= a % QUEUE && receive(place, b & 1 ? b : NET_FRAME_MAX);
			i++)
			;
	else if (a & 1)
		destroy(place);
	else
		port_set_address(ports[place].port, &(struct vmk_port_address){0});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&nic, 0, sizeof(nic));
	for (unsigned i = 0; i < PLACES; i++)
		ports[i].guest = false, ports[i].name = 0; /* the rest is new with each port */
	done = fill = 0;
	add_uplink(2, 0); /* what an input before has left of the address goes */
	for (unsigned i = 0; i < OPERATIONS && size >= 3; i++, data += 3, size -= 3)
		run_operation(data);
	look(0);
	for (unsigned i = 0; i < PLACES; i++) {
		if (ports[i].port)
			destroy(i);
	}
	remove_uplink(true);
	REQUIRE(!blocks && !switch_port_count());
	figures_operations(done);
	return 0;
}
