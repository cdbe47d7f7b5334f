/*
 * One switch, one uplink, a few ports, each with a MAC address of its own. A frame is copied under
 * the lock into the queue of each port that it is for; the uplink's driver is called without the
 * lock, as it may call back.
 */
#include <stdio.h>
#include <string.h>
#include <vmkuser/info.h>
#include "arch/x86/time.h"
#include "lib/blake2s.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "mem/heap.h"
#include "sched/world.h"
#include "vmknet/share.h"
#include "vmknet/switch.h"

#define LOG_MODULE         "Net"

#define PORTS_MAX          SHARE_PORTS_MAX
#define PORT_NAME_BYTES    32u
#define PORTS_OF_HOST      8u /* places that no guest takes */
#define PORT_QUEUE_FRAMES  64u
#define QUEUE_FOR_GUESTS   32u /* of the queue of a world of the system */
#define FRAME_HEADER_BYTES 14u /* IEEE 802.3: destination, source, type */
#define MAC_BYTES          6u
#define MAC_GROUP          1u /* IEEE 802-2014 section 8.2.2: the I/G bit */
#define MAC_LOCAL          2u /* and the U/L bit */
#define MAC_PORT_SHIFT     2
#define LINK_MTU           (NET_FRAME_MAX - FRAME_HEADER_BYTES)

struct frame {
	uint16_t bytes;
	uint8_t data[NET_FRAME_MAX];
};

struct port {
	char name[PORT_NAME_BYTES]; /* of the world that has it */
	unsigned place;             /* in `ports` */
	bool guest;
	bool clashes; /* another has its MAC address: it neither sends nor hears */
	uint8_t guest_mac[MAC_BYTES];
	struct event arrived;
	struct port_counters counters;
	struct vmk_port_address ip; /* its world's word */
	unsigned head, count;       /* of the queue */
	struct frame queue[PORT_QUEUE_FRAMES];
};

static struct {
	struct spinlock lock;
	struct port *ports[PORTS_MAX];
	const struct uplink_ops *uplink; /* NULL: none */
	void *nic;
	uint8_t mac[MAC_BYTES];
	bool link_up;
	char uplink_name[16];
	uint64_t link_since_ns;
	uint64_t bad_frames; /* from the wire, of a size that no frame has */
	struct share share;  /* of the NIC's ring, by places */
} net = {.lock = SPINLOCK(LOCK_PORT)};

static void copy_name(char *to, size_t size, const char *from)
{
	size_t n = strlen(from);

	n = MIN(n, size - 1);
	memcpy(to, from, n);
	to[n] = 0;
}

static bool is_group(const uint8_t *mac)
{
	return mac[0] & MAC_GROUP;
}

/* Of a virtual machine's port: of its name and the host's own address, so that it is the same at
 * each boot, and another one on another host. With the lock held. */
static void guest_mac(const char *name, uint8_t mac[MAC_BYTES])
{
	struct blake2s state;
	uint8_t digest[BLAKE2S_BYTES];

	blake2s_init(&state, net.mac, sizeof(net.mac));
	blake2s_update(&state, name, strlen(name));
	blake2s_final(&state, digest);
	memcpy(mac, digest, MAC_BYTES);
	mac[0] = (uint8_t)((digest[0] & ~MAC_GROUP) | MAC_LOCAL);
}

/* The first byte stands apart: its bits above the two of IEEE 802 tell the ports from each other,
 * and the address says of itself that it is locally administered. */
static void port_mac(const struct port *port, uint8_t mac[MAC_BYTES])
{
	if (port->guest) {
		memcpy(mac, port->guest_mac, MAC_BYTES);
		return;
	}
	memcpy(mac, net.mac, MAC_BYTES);
	mac[0] ^= (uint8_t)(port->place << MAC_PORT_SHIFT);
	if (port->place)
		mac[0] |= MAC_LOCAL;
}

static bool is_port_mac(const struct port *port, const uint8_t *mac)
{
	uint8_t own[MAC_BYTES];

	port_mac(port, own);
	return !port->clashes && memcmp(own, mac, MAC_BYTES) == 0;
}

/* Another port that has this address; NULL: nobody. */
static const struct port *owner_of(const uint8_t *mac, const struct port *but)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		const struct port *port = net.ports[i];

		if (port && port != but && is_port_mac(port, mac))
			return port;
	}
	return NULL;
}

static const struct port *find_clash(const struct port *port)
{
	uint8_t mac[MAC_BYTES];

	port_mac(port, mac);
	return owner_of(mac, port);
}

