/* vmk network ..., vmkping */
#include "worlds/libvmk/handlers.h"

#include <stdio.h>
#include <string.h>

int cmd_nic_list(struct call *call)
{
	struct vmk_info_nic nic;

	for (unsigned i = 0; next_record(call, VMK_INFO_NIC, i, &nic, sizeof(nic)); i++) {
		char mac[MAC_BYTES];

		format_mac(nic.mac, mac);
		records_text(call->out, "%s", nic.name);
		records_text(call->out, "0000:%02x:%02x.%x", nic.bus, nic.slot, nic.function);
		records_text(call->out, "%s", nic.driver);
		records_text(call->out, "Up");
		records_text(call->out, nic.link_up ? "Up" : "Down");
		records_text(call->out, "%s", mac);
		records_number(call->out, nic.mtu);
	}
	call->out->note = "There are no network adapters with a driver.";
	return EXIT_OK;
}

#define ADDRESS_BYTES 16u

static void format_address(uint32_t address, char to[ADDRESS_BYTES])
{
	snprintf(to, ADDRESS_BYTES, "%u.%u.%u.%u", (unsigned)(address >> 24),
		(unsigned)(address >> 16 & 255), (unsigned)(address >> 8 & 255),
		(unsigned)(address & 255));
}

static uint32_t number_of(const uint8_t address[4])
{
	return (uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 | (uint32_t)address[2] << 8 |
	       address[3];
}

static void add_address(struct records *out, uint32_t address)
{
	char text[ADDRESS_BYTES];

	format_address(address, text);
	records_text(out, "%s", text);
}

/* A world's word: a prefix that cannot be is one of no bits. */
static uint32_t mask_of(const struct vmk_port_address *ip)
{
	return ip->prefix && ip->prefix <= 32 ? UINT32_MAX << (32 - ip->prefix) : 0;
}

static void add_ipv4(struct records *out, const struct vmk_port_address *ip)
{
	uint32_t address = number_of(ip->address), mask = mask_of(ip);

	add_address(out, address);
	add_address(out, mask);
	add_address(out, address | ~mask);
	records_text(out, ip->dhcp ? "DHCP" : "STATIC");
	add_address(out, number_of(ip->gateway));
}

int cmd_ipv4_get(struct call *call)
{
	struct vmk_info_port port;

	for (unsigned i = 0; next_record(call, VMK_INFO_PORT, i, &port, sizeof(port)); i++) {
		records_text(call->out, "%s", port.name);
		if (number_of(port.ip.address)) {
			add_ipv4(call->out, &port.ip);
			continue;
		}
		for (unsigned column = 0; column < 3; column++)
			add_address(call->out, 0);
		records_text(call->out, "NONE");
		add_address(call->out, 0);
	}
	return EXIT_OK;
}

int cmd_interface_list(struct call *call)
{
	struct vmk_info_port port;

	for (unsigned i = 0; next_record(call, VMK_INFO_PORT, i, &port, sizeof(port)); i++) {
		char mac[MAC_BYTES];

		format_mac(port.mac, mac);
		records_text(call->out, "%s", port.name);
		records_text(call->out, "%s", port.name);
		records_text(call->out, "%s", mac);
		records_bool(call->out, true);
		records_text(call->out, "vSwitch0");
		records_text(call->out, "Management Network");
		records_text(call->out, "%s", port.world);
		records_number(call->out, port.mtu);
		if (number_of(port.ip.address))
			add_address(call->out, number_of(port.ip.address));
		else
			records_text(call->out, "none");
	}
	return EXIT_OK;
}

int cmd_port_stats(struct call *call)
{
	struct vmk_info_port port;

	for (unsigned i = 0; next_record(call, VMK_INFO_PORT, i, &port, sizeof(port)); i++) {
		records_text(call->out, "%s", port.name);
		records_number(call->out, port.received);
		records_number(call->out, port.received_bytes);
		records_number(call->out, port.receive_drops);
		records_number(call->out, port.sent);
		records_number(call->out, port.sent_bytes);
		records_number(call->out, port.send_refusals);
	}
	return EXIT_OK;
}

/* --- ping */

#define SECOND_MS 1000u
#define US(ns)    ((unsigned)((ns) / 1000 % 1000))
#define MS(ns)    ((unsigned long long)((ns) / 1000000))

/* Four decimal numbers without leading zeros. */
static bool read_address(const char *text, uint8_t address[4])
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned value = 0, digits = 0;

		for (; *text >= '0' && *text <= '9' && digits < 3; text++, digits++)
			value = value * 10 + (unsigned)(*text - '0');
		if (!digits || value > 255 || (digits > 1 && text[-(int)digits] == '0'))
			return false;
		if (*text++ != (i < 3 ? '.' : 0))
			return false;
		address[i] = (uint8_t)value;
	}
	return true;
}

