/*
 * vmkflood IP:PORT COUNT: changed copies of an attestation request, from one socket, and a count of
 * what comes back. Exit status 0 when no more bytes came back than were sent, 1 when more did.
 */

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DATAGRAM_MAX 1400
#define PAUSE_EVERY  20 /* datagrams, so that the receiver's queue is not all that is tested */
#define PAUSE_US     2000
#define DRAIN_US     500000

static uint64_t sent_bytes, received_bytes, answers;

/* A good FETCH of /attest (RFC 7252, RFC 8132) with a hello request that asks for one log. */
static size_t good_request(uint8_t *to)
{
	static const uint8_t request[] = {0x44, 0x05, 0x12, 0x34, 1, 2, 3, 4, /* CON FETCH, token */
		0xb6, 'a', 't', 't', 'e', 's', 't',                           /* Uri-Path */
		0x11, 60,                               /* Content-Format: CBOR */
		0xff, 0x86, 0x1a, 0, 2, 2, 0,           /* [0x20200, */
		0xf5, 0x40,                             /* true, h'', */
		0x48, 1, 2, 3, 4, 5, 6, 7, 8,           /* nonce, */
		0x81, 0x82, 0x0b, 0x81, 0x11,           /* [[11, [17]]], */
		0x81, 0x83, 0x63, 'v', 'm', 'k', 0, 0}; /* [["vmk", 0, 0]]] */

	memcpy(to, request, sizeof(request));
	return sizeof(request);
}

static size_t mutate(uint8_t *datagram, size_t size)
{
	for (unsigned n = 1 + (unsigned)rand() % 4; n; n--) {
		switch (rand() % 4) {
		case 0:
			datagram[(size_t)rand() % size] ^= (uint8_t)(1u << rand() % 8);
			break;
		case 1:
			datagram[(size_t)rand() % size] = (uint8_t)rand();
			break;
		case 2:
			size = 1 + (size_t)rand() % size;
			break;
		default:
			while (size < DATAGRAM_MAX && rand() % 50)
				datagram[size++] = (uint8_t)rand();
		}
	}
	return size;
}

static void drain(int fd)
{
	uint8_t answer[65536];
	ssize_t got;

	while ((got = recv(fd, answer, sizeof(answer), MSG_DONTWAIT)) > 0) {
		received_bytes += (uint64_t)got;
		answers++;
	}
}

static int open_socket(const char *text)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	unsigned port;
	char ip[16];
	int fd;

	if (sscanf(text, "%15[0-9.]:%u", ip, &port) != 2 || port - 1 > 65534 ||
		inet_pton(AF_INET, ip, &address.sin_addr) != 1)
		return -1;
	address.sin_port = htons((uint16_t)port);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	long count = argc == 3 ? atol(argv[2]) : 0;
	int fd = argc == 3 ? open_socket(argv[1]) : -1;

	if (fd < 0 || count < 1) {
		fputs("usage: vmkflood IP:PORT COUNT\n", stderr);
		return 2;
	}
	srand(1);
	for (long i = 0; i < count; i++) {
		uint8_t datagram[DATAGRAM_MAX];
		size_t size = mutate(datagram, good_request(datagram));

		if (send(fd, datagram, size, 0) > 0)
			sent_bytes += size;
		if (i % PAUSE_EVERY == 0) {
			usleep(PAUSE_US);
			drain(fd);
		}
	}
	usleep(DRAIN_US);
	drain(fd);
	close(fd);
	printf("sent %ld datagrams, %llu bytes; received %llu, %llu bytes\n", count,
		(unsigned long long)sent_bytes, (unsigned long long)answers,
		(unsigned long long)received_bytes);
	return received_bytes > sent_bytes;
}
