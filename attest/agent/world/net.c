#include "agent/world/net.h"

#include <string.h>

#include <lwip/dhcp.h>
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>
#include <netif/ethernet.h>
#include <vmkuser/libvmkuser.h>

#include "agent/world/say.h"
#include "wire/coap.h"

#define FRAME_MAX      1518
#define FRAMES_AT_ONCE 64 /* before the timers have their turn */
#define NS_PER_MS      1000000ull
#define MS_FOREVER     UINT32_MAX /* of sys_timeouts_sleeptime() */

static struct {
	struct netif netif;
	struct udp_pcb *udp;
	struct agent *agent;
	struct vmk_port_info info;
	char hostname[AGENT_HOSTNAME_MAX + 1];
	vmk_handle port;
	uint16_t udp_port;
	uint64_t frames_dropped;
} net;

static uint64_t monotonic_ns(void)
{
	uint64_t now = 0;

	vmku_clock(VMK_CLOCK_MONOTONIC, &now);
	return now;
}

/* lwIP's clock: milliseconds, wrapping. */
u32_t sys_now(void)
{
	return (u32_t)(monotonic_ns() / NS_PER_MS);
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
	say("lwIP: %s", what);
	vmku_exit(2);
}

static err_t send_frame(struct netif *netif, struct pbuf *frame)
{
	static uint8_t bytes[FRAME_MAX];
	enum vmk_status status;

	if (frame->tot_len > sizeof(bytes))
		return ERR_BUF;
	pbuf_copy_partial(frame, bytes, frame->tot_len, 0);
	status = vmku_port_send(net.port, bytes, frame->tot_len);
	return status == VMK_OK ? ERR_OK : ERR_IF;
}

static err_t init_netif(struct netif *netif)
{
	netif->name[0] = 'v';
	netif->name[1] = 'm';
	netif->output = etharp_output;
	netif->linkoutput = send_frame;
	netif->mtu = net.info.mtu;
	netif->hwaddr_len = sizeof(net.info.mac);
	memcpy(netif->hwaddr, net.info.mac, sizeof(net.info.mac));
	netif->flags =
		NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
	return ERR_OK;
}

/* Called at each change of the address, by DHCP too. */
static void address_changed(struct netif *netif)
{
	if (!ip4_addr_isany(netif_ip4_addr(netif)))
		say("attester listening on %s:%u", ip4addr_ntoa(netif_ip4_addr(netif)),
			net.udp_port);
}

static void send_reply(const uint8_t *bytes, size_t size, const ip_addr_t *to, uint16_t port)
{
	struct pbuf *reply = pbuf_alloc(PBUF_TRANSPORT, (u16_t)size, PBUF_RAM);

	if (!reply)
		return; /* the client asks again */
	pbuf_take(reply, bytes, (u16_t)size);
	udp_sendto(net.udp, reply, to, port);
	pbuf_free(reply);
}

static void receive_datagram(
	void *context, struct udp_pcb *udp, struct pbuf *packet, const ip_addr_t *from, u16_t port)
{
	static uint8_t datagram[FRAME_MAX], reply[COAP_DATAGRAM_MAX];
	struct agent_address client = {.ip = {[10] = 0xff, [11] = 0xff}, .port = port};
	const ip_addr_t *to = ip_current_dest_addr();
	size_t size = packet->tot_len;

	/* Multicast and broadcast requests would be answered by every host at once. */
	if (size <= sizeof(datagram) && !ip_addr_ismulticast(to) &&
		!ip_addr_isbroadcast(to, &net.netif)) {
		pbuf_copy_partial(packet, datagram, packet->tot_len, 0);
		memcpy(client.ip + 12, &ip_2_ip4(from)->addr, 4);
		size = agent_receive(
			net.agent, &client, monotonic_ns(), datagram, size, reply, sizeof(reply));
		if (size)
			send_reply(reply, size, from, port);
	}
	pbuf_free(packet);
}

static ip4_addr_t to_lwip(const uint8_t address[4])
{
	ip4_addr_t out;

	memcpy(&out.addr, address, 4);
	return out;
}

static enum vmk_status open_udp(uint16_t port)
{
	net.udp_port = port;
	net.udp = udp_new();
	if (!net.udp || udp_bind(net.udp, IP_ADDR_ANY, port) != ERR_OK)
		return VMK_NO_RESOURCES;
	udp_recv(net.udp, receive_datagram, NULL);
	return VMK_OK;
}

enum vmk_status net_start(vmk_handle port, const struct agent_config *config, struct agent *agent)
{
	ip4_addr_t address = {0}, mask = {0}, gateway = {0};
	enum vmk_status status = vmku_port_info(port, &net.info);

	if (status != VMK_OK)
		return status;
	net.port = port;
	net.agent = agent;
	lwip_init();
	status = open_udp(config->port);
	if (status != VMK_OK)
		return status;
	if (!config->dhcp) {
		address = to_lwip(config->address);
		mask.addr = lwip_htonl(UINT32_MAX << (32 - config->prefix));
		gateway = to_lwip(config->gateway);
	}
	if (!netif_add(&net.netif, &address, &mask, &gateway, NULL, init_netif, ethernet_input))
		return VMK_NO_RESOURCES;
	memcpy(net.hostname, config->hostname, sizeof(net.hostname));
	if (net.hostname[0])
		netif_set_hostname(&net.netif, net.hostname);
	netif_set_default(&net.netif);
	netif_set_status_callback(&net.netif, address_changed);
	netif_set_up(&net.netif);
	if (!config->dhcp)
		return VMK_OK;
	say("asking for an address by DHCP%s", net.info.link_up ? "" : "; the link is down");
	return dhcp_start(&net.netif) == ERR_OK ? VMK_OK : VMK_NO_RESOURCES;
}

static void receive_frame(const uint8_t *bytes, size_t size)
{
	struct pbuf *frame = pbuf_alloc(PBUF_RAW, (u16_t)size, PBUF_POOL);

	if (!frame) {
		net.frames_dropped++;
		return;
	}
	pbuf_take(frame, bytes, (u16_t)size);
	if (net.netif.input(frame, &net.netif) != ERR_OK)
		pbuf_free(frame);
}

static enum vmk_status receive_frames(void)
{
	static uint8_t bytes[2048];

	for (int i = 0; i < FRAMES_AT_ONCE; i++) {
		size_t size;
		enum vmk_status status = vmku_port_recv(net.port, bytes, sizeof(bytes), &size);

		if (status == VMK_WOULD_BLOCK)
			return VMK_OK;
		if (status != VMK_OK)
			return status;
		receive_frame(bytes, size);
	}
	return VMK_OK;
}

enum vmk_status net_poll(void)
{
	u32_t sleep_ms = sys_timeouts_sleeptime();
	uint64_t timeout = sleep_ms == MS_FOREVER ? VMKU_FOREVER : sleep_ms * NS_PER_MS;
	enum vmk_status status = vmku_wait(&net.port, 1, timeout, NULL);

	if (status == VMK_OK)
		status = receive_frames();
	else if (status == VMK_TIMEOUT)
		status = VMK_OK;
	sys_check_timeouts();
	return status;
}
