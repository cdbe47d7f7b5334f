#include "worlds/libnet/link.h"

#include <stdio.h>
#include <string.h>

#include <lwip/dhcp.h>
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <netif/ethernet.h>
#include <vmkuser/libvmkuser.h>

#define FRAME_MAX      1518
#define FRAMES_AT_ONCE 64 /* before the timers have their turn */
#define NS_PER_MS      1000000ull
#define MS_FOREVER     UINT32_MAX /* of sys_timeouts_sleeptime() */

static struct {
	struct netif netif;
	struct vmk_port_info info;
	vmk_handle port;
	bool dhcp;
	void (*changed)(const char *address);
	uint64_t frames_dropped;
} link_state;

uint64_t link_now_ns(void)
{
	uint64_t now = 0;

	vmku_clock(VMK_CLOCK_MONOTONIC, &now);
	return now;
}

/* lwIP's clock: milliseconds, wrapping. */
u32_t sys_now(void)
{
	return (u32_t)(link_now_ns() / NS_PER_MS);
}

/* DHCP transaction ids and the like. Without randomness the world must not go on. */
unsigned lwip_port_random(void)
{
	unsigned value;

	if (vmku_random(&value, sizeof(value)) != VMK_OK)
		lwip_port_assert("no random numbers");
	return value;
}

_Noreturn void lwip_port_assert(const char *what)
{
	char line[128];

	snprintf(line, sizeof(line), "lwIP: %s", what);
	vmku_log(line, strlen(line));
	vmku_exit(2);
}

static err_t send_frame(struct netif *netif, struct pbuf *frame)
{
	static uint8_t bytes[FRAME_MAX];
	enum vmk_status status;

	if (frame->tot_len > sizeof(bytes))
		return ERR_BUF;
	pbuf_copy_partial(frame, bytes, frame->tot_len, 0);
	status = vmku_port_send(link_state.port, bytes, frame->tot_len);
	return status == VMK_OK ? ERR_OK : ERR_IF;
}

static err_t init_netif(struct netif *netif)
{
	netif->name[0] = 'v';
	netif->name[1] = 'm';
	netif->output = etharp_output;
	netif->linkoutput = send_frame;
	netif->mtu = link_state.info.mtu;
	netif->hwaddr_len = sizeof(link_state.info.mac);
	memcpy(netif->hwaddr, link_state.info.mac, sizeof(link_state.info.mac));
	netif->flags =
		NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
	return ERR_OK;
}

/* For whoever looks at the host's interfaces; nothing depends on it, nor on its success. */
static void tell_address(struct netif *netif)
{
	struct vmk_port_address told = {.dhcp = link_state.dhcp};
	uint32_t mask = lwip_ntohl(netif_ip4_netmask(netif)->addr);

	if (!ip4_addr_isany(netif_ip4_addr(netif))) {
		memcpy(told.address, &netif_ip4_addr(netif)->addr, sizeof(told.address));
		memcpy(told.gateway, &netif_ip4_gw(netif)->addr, sizeof(told.gateway));
		told.prefix = (uint8_t)__builtin_popcount(mask);
	}
	vmku_port_address(link_state.port, &told);
}

/* Called at each change of the address, by DHCP too. */
static void address_changed(struct netif *netif)
{
	tell_address(netif);
	if (!ip4_addr_isany(netif_ip4_addr(netif)))
		link_state.changed(ip4addr_ntoa(netif_ip4_addr(netif)));
}

enum vmk_status link_open(vmk_handle port)
{
	enum vmk_status status = vmku_port_info(port, &link_state.info);

	if (status != VMK_OK)
		return status;
	link_state.port = port;
	lwip_init();
	return VMK_OK;
}

static ip4_addr_t to_lwip(const uint8_t address[4])
{
	ip4_addr_t out;

	memcpy(&out.addr, address, 4);
	return out;
}

enum vmk_status link_up(
	const struct net_address *net, const char *hostname, void (*changed)(const char *address))
{
	ip4_addr_t address = {0}, mask = {0}, gateway = {0};
	struct netif *netif = &link_state.netif;

	if (!net->dhcp) {
		address = to_lwip(net->address);
		mask.addr = lwip_htonl(UINT32_MAX << (32 - net->prefix));
		gateway = to_lwip(net->gateway);
	}
	link_state.changed = changed;
	link_state.dhcp = net->dhcp;
	if (!netif_add(netif, &address, &mask, &gateway, NULL, init_netif, ethernet_input))
		return VMK_NO_RESOURCES;
	if (hostname[0])
		netif_set_hostname(netif, hostname);
	netif_set_default(netif);
	netif_set_status_callback(netif, address_changed);
	netif_set_up(netif);
	if (!net->dhcp)
		return VMK_OK;
	return dhcp_start(netif) == ERR_OK ? VMK_OK : VMK_NO_RESOURCES;
}

bool link_has_address(void)
{
	return !ip4_addr_isany(netif_ip4_addr(&link_state.netif));
}

bool link_carrier(void)
{
	return link_state.info.link_up;
}

struct netif *link_netif(void)
{
	return &link_state.netif;
}

static void receive_frame(const uint8_t *bytes, size_t size)
{
	struct pbuf *frame = pbuf_alloc(PBUF_RAW, (u16_t)size, PBUF_POOL);

	if (!frame) {
		link_state.frames_dropped++;
		return;
	}
	pbuf_take(frame, bytes, (u16_t)size);
	if (link_state.netif.input(frame, &link_state.netif) != ERR_OK)
		pbuf_free(frame);
}

static enum vmk_status receive_frames(void)
{
	static uint8_t bytes[2048];

	for (int i = 0; i < FRAMES_AT_ONCE; i++) {
		size_t size;
		enum vmk_status status =
			vmku_port_recv(link_state.port, bytes, sizeof(bytes), &size);

		if (status == VMK_WOULD_BLOCK)
			return VMK_OK;
		if (status != VMK_OK)
			return status;
		receive_frame(bytes, size);
	}
	return VMK_OK;
}

enum vmk_status link_poll(vmk_handle other, uint64_t longest_ns)
{
	/* The other first, so that no flood of frames hides it. */
	const vmk_handle handles[] = {other, link_state.port};
	unsigned skip = other == VMK_NO_HANDLE;
	u32_t sleep_ms = sys_timeouts_sleeptime();
	uint64_t timeout = sleep_ms == MS_FOREVER ? VMKU_FOREVER : sleep_ms * NS_PER_MS;
	enum vmk_status status = vmku_wait(
		handles + skip, 2 - skip, timeout < longest_ns ? timeout : longest_ns, NULL);

	if (status == VMK_OK || status == VMK_TIMEOUT)
		status = receive_frames();
	sys_check_timeouts();
	return status;
}
