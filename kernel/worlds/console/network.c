/* vmkping: ICMP echo (RFC 792) through lwIP's raw interface, one question at a time. */
#include "worlds/console/console.h"

#include <string.h>

#include <lwip/icmp.h>
#include <lwip/inet_chksum.h>
#include <lwip/netif.h>
#include <lwip/raw.h>
#include <vmkuser/libvmkuser.h>

#include "worlds/libnet/link.h"

#define VALUE_MAX       40
#define NS_PER_MS       1000000ull
#define NS_PER_S        1000000000ull
#define ADDRESS_WAIT_NS (10 * NS_PER_S)
#define STEP_NS         (50 * NS_PER_MS)
#define ECHO_MAX        1480 /* bytes of ICMP in a frame of 1500 */
#define IDENTIFIER      0x564d

static struct {
	bool tried, up; /* tried: it comes up once in a life, or not at all */
	struct raw_pcb *raw;
	uint16_t sequence; /* that is waited for */
	ip_addr_t asked;   /* who is to answer */
	bool answered;
	uint64_t answered_ns;
	uint8_t ttl;
	uint16_t bytes;
} network;

static void address_changed(const char *address)
{
	char line[64] = "vmk1: address ";

	strncat(line, address, 16);
	vmku_log(line, strlen(line));
}

/* console.net and console.gateway; DHCP where the configuration says nothing. False: none. */
static bool read_config(struct net_address *net)
{
	char value[VALUE_MAX];
	enum vmk_status status = config_get("console.net", value, sizeof(value));

	*net = (struct net_address){.dhcp = true};
	if (status == VMK_NOT_FOUND)
		return true;
	if (status != VMK_OK || !net_parse((struct net_text){value, strlen(value)}, net))
		return false; /* "none" among others */
	status = config_get("console.gateway", value, sizeof(value));
	return status == VMK_NOT_FOUND ||
	       (status == VMK_OK &&
		       net_parse_gateway((struct net_text){value, strlen(value)}, net));
}

static u8_t received(void *context, struct raw_pcb *raw, struct pbuf *packet, const ip_addr_t *from)
{
	const struct ip_hdr *ip = (const struct ip_hdr *)packet->payload;
	uint16_t header = IPH_HL_BYTES(ip);
	struct icmp_echo_hdr echo;

	if (pbuf_copy_partial(packet, &echo, sizeof(echo), header) != sizeof(echo) ||
		ICMPH_TYPE(&echo) != ICMP_ER || !ip_addr_cmp(from, &network.asked) ||
		echo.id != lwip_htons(IDENTIFIER) || echo.seqno != lwip_htons(network.sequence))
		return 0;
	network.answered = true;
	network.answered_ns = link_now_ns();
	network.ttl = IPH_TTL(ip);
	network.bytes = (uint16_t)(packet->tot_len - header);
	pbuf_free(packet);
	return 1;
}

static enum vmk_status bring_up(void)
{
	vmk_handle port = vmku_find("mgmt", VMK_KIND_PORT);
	struct net_address address;
	enum vmk_status status;

	if (network.up)
		return VMK_OK;
	if (port == VMK_NO_HANDLE || !read_config(&address))
		return VMK_NOT_PRESENT;
	if (network.tried)
		return VMK_NO_RESOURCES;
	network.tried = true;
	status = link_open(port);
	if (status != VMK_OK)
		return status;
	network.raw = raw_new(IP_PROTO_ICMP);
	if (!network.raw)
		return VMK_NO_MEMORY;
	raw_recv(network.raw, received, NULL);
	status = link_up(&address, "", address_changed);
	network.up = status == VMK_OK;
	return status;
}

enum vmk_status network_wait(vmk_handle tty, uint64_t nanoseconds)
{
	if (network.up)
		return link_poll(tty, nanoseconds);
	return vmku_wait(&tty, tty != VMK_NO_HANDLE, nanoseconds, NULL);
}

/* Until *done is set or it is late. VMK_KILLED: ctrl-c. */
static enum vmk_status wait_for(bool (*done)(void), uint64_t nanoseconds)
{
	uint64_t until = link_now_ns() + nanoseconds;

	while (!done()) {
		uint64_t now = link_now_ns();

		if (now >= until)
			return VMK_TIMEOUT;
		if (!terminal_pause(until - now < STEP_NS ? until - now : STEP_NS))
			return VMK_KILLED;
	}
	return VMK_OK;
}

static bool is_answered(void)
{
	return network.answered;
}

static enum vmk_status send_echo(const struct ping_request *request)
{
	uint16_t size = (uint16_t)(sizeof(struct icmp_echo_hdr) + request->bytes);
	static uint8_t bytes[ECHO_MAX];
	struct icmp_echo_hdr *echo = (struct icmp_echo_hdr *)bytes;
	struct pbuf *packet;
	err_t error;

	if (size > sizeof(bytes))
		return VMK_TOO_LARGE;
	packet = pbuf_alloc(PBUF_IP, size, PBUF_RAM);
	if (!packet)
		return VMK_NO_MEMORY;
	ICMPH_TYPE_SET(echo, ICMP_ECHO);
	ICMPH_CODE_SET(echo, 0);
	echo->chksum = 0;
	echo->id = lwip_htons(IDENTIFIER);
	echo->seqno = lwip_htons(request->sequence);
	for (uint16_t i = 0; i < request->bytes; i++)
		bytes[sizeof(*echo) + i] = (uint8_t)i;
	echo->chksum = inet_chksum(bytes, size);
	pbuf_take(packet, bytes, size);
	memcpy(&network.asked, request->address, 4);
	network.sequence = request->sequence;
	network.answered = false;
	error = raw_sendto(network.raw, packet, &network.asked);
	pbuf_free(packet);
	return error == ERR_RTE ? VMK_NOT_FOUND : VMK_OK;
}

enum vmk_status network_ping(
	void *context, const struct ping_request *request, struct ping_reply *reply)
{
	enum vmk_status status = bring_up();
	uint64_t sent_ns;

	if (status != VMK_OK)
		return status;
	status = wait_for(link_has_address, ADDRESS_WAIT_NS);
	if (status != VMK_OK)
		return status == VMK_TIMEOUT ? VMK_NOT_FOUND : status;
	sent_ns = link_now_ns();
	status = send_echo(request);
	if (status != VMK_OK)
		return status;
	status = wait_for(is_answered, request->timeout_ms * NS_PER_MS);
	if (status != VMK_OK)
		return status;
	reply->ttl = network.ttl;
	reply->bytes = network.bytes;
	reply->time_ns = network.answered_ns - sent_ns;
	return VMK_OK;
}
