/* The virtual switch in its first form: one switch, its uplink (a NIC) and ports for worlds. */
#ifndef VMKNET_SWITCH_H
#define VMKNET_SWITCH_H

#include "lib/types.h"
#include <vmkapi/status.h>
#include <vmkuser/syscall.h>

struct port;
struct event;

#define NET_FRAME_MAX 1514 /* Ethernet header and 1500 bytes, without FCS */

/* What a NIC driver offers. Functions may be called from any world, one at a time. */
struct uplink_ops {
	/* Queue one frame behind those before it; VMK_NO_RESOURCES when the ring is full. */
	enum vmk_status (*send)(void *nic, const void *frame, size_t bytes);
	/* How many frames it would take now, and at most: where nothing waits to go out. */
	unsigned (*room)(void *nic, unsigned *most);
};
/* Register the NIC; `mac` is copied. Only one uplink in this version: VMK_EXISTS for a second. */
enum vmk_status switch_uplink_add(
	const char *name, const uint8_t mac[6], const struct uplink_ops *ops, void *nic);
/*
 * Takes it away again. With `user` it is refused while there are ports: VMK_BUSY, and *user is the
 * name of the world that has the first. A call of ops->send may still be on its way.
 */
enum vmk_status switch_uplink_remove(char *user, size_t size);
void switch_uplink_link(bool up);
/* A frame from the wire; from interrupt context or a world. Copied. Oversized frames are counted
 * and dropped. */
void switch_uplink_receive(const void *frame, size_t bytes);

/*
 * The first port takes the uplink's MAC address (vmk0), each other one an address of its own, made
 * of it; a guest's is made of its name and the uplink's, and locally administered. Frames are
 * queued up to a bound, then dropped and counted. VMK_NO_RESOURCES: there are 32, or 24 of guests.
 * VMK_EXISTS: another world's port has that address, which the log names. VMK_NO_MEMORY.
 */
enum vmk_status port_create(const char *name, bool guest, struct port **port);
void port_destroy(struct port *port);
/* Would a guest of that name have the address of a port that there is? *owner is that one's. */
bool switch_guest_clashes(const char *name, char *owner, size_t size);
void port_info(struct port *port, struct vmk_port_info *info);
/* What its world says that its IP stack uses; shown to people, and used for nothing. Copied. */
void port_set_address(struct port *port, const struct vmk_port_address *address);
/*
 * VMK_BAD_PARAM, VMK_TOO_LARGE; VMK_DENIED: not from the port's own address; VMK_NOT_PRESENT: there
 * is no uplink; VMK_NO_RESOURCES: the NIC has no room, or none that is this port's (share.h).
 */
enum vmk_status port_send(struct port *port, const void *frame, size_t bytes);
/* VMK_WOULD_BLOCK when the queue is empty; VMK_TOO_LARGE (frame kept) when `size` is too small. */
enum vmk_status port_receive(struct port *port, void *to, size_t size, size_t *bytes);
/* What passed through a port since it was created. */
struct port_counters {
	uint64_t received, received_bytes, receive_drops; /* drops: the queue was full */
	uint64_t sent, sent_bytes, send_refusals;         /* refusals: by the switch or the NIC */
};
void port_get_counters(struct port *port, struct port_counters *counters);
struct vmk_info_nic;
struct vmk_info_port;
/* What is known of uplink and port number `index`; false beyond the last. The fields of the driver
 * and its device are left to the caller. */
bool switch_describe_uplink(unsigned index, struct vmk_info_nic *info);
unsigned switch_port_count(void);
bool switch_describe_port(unsigned index, struct vmk_info_port *info);
struct event *port_event(struct port *port); /* signalled when a frame arrives */
bool port_readable(struct port *port);

#endif
