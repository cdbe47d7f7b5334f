/*
 * The wire that the agent's network edge is plugged into, for its unit test and fuzz target: the
 * system calls that it makes, and frames to put on the wire. Include it in one file of a program.
 */
#ifndef TESTS_AGENT_WIRE_H
#define TESTS_AGENT_WIRE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmkuser/libvmkuser.h>

#define WIRE_FRAME_MAX 2048
#define WIRE_PORT      1
#define WIRE_UDP_HEAD  (14 + 20 + 8)

static const uint8_t wire_agent_mac[6] = {2, 0, 0, 0, 0, 0x15};
static const uint8_t wire_peer_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t wire_agent_ip[4] = {10, 0, 2, 15};
static const uint8_t wire_peer_ip[4] = {10, 0, 2, 2};

static struct {
	uint64_t now_ns;
	uint8_t in[WIRE_FRAME_MAX]; /* the frame that waits for the agent */
	size_t in_size;
	uint8_t out[WIRE_FRAME_MAX]; /* the last frame from the agent */
	size_t out_size;
	unsigned sent;
	struct vmk_port_address address; /* as it told the kernel */
	char log[400];
} wire;

enum vmk_status vmku_port_info(vmk_handle port, struct vmk_port_info *info)
{
	memcpy(info->mac, wire_agent_mac, 6);
	info->mtu = 1500;
	info->link_up = 1;
	return VMK_OK;
}

enum vmk_status vmku_port_address(vmk_handle port, const struct vmk_port_address *address)
{
	wire.address = *address;
	return VMK_OK;
}

enum vmk_status vmku_port_send(vmk_handle port, const void *frame, size_t bytes)
{
	memcpy(wire.out, frame, bytes);
	wire.out_size = bytes;
	wire.sent++;
	return VMK_OK;
}

enum vmk_status vmku_port_recv(vmk_handle port, void *to, size_t size, size_t *bytes)
{
	if (!wire.in_size)
		return VMK_WOULD_BLOCK;
	if (wire.in_size > size)
		return VMK_TOO_LARGE;
	memcpy(to, wire.in, wire.in_size);
	*bytes = wire.in_size;
	wire.in_size = 0;
	return VMK_OK;
}

enum vmk_status vmku_wait(
	const vmk_handle *handles, unsigned count, uint64_t timeout_ns, unsigned *index)
{
	return wire.in_size ? VMK_OK : VMK_TIMEOUT;
}

enum vmk_status vmku_clock(unsigned clock, uint64_t *nanoseconds)
{
	*nanoseconds = wire.now_ns;
	return VMK_OK;
}

enum vmk_status vmku_random(void *to, size_t bytes)
{
	memset(to, 0x5a, bytes);
	return VMK_OK;
}

enum vmk_status vmku_log(const char *text, size_t bytes)
{
	snprintf(wire.log, sizeof(wire.log), "%.*s", (int)bytes, text);
	return VMK_OK;
}

/* The world would be started again; here it is a finding. */
_Noreturn void vmku_exit(int code)
{
	fprintf(stderr, "the world ended: %s\n", wire.log);
	abort();
}

static inline uint16_t wire_checksum(const uint8_t *p, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static inline void wire_put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* A UDP datagram (no UDP checksum: RFC 768 allows it) from the peer, port 40000, as a frame. */
static inline void wire_udp(const uint8_t to[4], uint16_t port, const void *data, size_t size)
{
	static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	uint8_t *f = wire.in;

	memset(f, 0, WIRE_UDP_HEAD);
	memcpy(f, to[3] == 255 ? broadcast : wire_agent_mac, 6);
	memcpy(f + 6, wire_peer_mac, 6);
	wire_put16(f + 12, 0x0800);
	f[14] = 0x45;
	wire_put16(f + 16, (unsigned)(28 + size));
	f[22] = 64;
	f[23] = 17;
	memcpy(f + 26, wire_peer_ip, 4);
	memcpy(f + 30, to, 4);
	wire_put16(f + 24, wire_checksum(f + 14, 20));
	wire_put16(f + 34, 40000);
	wire_put16(f + 36, port);
	wire_put16(f + 38, (unsigned)(8 + size));
	memcpy(f + WIRE_UDP_HEAD, data, size);
	wire.in_size = WIRE_UDP_HEAD + size;
}

/* An ARP packet (RFC 826) from the peer: 1 asks for the agent, 2 answers it. */
static inline void wire_arp(unsigned operation)
{
	static const uint8_t head[] = {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0};
	uint8_t *f = wire.in;

	memcpy(f, wire_agent_mac, 6);
	memcpy(f + 6, wire_peer_mac, 6);
	memcpy(f + 12, head, sizeof(head));
	f[21] = (uint8_t)operation;
	memcpy(f + 22, wire_peer_mac, 6);
	memcpy(f + 28, wire_peer_ip, 4);
	memcpy(f + 32, wire_agent_mac, 6);
	memcpy(f + 38, wire_agent_ip, 4);
	wire.in_size = 42;
}

static inline bool wire_sent_arp_answer(void)
{
	return wire.out_size >= 42 && wire.out[12] == 8 && wire.out[13] == 6 && wire.out[21] == 2 &&
	       !memcmp(wire.out + 22, wire_agent_mac, 6);
}

#endif