/* Of two that are alike one clashes, and of these never one of the host's. */
static void settle_guest_macs(void)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		struct port *port = net.ports[i];

		if (port && port->guest)
			guest_mac(port->name, port->guest_mac);
		if (port)
			port->clashes = port->guest;
	}
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (net.ports[i] && net.ports[i]->guest)
			net.ports[i]->clashes = find_clash(net.ports[i]);
	}
}

/* The first port from *place on that has no address of its own, and who has it. */
static bool next_clash(unsigned *place, char *name, char *owner)
{
	uint64_t flags = spin_lock(&net.lock);
	const struct port *other = NULL;

	for (; *place < PORTS_MAX && !other; ++*place) {
		const struct port *port = net.ports[*place];

		other = port && port->clashes ? find_clash(port) : NULL;
		if (!other)
			continue;
		copy_name(name, PORT_NAME_BYTES, port->name);
		copy_name(owner, PORT_NAME_BYTES, other->name);
	}
	spin_unlock(&net.lock, flags);
	return other;
}

static void warn_of_clashes(void)
{
	char name[PORT_NAME_BYTES], owner[PORT_NAME_BYTES];
	unsigned place = 0;

	while (next_clash(&place, name, owner))
		vmk_warn("port of %s: no network: its MAC address is that of %s", name, owner);
}

enum vmk_status switch_uplink_add(
	const char *name, const uint8_t mac[6], const struct uplink_ops *ops, void *nic)
{
	uint64_t flags;
	bool taken;

	if (is_group(mac))
		return VMK_BAD_PARAM;
	flags = spin_lock(&net.lock);
	taken = net.uplink != NULL;
	if (!taken) {
		memcpy(net.mac, mac, MAC_BYTES);
		net.nic = nic;
		copy_name(net.uplink_name, sizeof(net.uplink_name), name);
		net.link_since_ns = time_ns();
		net.uplink = ops;
		net.share = (struct share){0};
		settle_guest_macs();
	}
	spin_unlock(&net.lock, flags);
	if (taken)
		return VMK_EXISTS;
	vmk_log("uplink %s: MAC %02x:%02x:%02x:%02x:%02x:%02x", name, mac[0], mac[1], mac[2],
		mac[3], mac[4], mac[5]);
	warn_of_clashes();
	return VMK_OK;
}

static const struct port *first_port(void)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (net.ports[i])
			return net.ports[i];
	}
	return NULL;
}

enum vmk_status switch_uplink_remove(char *user, size_t size)
{
	uint64_t flags = spin_lock(&net.lock);
	const struct port *port = user ? first_port() : NULL;

	if (port) {
		copy_name(user, size, port->name);
	} else {
		net.uplink = NULL;
		net.link_up = false;
	}
	spin_unlock(&net.lock, flags);
	if (port)
		return VMK_BUSY;
	vmk_log("uplink removed");
	return VMK_OK;
}

void switch_uplink_link(bool up)
{
	uint64_t flags = spin_lock(&net.lock);
	bool changed = net.link_up != up;

	net.link_up = up;
	if (changed)
		net.link_since_ns = time_ns();
	spin_unlock(&net.lock, flags);
	if (changed)
		vmk_log("uplink: link %s", up ? "up" : "down");
}

/* A guest that sends all that it can leaves room for who asks the host from outside. */
static unsigned room_for(const struct port *from, const struct port *port)
{
	return from && from->guest && !port->guest ? QUEUE_FOR_GUESTS : PORT_QUEUE_FRAMES;
}

static void enqueue(struct port *port, const struct port *from, const void *data, size_t bytes)
{
	struct frame *frame;

	if (port->count >= room_for(from, port)) {
		port->counters.receive_drops++;
		return;
	}
	frame = &port->queue[(port->head + port->count++) % PORT_QUEUE_FRAMES];
	frame->bytes = (uint16_t)bytes;
	memcpy(frame->data, data, bytes);
	port->counters.received++;
	port->counters.received_bytes += bytes;
	event_signal(&port->arrived);
}

/*
 * To the port whose address it is, or to every port but `from` if it is for a group. True if it was
 * for one port, which then has it. With the lock held.
 */
static bool deliver(const struct port *from, const uint8_t *frame, size_t bytes)
{
	bool group = is_group(frame);

	for (unsigned i = 0; i < PORTS_MAX; i++) {
		struct port *port = net.ports[i];

		if (!port || port == from || port->clashes || (!group && !is_port_mac(port, frame)))
			continue;
		enqueue(port, from, frame, bytes);
		if (!group)
			return true;
	}
	return false;
}

