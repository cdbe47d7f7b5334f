/*
 * vmkagent-host: the agent's server over a POSIX UDP socket, with a TPM through tpm2-tss and logs
 * from files. A development tool: what it quotes is whatever that TPM's PCRs hold.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/host/tpm.h"
#include "agent/server.h"
#include "wire/coap.h"

struct host {
	struct host_tpm tpm;
	const char *files[VMK_LOG_END]; /* by log number; NULL: not given */
	struct host_blob pcrs;
};

static struct agent agent;
static volatile sig_atomic_t stopping;

static void stop(int signal)
{
	(void)signal;
	stopping = 1;
}

static enum vmk_status copy_part(
	const struct host_blob *blob, uint64_t offset, void *buffer, size_t size, uint64_t *total)
{
	*total = blob->size;
	if (offset >= blob->size || !size)
		return VMK_OK;
	if (size > blob->size - offset)
		size = blob->size - offset;
	memcpy(buffer, blob->data + offset, size);
	return VMK_OK;
}

static enum vmk_status read_part(
	const char *path, uint64_t offset, void *buffer, size_t size, uint64_t *total)
{
	FILE *file = fopen(path, "rb");
	long end = -1;
	size_t got = 0;

	if (!file) {
		fprintf(stderr, "vmkagent-host: %s: %s\n", path, strerror(errno));
		return VMK_IO_ERROR;
	}
	if (!fseek(file, 0, SEEK_END))
		end = ftell(file);
	if (end >= 0 && size && !fseek(file, (long)offset, SEEK_SET))
		got = fread(buffer, 1, size, file);
	fclose(file);
	if (end < 0 || (size && offset < (uint64_t)end && !got))
		return VMK_IO_ERROR;
	*total = (uint64_t)end;
	return VMK_OK;
}

static enum vmk_status op_log_read(void *context, enum vmk_trust_log log, uint64_t offset,
	void *buffer, size_t size, uint64_t *total)
{
	struct host *host = context;

	if (host->files[log])
		return read_part(host->files[log], offset, buffer, size, total);
	switch (log) {
	case VMK_LOG_EK_CERT:
		return copy_part(&host->tpm.ek_cert, offset, buffer, size, total);
	case VMK_LOG_EK_PUB:
		return copy_part(&host->tpm.ek_pub, offset, buffer, size, total);
	case VMK_LOG_AK_PUB:
		return copy_part(&host->tpm.ak_pub, offset, buffer, size, total);
	case VMK_LOG_PCR_VALUES:
		if (!offset && host_tpm_pcrs(&host->tpm, &host->pcrs) != VMK_OK)
			return VMK_TPM_ERROR;
		return copy_part(&host->pcrs, offset, buffer, size, total);
	default:
		return VMK_NOT_FOUND;
	}
}

static enum vmk_status op_quote(
	void *context, const struct vmk_quote_request *request, struct vmk_quote_reply *reply)
{
	struct host *host = context;

	return host_tpm_quote(&host->tpm, request, reply);
}

static enum vmk_status op_random(void *context, void *buffer, size_t size)
{
	return getrandom(buffer, size, 0) == (ssize_t)size ? VMK_OK : VMK_NOT_PRESENT;
}

static void op_note(void *context, const char *line)
{
	fprintf(stderr, "vmkagent-host: %s\n", line);
}

static const struct agent_ops host_ops = {
	.quote = op_quote,
	.log_read = op_log_read,
	.random = op_random,
	.note = op_note,
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static int open_socket(const char *address, uint16_t port)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || inet_pton(AF_INET, address, &name.sin_addr) != 1 ||
		bind(fd, (struct sockaddr *)&name, sizeof(name))) {
		fprintf(stderr, "vmkagent-host: cannot listen on %s:%u: %s\n", address, port,
			strerror(errno));
		return -1;
	}
	return fd;
}

