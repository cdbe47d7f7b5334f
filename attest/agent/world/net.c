#include "agent/world/net.h"

#include <string.h>

#include <lwip/netif.h>
#include <lwip/udp.h>
#include <vmkuser/libvmkuser.h>

#include "agent/world/say.h"
#include "wire/coap.h"
#include "worlds/libnet/link.h"

#define DATAGRAM_MAX 1518

static struct {
	struct udp_pcb *udp;
	struct agent *agent;
	char hostname[AGENT_HOSTNAME_MAX + 1];
	uint16_t udp_port;
} net;

static void say_listening(const char *address)
{
	say("attester listening on %s:%u", address, net.udp_port);
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
	static uint8_t datagram[DATAGRAM_MAX], reply[COAP_DATAGRAM_MAX];
	struct agent_address client = {.ip = {[10] = 0xff, [11] = 0xff}, .port = port};
	const ip_addr_t *to = ip_current_dest_addr();
	size_t size = packet->tot_len;

	/* Multicast and broadcast requests would be answered by every host at once. */
	if (size <= sizeof(datagram) && !ip_addr_ismulticast(to) &&
		!ip_addr_isbroadcast(to, link_netif())) {
		pbuf_copy_partial(packet, datagram, packet->tot_len, 0);
		memcpy(client.ip + 12, &ip_2_ip4(from)->addr, 4);
		size = agent_receive(
			net.agent, &client, link_now_ns(), datagram, size, reply, sizeof(reply));
		if (size)
			send_reply(reply, size, from, port);
	}
	pbuf_free(packet);
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
	enum vmk_status status = link_open(port);

	if (status != VMK_OK)
		return status;
	net.agent = agent;
	status = open_udp(config->port);
	if (status != VMK_OK)
		return status;
	memcpy(net.hostname, config->hostname, sizeof(net.hostname));
	if (config->net.dhcp)
		say("asking for an address by DHCP%s", link_carrier() ? "" : "; the link is down");
	return link_up(&config->net, net.hostname, say_listening);
}

enum vmk_status net_poll(void)
{
	return link_poll(VMK_NO_HANDLE, VMKU_FOREVER);
}