void switch_uplink_receive(const void *frame, size_t bytes)
{
	uint64_t flags = spin_lock(&net.lock);

	if (bytes < FRAME_HEADER_BYTES || bytes > NET_FRAME_MAX)
		net.bad_frames++;
	else
		deliver(NULL, frame, bytes);
	spin_unlock(&net.lock, flags);
}

/* From the first place on; guests from the last, so that the uplink's own address stays the host's,
 * and never one of the first few: a world of the system that starts again finds its place. */
static enum vmk_status find_place(struct port *port)
{
	for (unsigned n = 0; n < PORTS_MAX - (port->guest ? PORTS_OF_HOST : 0); n++) {
		port->place = port->guest ? PORTS_MAX - 1 - n : n;
		if (!net.ports[port->place])
			return VMK_OK;
	}
	return VMK_NO_RESOURCES;
}

/* VMK_EXISTS: *owner is the name of the world that has its address. */
static enum vmk_status take_place(struct port *port, char owner[PORT_NAME_BYTES])
{
	enum vmk_status status = find_place(port);
	const struct port *other;

	if (status != VMK_OK)
		return status;
	if (port->guest)
		guest_mac(port->name, port->guest_mac);
	other = find_clash(port);
	if (other) {
		copy_name(owner, PORT_NAME_BYTES, other->name);
		return VMK_EXISTS;
	}
	net.ports[port->place] = port;
	return VMK_OK;
}

enum vmk_status port_create(const char *name, bool guest, struct port **port)
{
	struct port *fresh = heap_alloc(sizeof(*fresh));
	char owner[PORT_NAME_BYTES];
	enum vmk_status status;
	uint64_t flags;

	if (!fresh)
		return VMK_NO_MEMORY;
	copy_name(fresh->name, sizeof(fresh->name), name);
	fresh->guest = guest;
	flags = spin_lock(&net.lock);
	status = take_place(fresh, owner);
	spin_unlock(&net.lock, flags);
	if (status == VMK_OK)
		*port = fresh;
	else
		heap_free(fresh);
	if (status == VMK_EXISTS)
		vmk_error("port of %s: refused: its MAC address is that of %s", name, owner);
	return status;
}

bool switch_guest_clashes(const char *name, char *owner, size_t size)
{
	char own[PORT_NAME_BYTES];
	uint64_t flags = spin_lock(&net.lock);
	const struct port *other;
	uint8_t mac[MAC_BYTES];

	copy_name(own, sizeof(own), name);
	guest_mac(own, mac);
	other = owner_of(mac, NULL);
	if (other)
		copy_name(owner, size, other->name);
	spin_unlock(&net.lock, flags);
	return other;
}

void port_destroy(struct port *port)
{
	uint64_t flags = spin_lock(&net.lock);

	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (net.ports[i] == port)
			net.ports[i] = NULL;
	}
	spin_unlock(&net.lock, flags);
	heap_free(port);
}

static bool is_linked(const struct port *port)
{
	return net.uplink && net.link_up && !port->clashes;
}

void port_info(struct port *port, struct vmk_port_info *info)
{
	uint64_t flags = spin_lock(&net.lock);

	memset(info, 0, sizeof(*info));
	port_mac(port, info->mac);
	info->mtu = LINK_MTU;
	info->link_up = is_linked(port);
	spin_unlock(&net.lock, flags);
}

void port_set_address(struct port *port, const struct vmk_port_address *address)
{
	uint64_t flags = spin_lock(&net.lock);

	port->ip = *address;
	spin_unlock(&net.lock, flags);
}

/* What the switch itself has to say; delivers to the other ports. With the lock held. */
static enum vmk_status route(struct port *port, const uint8_t *frame, size_t bytes, bool *to_wire)
{
	*to_wire = false;
	if (bytes < FRAME_HEADER_BYTES)
		return VMK_BAD_PARAM;
	if (bytes > NET_FRAME_MAX)
		return VMK_TOO_LARGE;
	if (!net.uplink)
		return VMK_NOT_PRESENT;
	if (!is_port_mac(port, frame + MAC_BYTES))
		return VMK_DENIED; /* a port speaks for itself only */
	*to_wire = !deliver(port, frame, bytes) && !is_port_mac(port, frame);
	return VMK_OK;
}

/* Whatever has gone out since is nobody's share any more. Without locks. */
static enum vmk_status may_send(const struct port *port, const struct uplink_ops *uplink, void *nic)
{
	unsigned most, room = uplink->room(nic, &most);
	uint64_t flags;
	bool may;