static void serve_one(int fd)
{
	static uint8_t datagram[65536], reply[COAP_DATAGRAM_MAX];
	struct agent_address from = {.ip = {[10] = 0xff, [11] = 0xff}};
	struct sockaddr_in name;
	socklen_t name_size = sizeof(name);
	ssize_t size =
		recvfrom(fd, datagram, sizeof(datagram), 0, (struct sockaddr *)&name, &name_size);
	size_t reply_size;

	if (size < 0)
		return;
	memcpy(from.ip + 12, &name.sin_addr, 4);
	from.port = ntohs(name.sin_port);
	reply_size = agent_receive(
		&agent, &from, now_ns(), datagram, (size_t)size, reply, sizeof(reply));
	if (reply_size && sendto(fd, reply, reply_size, 0, (struct sockaddr *)&name, name_size) < 0)
		fprintf(stderr, "vmkagent-host: sendto: %s\n", strerror(errno));
}

static void usage(FILE *to)
{
	fprintf(to,
		"usage: vmkagent-host [--tcti CONF] [--address A] [--port N] [--log NAME=FILE]...\n"
		"Answers attestation requests with quotes of a development TPM.\n"
		"  --tcti CONF      tpm2-tss transport (swtpm:host=127.0.0.1,port=2321)\n"
		"  --address A      IPv4 address to listen on (127.0.0.1)\n"
		"  --port N         UDP port (5683)\n"
		"  --log NAME=FILE  content of a log: txt-drtm, vmk, launch, ek-cert, ...\n"
		"  --no-limits      no token buckets\n");
}

static bool add_log(struct host *host, const char *argument)
{
	static const char *const names[] = {
#define X(symbol, number, name) [number] = name,
		VMK_TRUST_LOGS(X)
#undef X
	};
	const char *equals = strchr(argument, '=');

	for (size_t i = 1; equals && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == (size_t)(equals - argument) &&
			!memcmp(names[i], argument, strlen(names[i]))) {
			host->files[i] = equals + 1;
			return true;
		}
	}
	fprintf(stderr, "vmkagent-host: --log %s: no such log, or no =FILE\n", argument);
	return false;
}

struct arguments {
	const char *tcti, *address;
	unsigned long port;
	struct agent_limits limits;
};

/* 0 to go on, otherwise the exit status plus one. */
static int parse_arguments(int argc, char **argv, struct host *host, struct arguments *args)
{
	static const struct option options[] = {
		{"tcti", required_argument, NULL, 't'},
		{"address", required_argument, NULL, 'a'},
		{"port", required_argument, NULL, 'p'},
		{"log", required_argument, NULL, 'l'},
		{"no-limits", no_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 't') {
			args->tcti = optarg;
		} else if (c == 'a') {
			args->address = optarg;
		} else if (c == 'p') {
			args->port = strtoul(optarg, NULL, 10);
		} else if (c == 'l') {
			if (!add_log(host, optarg))
				return 3;
		} else if (c == 'n') {
			args->limits.source = args->limits.tpm = (struct bucket_rate){1, 0};
		} else {
			usage(c == 'h' ? stdout : stderr);
			return c == 'h' ? 1 : 3;
		}
	}
	if (optind == argc && args->port && args->port <= UINT16_MAX)
		return 0;
	usage(stderr);
	return 3;
}

int main(int argc, char **argv)
{
	static struct host host;
	struct arguments args = {
		.tcti = "swtpm:host=127.0.0.1,port=2321",
		.address = "127.0.0.1",
		.port = COAP_PORT,
		.limits = agent_default_limits,
	};
	struct sigaction on_stop = {.sa_handler = stop};
	int fd, done = parse_arguments(argc, argv, &host, &args);

	if (done)
		return done - 1;
	fd = open_socket(args.address, (uint16_t)args.port);
	if (fd < 0)
		return 1;
	if (host_tpm_open(&host.tpm, args.tcti) != VMK_OK ||
		agent_init(&agent, &host_ops, &host, &args.limits) != VMK_OK) {
		host_tpm_close(&host.tpm);
		return 1;
	}
	sigaction(SIGINT, &on_stop, NULL);
	sigaction(SIGTERM, &on_stop, NULL);
	printf("attester listening on %s:%lu\n", args.address, args.port);
	fflush(stdout);
	while (!stopping)
		serve_one(fd);
	close(fd);
	host_tpm_close(&host.tpm);
	return 0;
}
