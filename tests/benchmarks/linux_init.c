/*
 * The only program of a small Linux under tboot, beside tpm2-tools: brings the network up, and
 * answers each connection's nonce with a quote over PCR 17 to 22. Three lines of hex: attested,
 * signature, PCRs.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PORT = 5683, NONCE_MAX = 64 };

static _Noreturn void die(const char *what)
{
	printf("INIT: %s: %s\n", what, strerror(errno));
	for (;;)
		pause();
}

/* In the order of their dependencies, as the image names them. */
static void load_modules(void)
{
	char path[64];

	for (int i = 0; i < 100; i++) {
		int fd;

		snprintf(path, sizeof(path), "/modules/%02d.ko", i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
			die(path);
		close(fd);
	}
}

static void set_address(int s, unsigned long request, struct ifreq *r, const char *address)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(address)};

	memcpy(&r->ifr_addr, &in, sizeof(in));
	if (ioctl(s, request, r))
		die(address);
}

/* A fixed address: no time goes into DHCP. */
static void network_up(void)
{
	struct ifreq r = {.ifr_name = "eth0"};
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0)
		die("socket");
	set_address(s, SIOCSIFADDR, &r, "10.0.2.15");
	set_address(s, SIOCSIFNETMASK, &r, "255.255.255.0");
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(s, SIOCSIFFLAGS, &r))
		die("eth0");
	close(s);
}

/* The key was made persistent when the host was enrolled. */
static int quote(const char *nonce)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		execl("/bin/tpm2_quote", "tpm2_quote", "-T", "device:/dev/tpm0", "-c", "0x81010002",
			"-l", "sha256:17,18,19,20,21,22", "-q", nonce, "-m", "/run/msg", "-s",
			"/run/sig", "-o", "/run/pcrs", "-g", "sha256", "-Q", (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status;
}

static void send_hex(FILE *to, const char *path)
{
	FILE *f = fopen(path, "re");
	int c;

	while (f && (c = getc(f)) != EOF)
		fprintf(to, "%02X", (unsigned)c);
	fputc('\n', to);
	if (f)
		fclose(f);
}

static void serve(int connection)
{
	char nonce[2 * NONCE_MAX + 2];
	FILE *f = fdopen(connection, "r+");

	if (!f)
		die("fdopen");
	if (fgets(nonce, sizeof(nonce), f)) {
		nonce[strspn(nonce, "0123456789abcdef")] = 0;
		fseek(f, 0, SEEK_CUR);
		if (quote(nonce))
			die("tpm2_quote");
		send_hex(f, "/run/msg");
		send_hex(f, "/run/sig");
		send_hex(f, "/run/pcrs");
	}
	fclose(f);
}

static void mounts(void)
{
	mkdir("/dev", 0755);
	mkdir("/run", 0755);
	/* Without /dev/console in its initial file system Linux starts this without descriptors. */
	if (mount("devtmpfs", "/dev", "devtmpfs", 0, "") || !freopen("/dev/console", "w", stdout))
		_exit(1);
	dup2(fileno(stdout), 1);
	dup2(1, 2);
	setvbuf(stdout, NULL, _IONBF, 0);
	printf("INIT: user space\n");
}

int main(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int listening;

	mounts();
	load_modules();
	network_up();
	listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listening, (struct sockaddr *)&any, sizeof(any)) || listen(listening, 8))
		die("listen");
	printf("INIT: listening\n");
	for (;;) {
		int connection = accept(listening, NULL, NULL);

		if (connection >= 0)
			serve(connection);
	}
}