	if (!most)
		return VMK_NOT_PRESENT;
	flags = spin_lock(&net.lock);
	share_settle(&net.share, room, most);
	may = share_may(&net.share, port->place, port->guest, room, most);
	spin_unlock(&net.lock, flags);
	return may ? VMK_OK : VMK_NO_RESOURCES;
}

enum vmk_status port_send(struct port *port, const void *frame, size_t bytes)
{
	const struct uplink_ops *uplink;
	enum vmk_status status;
	uint64_t flags;
	bool to_wire;
	void *nic;

	flags = spin_lock(&net.lock);
	status = route(port, frame, bytes, &to_wire);
	uplink = net.uplink;
	nic = net.nic;
	spin_unlock(&net.lock, flags);

	if (to_wire)
		status = may_send(port, uplink, nic);
	if (to_wire && status == VMK_OK)
		status = uplink->send(nic, frame, bytes);

	flags = spin_lock(&net.lock);
	if (to_wire && status == VMK_OK)
		share_take(&net.share, port->place);
	port->counters.sent += status == VMK_OK;
	port->counters.sent_bytes += status == VMK_OK ? bytes : 0;
	port->counters.send_refusals += status != VMK_OK;
	spin_unlock(&net.lock, flags);
	return status;
}

enum vmk_status port_receive(struct port *port, void *to, size_t size, size_t *bytes)
{
	enum vmk_status status = VMK_OK;
	const struct frame *frame;
	uint64_t flags;

	*bytes = 0;
	flags = spin_lock(&net.lock);
	frame = &port->queue[port->head];
	if (port->count == 0) {
		status = VMK_WOULD_BLOCK;
	} else if (frame->bytes > size) {
		status = VMK_TOO_LARGE;
	} else {
		memcpy(to, frame->data, frame->bytes);
		*bytes = frame->bytes;
		port->head = (port->head + 1) % PORT_QUEUE_FRAMES;
		port->count--;
	}
	spin_unlock(&net.lock, flags);
	return status;
}

void port_get_counters(struct port *port, struct port_counters *counters)
{
	uint64_t flags = spin_lock(&net.lock);

	*counters = port->counters;
	spin_unlock(&net.lock, flags);
}

struct event *port_event(struct port *port)
{
	return &port->arrived;
}

bool port_readable(struct port *port)
{
	uint64_t flags = spin_lock(&net.lock);
	bool readable = port->count > 0;

	spin_unlock(&net.lock, flags);
	return readable;
}

bool switch_describe_uplink(unsigned index, struct vmk_info_nic *info)
{
	uint64_t flags = spin_lock(&net.lock);
	bool there = net.uplink && index == 0;

	if (there) {
		memcpy(info->name, net.uplink_name, sizeof(net.uplink_name));
		memcpy(info->mac, net.mac, MAC_BYTES);
		info->link_up = net.link_up;
		info->mtu = LINK_MTU;
		info->link_since_ns = net.link_since_ns;
		info->bad_frames = net.bad_frames;
	}
	spin_unlock(&net.lock, flags);
	return there;
}

unsigned switch_port_count(void)
{
	uint64_t flags = spin_lock(&net.lock);
	unsigned count = 0;

	for (unsigned i = 0; i < PORTS_MAX; i++)
		count += net.ports[i] != NULL;
	spin_unlock(&net.lock, flags);
	return count;
}

static void describe_port(const struct port *port, unsigned slot, struct vmk_info_port *info)
{
	snprintf(info->name, sizeof(info->name), "vmk%u", slot);
	memcpy(info->world, port->name, sizeof(port->name));
	port_mac(port, info->mac);
	info->link_up = is_linked(port);
	info->mtu = LINK_MTU;
	info->received = port->counters.received;
	info->received_bytes = port->counters.received_bytes;
	info->receive_drops = port->counters.receive_drops;
	info->sent = port->counters.sent;
	info->sent_bytes = port->counters.sent_bytes;
	info->send_refusals = port->counters.send_refusals;
	info->ip = port->ip;
}

bool switch_describe_port(unsigned index, struct vmk_info_port *info)
{
	uint64_t flags = spin_lock(&net.lock);
	const struct port *found = NULL;

	for (unsigned i = 0; i < PORTS_MAX && !found; i++) {
		if (!net.ports[i] || index--)
			continue;
		found = net.ports[i];
		describe_port(found, i, info);
	}
	spin_unlock(&net.lock, flags);
	return found;
}
