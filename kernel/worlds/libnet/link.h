/* A world's one network interface: lwIP on a port of the virtual switch. */
#ifndef LIBNET_LINK_H
#define LIBNET_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmkapi/status.h>
#include <vmkuser/syscall.h>

#include "worlds/libnet/address.h"

struct netif;

/* Makes lwIP ready on the port; sockets may be opened then. Once in a world's life. */
enum vmk_status link_open(vmk_handle port);
/*
 * Brings the interface up with an address, or asks DHCP for one. `changed` is called at each
 * address that it gets; hostname (for DHCP) may be empty; both must stay.
 */
enum vmk_status link_up(const struct net_address *address, const char *hostname,
	void (*changed)(const char *address));
/*
 * Waits at most longest_ns (VMKU_FOREVER) for frames, for lwIP's timers, and for the handle `other`
 * unless that is VMK_NO_HANDLE, and lets lwIP do what is due.
 */
enum vmk_status link_poll(vmk_handle other, uint64_t longest_ns);
/* Has it an address? */
bool link_has_address(void);
/* Physical link, as the switch said at link_open(). */
bool link_carrier(void);
struct netif *link_netif(void);
uint64_t link_now_ns(void);

#endif
