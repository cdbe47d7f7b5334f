#include "tboot-integration/txtsim/swtpm/client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/tpmcmd.h"

/* Control channel (swtpm_ioctls(3)); requests begin with the command, answers with a result. */
enum swtpm_control {
	SWTPM_INIT = 2,
	SWTPM_SET_LOCALITY = 5,
	SWTPM_HASH_START = 6,
	SWTPM_HASH_DATA = 7,
	SWTPM_HASH_END = 8,
	SWTPM_SET_DATAFD = 16,
};

#define HASH_MAX       64u
#define NO_LOCALITY    (~0u)
#define LISTEN_WAIT_MS 5000u
#define LISTEN_POLL_MS 10u

static bool read_all(int fd, uint8_t *to, size_t size)
{
	while (size) {
		ssize_t n = read(fd, to, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		to += n;
		size -= (size_t)n;
	}
	return true;
}

/* Sends a control request, with a file descriptor if fd >= 0; returns swtpm's result. */
static uint32_t control(
	struct swtpm *s, enum swtpm_control command, const void *data, size_t size, int fd)
{
	char ancillary[CMSG_SPACE(sizeof(int))] = {0};
	uint8_t request[4 + 4 + HASH_MAX], answer[4];
	struct iovec part = {.iov_base = request, .iov_len = 4 + size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	put_be32(request, (uint32_t)command);
	memcpy(request + 4, data, size);
	if (fd >= 0) {
		struct cmsghdr *header;

		message.msg_control = ancillary;
		message.msg_controllen = sizeof(ancillary);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	if (sendmsg(s->control_fd, &message, MSG_NOSIGNAL) != (ssize_t)(4 + size) ||
		!read_all(s->control_fd, answer, sizeof(answer)))
		s->die("swtpm closed its control channel; see swtpm.log");
	return be32(answer);
}

/* The socket lies there a moment before swtpm listens on it. */
static bool connect_to(struct swtpm *s, const struct sockaddr_un *address)
{
	s->control_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->control_fd < 0)
		return false;
	for (unsigned waited = 0;; waited += LISTEN_POLL_MS) {
		if (connect(s->control_fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
			return true;
		if (errno != ECONNREFUSED || waited >= LISTEN_WAIT_MS)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = LISTEN_POLL_MS * 1000000l}, NULL);
	}
}

void swtpm_connect(struct swtpm *s, const char *control_socket)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int pair[2];

	if (strlen(control_socket) >= sizeof(address.sun_path))
		s->die("the path of swtpm's control socket is too long: %s", control_socket);
	strcpy(address.sun_path, control_socket);
	s->locality = NO_LOCALITY;
	if (!connect_to(s, &address))
		s->die("cannot connect to swtpm at %s: %s", control_socket, strerror(errno));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		s->die("no socket pair for swtpm: %s", strerror(errno));
	if (control(s, SWTPM_SET_DATAFD, "", 0, pair[1]))
		s->die("swtpm refuses a data channel");
	close(pair[1]);
	s->data_fd = pair[0];
}

void swtpm_close(struct swtpm *s)
{
	close(s->control_fd);
	close(s->data_fd);
}

static void set_locality(struct swtpm *s, unsigned locality)
{
	uint8_t data = (uint8_t)locality;

	if (locality == s->locality)
		return;
	if (control(s, SWTPM_SET_LOCALITY, &data, 1, -1))
		s->die("swtpm refuses locality %u", locality);
	s->locality = locality;
}

/* splitmix64: repeatable, and good enough to stand for a random number generator. */
static void seeded_bytes(void *ctx, uint8_t *to, size_t size)
{
	struct swtpm *s = ctx;

	for (size_t i = 0; i < size; i++) {
		uint64_t z = s->random_state += 0x9e3779b97f4a7c15ull;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
		z = (z ^ z >> 27) * 0x94d049bb133111ebull;
		to[i] = (uint8_t)(z ^ z >> 31);
	}
}

static int ask(struct swtpm *s, unsigned locality, const uint8_t *command, size_t size,
	uint8_t *response, size_t response_max)
{
	uint32_t answered;

	set_locality(s, locality);
	if (send(s->data_fd, command, size, MSG_NOSIGNAL) != (ssize_t)size ||
		response_max < TPM_HEADER_SIZE || !read_all(s->data_fd, response, TPM_HEADER_SIZE))
		s->die("swtpm closed its data channel; see swtpm.log");
	answered = be32(response + 2);
	if (answered < TPM_HEADER_SIZE || answered > response_max ||
		!read_all(s->data_fd, response + TPM_HEADER_SIZE, answered - TPM_HEADER_SIZE))
		s->die("swtpm answers with a response of %u bytes", answered);
	return (int)answered;
}

int swtpm_command(struct swtpm *s, unsigned locality, const uint8_t *command, size_t size,
	uint8_t *response, size_t response_max)
{
	unsigned wanted = s->seeded ? tpm_random_wanted(command, size) : 0;
	int answered;

	if (wanted)
		answered = tpm_random_answer(response, response_max, wanted, seeded_bytes, s);
	else
		answered = ask(s, locality, command, size, response, response_max);
	s->answered(locality, be32(command + 6), tpm_response_code(response, answered));
	return answered;
}

bool swtpm_hash(struct swtpm *s, const void *data, size_t size)
{
	uint8_t request[4 + HASH_MAX];
	bool good;

	if (size > HASH_MAX)
		return false;
	put_be32(request, (uint32_t)size);
	memcpy(request + 4, data, size);
	good = control(s, SWTPM_HASH_START, "", 0, -1) == 0;
	good = control(s, SWTPM_HASH_DATA, request, 4 + size, -1) == 0 && good;
	good = control(s, SWTPM_HASH_END, "", 0, -1) == 0 && good;
	s->locality = NO_LOCALITY;
	return good;
}

static uint32_t send_command(struct swtpm *s, const uint8_t *command, size_t size)
{
	uint8_t response[TPM_BUFFER_MAX];

	return tpm_response_code(
		response, swtpm_command(s, 0, command, size, response, sizeof(response)));
}

static uint32_t start(struct swtpm *s, enum tpm_startup type)
{
	uint8_t command[TPM_COMMAND_MAX];

	s->locality = NO_LOCALITY;
	if (control(s, SWTPM_INIT, "\0\0\0\0", 4, -1))
		s->die("swtpm does not start: is its state directory good?");
	return send_command(s, command, tpm_startup(command, type));
}

void swtpm_power_on(struct swtpm *s)
{
	uint32_t code = start(s, TPM_SU_CLEAR);

	if (code)
		s->die("TPM2_Startup(CLEAR) fails with %#x", code);
}

bool swtpm_resume(struct swtpm *s)
{
	return start(s, TPM_SU_STATE) == 0;
}

void swtpm_disable(struct swtpm *s)
{
	uint8_t command[TPM_COMMAND_MAX];
	uint32_t code;

	code = send_command(s, command, tpm_disable_hierarchy(command, TPM_RH_OWNER));
	if (!code)
		code = send_command(s, command, tpm_disable_hierarchy(command, TPM_RH_ENDORSEMENT));
	if (code)
		s->die("TPM2_HierarchyControl fails with %#x", code);
}
