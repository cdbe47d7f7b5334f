#include "tboot-integration/txtsim/qemu/pciproxy.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tboot-integration/txtsim/model/bytes.h"

/* A message: {s32 command, padding, u64 size} and its data (QEMU's hw/remote/mpqemu-link.h). */
enum { HEADER_SIZE = 16, AT_COMMAND = 0, AT_SIZE = 8 };

enum proxy_command {
	PROXY_RETURN = 1,
	PROXY_CONFIG_WRITE = 2, /* {u32 address, u32 value, s32 length} */
	PROXY_CONFIG_READ = 3,
	PROXY_BAR_WRITE = 4, /* {u64 address, u64 value, u32 size, bool memory} */
	PROXY_BAR_READ = 5,
	PROXY_RESET = 7,
};

enum { CONFIG_SIZE = 12, ACCESS_SIZE = 24 };
enum { PCI_BAR0 = 0x10, PCI_BARS_END = 0x28, PCI_CONFIG_SIZE = 256 };
#define PASSED_FDS_MAX 16

/* Vendor and device, class "base system peripheral", subsystem. */
static uint8_t config_byte(uint32_t at)
{
	static const uint8_t bytes[PCI_CONFIG_SIZE] = {[0] = 0x86,
		[1] = 0x80,
		[2] = 0x01,
		[3] = 0xb0,
		[8] = 1,
		[0xa] = 0x80,
		[0xb] = 8,
		[0x2c] = 0x86,
		[0x2d] = 0x80,
		[0x2e] = 1};

	return at < sizeof(bytes) ? bytes[at] : 0xff;
}

void pciproxy_init(struct pciproxy *p, const struct pciproxy_ops *ops, void *ctx)
{
	*p = (struct pciproxy){.ops = ops, .ctx = ctx};
}

static uint32_t config_read(const struct pciproxy *p, uint32_t at, uint32_t length)
{
	uint32_t value = 0;

	if (p->hidden)
		return ~0u;
	if (at >= PCI_BAR0 && at < PCI_BARS_END)
		return length == 4 && at % 4 == 0 ? p->bar[(at - PCI_BAR0) / 4] : 0;
	for (uint32_t i = 0; i < length && i < 4; i++)
		value |= (uint32_t)config_byte(at + i) << 8 * i;
	return value;
}

static void config_write(struct pciproxy *p, uint32_t at, uint32_t value, uint32_t length)
{
	uint32_t n = (at - PCI_BAR0) / 4;

	if (at < PCI_BAR0 || at >= PCI_BARS_END || at % 4 || length != 4 || !p->bar_size[n])
		return;
	p->bar[n] = value & ~(p->bar_size[n] - 1);
}

size_t pciproxy_message_size(const uint8_t *bytes, size_t size)
{
	uint64_t n;

	if (size < HEADER_SIZE)
		return 0;
	n = le64(bytes + AT_SIZE);
	return n > PCIPROXY_MESSAGE_MAX - HEADER_SIZE ? SIZE_MAX : HEADER_SIZE + (size_t)n;
}

static size_t put_answer(uint8_t *answer, uint64_t value)
{
	memset(answer, 0, PCIPROXY_ANSWER);
	put_le32(answer + AT_COMMAND, PROXY_RETURN);
	put_le64(answer + AT_SIZE, 8);
	put_le64(answer + HEADER_SIZE, value);
	return PCIPROXY_ANSWER;
}

size_t pciproxy_message(struct pciproxy *p, const uint8_t *message, size_t size, uint8_t *answer)
{
	const uint8_t *data = message + HEADER_SIZE;
	uint32_t command = le32(message + AT_COMMAND);
	uint64_t value = 0;

	size -= HEADER_SIZE;
	switch (command) {
	case PROXY_CONFIG_WRITE:
		if (size >= CONFIG_SIZE)
			config_write(p, le32(data), le32(data + 4), le32(data + 8));
		break;
	case PROXY_CONFIG_READ:
		if (size >= CONFIG_SIZE)
			value = config_read(p, le32(data), le32(data + 8));
		break;
	case PROXY_BAR_WRITE:
		if (size >= ACCESS_SIZE && le32(data + 16) <= 8)
			p->ops->write(p->ctx, le64(data), le64(data + 8), le32(data + 16));
		break;
	case PROXY_BAR_READ:
		if (size >= ACCESS_SIZE && le32(data + 16) <= 8)
			value = p->ops->read(p->ctx, le64(data), le32(data + 16));
		break;
	case PROXY_RESET:
		p->hidden = true;
		p->ops->reset(p->ctx);
		break;
	default:
		/* How memory and interrupts may be shared: not needed, and not answered. */
		return 0;
	}
	return put_answer(answer, value);
}

/* Descriptors for sharing memory come with some messages. */
static void close_passed(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int fd;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			close(fd);
		}
	}
}

static ssize_t receive(int fd, uint8_t *to, size_t size)
{
	_Alignas(struct cmsghdr) char ancillary[CMSG_SPACE(PASSED_FDS_MAX * sizeof(int))];
	struct iovec part = {.iov_base = to, .iov_len = size};
	struct msghdr m = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = ancillary,
		.msg_controllen = sizeof(ancillary)};
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n > 0)
		close_passed(&m);
	return n;
}

bool pciproxy_serve(struct pciproxy *p, int fd)
{
	uint8_t answer[PCIPROXY_ANSWER];

	for (;;) {
		size_t wanted = pciproxy_message_size(p->message, p->size);
		ssize_t n;

		if (wanted == SIZE_MAX)
			return false;
		if (wanted && p->size >= wanted) {
			size_t answered = pciproxy_message(p, p->message, wanted, answer);

			p->size = 0;
			if (answered &&
				send(fd, answer, answered, MSG_NOSIGNAL) != (ssize_t)answered)
				return false;
			continue;
		}
		/* Never more than one message: what comes with the next one belongs to it. */
		n = receive(fd, p->message + p->size, (wanted ? wanted : HEADER_SIZE) - p->size);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (n < 0)
			return true;
		p->size += (size_t)n;
	}
}
