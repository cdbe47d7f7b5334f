#include "tests/benchmarks/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODULES_ROOM 100

_Noreturn void peer_die(const char *what)
{
	printf("PEER: %s: %s\n", what, strerror(errno));
	for (;;)
		pause();
}

int peer_need(long result, const char *what)
{
	if (result < 0)
		peer_die(what);
	return (int)result;
}

void peer_mounts(void)
{
	mkdir("/dev", 0755);
	mkdir("/sys", 0755);
	/* Without /dev/console in its initial file system Linux starts this without descriptors. */
	if (mount("devtmpfs", "/dev", "devtmpfs", 0, "") || !freopen("/dev/console", "w", stdout))
		_exit(1);
	setvbuf(stdout, NULL, _IOLBF, 0);
	peer_need(mount("sysfs", "/sys", "sysfs", 0, ""), "/sys");
}

void peer_load_modules(void)
{
	char path[32];

	for (int i = 0; i < MODULES_ROOM; i++) {
		int fd;

		snprintf(path, sizeof(path), "/modules/%02d.ko", i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		peer_need(syscall(SYS_finit_module, fd, "", 0), path);
		close(fd);
	}
}

void *peer_map(size_t bytes, int flags, int fd)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at == MAP_FAILED)
		peer_die("mmap");
	return at;
}