struct tally {
	unsigned sent, received;
	uint64_t least, most, sum;
};

static void count_reply(struct tally *tally, uint64_t ns)
{
	if (!tally->received || ns < tally->least)
		tally->least = ns;
	if (ns > tally->most)
		tally->most = ns;
	tally->sum += ns;
	tally->received++;
}

static int no_network(struct call *call, enum vmk_status status)
{
	if (status == VMK_NOT_PRESENT)
		return call_fail(call, EXIT_FAILED,
			"no network: the console has none, console.net= in the host's "
			"configuration "
			"gives it an address, or 'vmk network nic list' shows no adapter");
	if (status == VMK_NOT_FOUND)
		return call_fail(call, EXIT_FAILED,
			"no address: no DHCP server has answered yet, or there is no gateway to %s",
			call->text[OPTION_HOST]);
	return call_fail_status(call, status, "ping");
}

static void show_reply(
	struct call *call, const struct ping_request *request, const struct ping_reply *reply)
{
	if (!call->json)
		writer_format(&call->writer,
			"%u bytes from %s: icmp_seq=%u ttl=%u time=%llu.%03u ms\n", reply->bytes,
			call->text[OPTION_HOST], request->sequence, reply->ttl, MS(reply->time_ns),
			US(reply->time_ns));
}

static void summarize(struct call *call, const struct tally *t)
{
	uint64_t mean = t->received ? t->sum / t->received : 0;
	unsigned lost = t->sent ? (t->sent - t->received) * 100 / t->sent : 0;

	if (call->json) {
		writer_text(&call->writer, "{\"Host\": ");
		writer_json_string(&call->writer, call->text[OPTION_HOST]);
		writer_format(&call->writer,
			", \"Transmitted\": %u, \"Received\": %u, \"PacketLost\": %u, "
			"\"RoundtripMinUS\": %llu, \"RoundtripAvgUS\": %llu, \"RoundtripMaxUS\": "
			"%llu}\n",
			t->sent, t->received, lost, (unsigned long long)t->least / 1000,
			(unsigned long long)mean / 1000, (unsigned long long)t->most / 1000);
		return;
	}
	writer_format(&call->writer,
		"\n--- %s ping statistics ---\n%u packets transmitted, %u packets received, %u%% "
		"packet loss\n",
		call->text[OPTION_HOST], t->sent, t->received, lost);
	if (t->received)
		writer_format(&call->writer,
			"round-trip min/avg/max = %llu.%03u/%llu.%03u/%llu.%03u ms\n", MS(t->least),
			US(t->least), MS(mean), US(mean), MS(t->most), US(t->most));
}

static enum vmk_status ping_all(
	struct call *call, struct ping_request *request, uint64_t count, struct tally *tally)
{
	for (uint64_t i = 0; i < count; i++) {
		struct ping_reply reply;
		enum vmk_status status;

		request->sequence = (uint16_t)i;
		status = call->host->ping(call->context, request, &reply);
		if (status != VMK_OK && status != VMK_TIMEOUT)
			return status;
		tally->sent++;
		if (status == VMK_OK) {
			count_reply(tally, reply.time_ns);
			show_reply(call, request, &reply);
		}
		if (i + 1 < count && !call->host->pause(call->context, SECOND_MS))
			return VMK_KILLED;
	}
	return VMK_OK;
}

int cmd_ping(struct call *call)
{
	uint64_t count = call_given(call, OPTION_COUNT) ? call->number[OPTION_COUNT] : 3;
	struct ping_request request = {.bytes = 56, .timeout_ms = SECOND_MS};
	struct tally tally = {0};
	enum vmk_status status;

	if (!read_address(call->text[OPTION_HOST], request.address))
		return call_fail(call, EXIT_USAGE,
			"'%s' is no IPv4 address: names are not resolved, write a.b.c.d",
			call->text[OPTION_HOST]);
	if (call_given(call, OPTION_SIZE))
		request.bytes = (uint16_t)call->number[OPTION_SIZE];
	if (call_given(call, OPTION_WAIT))
		request.timeout_ms = (uint32_t)call->number[OPTION_WAIT] * SECOND_MS;
	if (!call->json)
		writer_format(&call->writer, "PING %s: %u data bytes\n", call->text[OPTION_HOST],
			request.bytes);
	status = ping_all(call, &request, count, &tally);
	if (status != VMK_OK && status != VMK_KILLED)
		return no_network(call, status);
	summarize(call, &tally);
	if (status == VMK_KILLED)
		return EXIT_INTERRUPTED;
	return tally.received ? EXIT_OK : EXIT_FAILED;
}
