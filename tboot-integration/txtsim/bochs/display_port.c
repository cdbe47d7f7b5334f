/*
 * Preloaded into Bochs, whose only display without a screen is a VNC server on every address of the
 * machine, without a password, at the first free port from 5900. Two that start at once may both
 * get a port that only one can listen on, and Bochs then gives up. Nobody looks at that display: it
 * gets a free port of this machine alone.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* BX_RFB_PORT_MIN and BX_RFB_PORT_MAX of Bochs. */
#define PORT_MIN 5900
#define PORT_MAX 5949

__attribute__((visibility("default"))) int bind(
	int fd, const struct sockaddr *address, socklen_t size)
{
	struct sockaddr_in in;

	if (size < sizeof(in) || address->sa_family != AF_INET)
		return (int)syscall(SYS_bind, fd, address, size);
	memcpy(&in, address, sizeof(in));
	if (in.sin_addr.s_addr == htonl(INADDR_ANY) && ntohs(in.sin_port) >= PORT_MIN &&
		ntohs(in.sin_port) <= PORT_MAX) {
		in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		in.sin_port = 0;
	}
	return (int)syscall(SYS_bind, fd, &in, sizeof(in));
}
