/*
 * The peer of kernel/worlds/bench: the only program of a small Linux. Walks the paths of paths.h,
 * then loads each of /modules, signed by the distribution. Both write a line for each.
 */
#include "tests/benchmarks/paths.h"
#include "tests/benchmarks/peer.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int to_other, from_other;

static void round_nothing(void)
{
}

static void round_call(void)
{
	syscall(SYS_clock_gettime, NO_CLOCK, NULL);
}

/* A system call as ours is, not the vDSO's function. */
static void round_clock(void)
{
	struct timespec now;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
}

static void round_poll(void)
{
	syscall(SYS_poll, NULL, 0, 0);
}

static void round_pointer(void)
{
	syscall(SYS_poll, BAD_POINTER, 1, 0);
}

static void *map(size_t bytes)
{
	return peer_map(bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void round_protect(void)
{
	static void *page;

	if (!page)
		path_touch(page = map(4096), 1);
	mprotect(page, 4096, PROT_READ);
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void map_pages(size_t count)
{
	void *pages = map(count * 4096);

	path_touch(pages, count);
	munmap(pages, count * 4096);
}

static void round_page(void)
{
	map_pages(1);
}

static void round_pages(void)
{
	map_pages(PAGES);
}

/* As a world has to do it: ask when there is something to read, then read. */
static void await(int fd)
{
	struct pollfd wanted = {.fd = fd, .events = POLLIN};
	char byte;

	peer_need(syscall(SYS_poll, &wanted, 1, -1), "poll");
	peer_need(read(fd, &byte, 1), "read");
}

static void round_ping(void)
{
	peer_need(write(to_other, ".", 1), "write");
	await(from_other);
}

/* Linux's own shorter way. */
static void round_pipe(void)
{
	char byte;

	peer_need(write(to_other, ".", 1), "write");
	peer_need(read(from_other, &byte, 1), "read");
}

/* A process that sends back what comes; `waits`: with poll(). */
static void make_other(int waits)
{
	int there[2], back[2];
	char byte;

	if (pipe(there) || pipe(back))
		peer_die("pipe");
	to_other = there[1];
	from_other = back[0];
	if (peer_need(fork(), "fork"))
		return;
	for (;;) {
		if (waits)
			await(there[0]);
		else
			peer_need(read(there[0], &byte, 1), "read");
		peer_need(write(back[1], ".", 1), "write");
	}
}

/* What it does against a weakness of the processor, in its own words. */
static void tell_mitigation(const char *weakness)
{
	char path[100], text[200] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/vulnerabilities/%s", weakness);
	f = fopen(path, "re");
	if (!f || !fgets(text, sizeof(text), f))
		peer_die(path);
	printf("mitigation %s: %s", weakness, text);
	fclose(f);
}

static void walk(const struct path *path)
{
	printf("path %s: %llu ticks of %u rounds\n", path->name,
		(unsigned long long)path_ticks(path), path->rounds);
}

/* In the order of their names, each once: what a load costs the second time is another thing. */
static void load(const char *name)
{
	struct stat about;
	char path[300];
	uint64_t ticks;
	int fd;

	snprintf(path, sizeof(path), "/modules/%s", name);
	fd = (int)peer_need(open(path, O_RDONLY | O_CLOEXEC), path);
	peer_need(fstat(fd, &about), path);
	ticks = __builtin_ia32_rdtsc();
	peer_need(syscall(SYS_finit_module, fd, "", 0), path);
	ticks = __builtin_ia32_rdtsc() - ticks;
	printf("module %s: %llu ticks of %lld bytes\n", name, (unsigned long long)ticks,
		(long long)about.st_size);
	close(fd);
}

static int is_module(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static const struct path paths[] = {
#define X(name, rounds) {#name, round_##name, rounds},
	PATHS(X)
#undef X
};

int main(void)
{
	const struct path shorter = {"pipe", round_pipe, 32};
	struct dirent **modules;
	long count;

	peer_mounts();
	tell_mitigation("meltdown");
	tell_mitigation("spectre_v2");
	make_other(1);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		walk(&paths[i]);
	make_other(0);
	walk(&shorter);
	count = peer_need(scandir("/modules", &modules, is_module, alphasort), "/modules");
	for (long i = 0; i < count; i++)
		load(modules[i]->d_name);
	printf("paths: done\n");
	for (;;)
		pause();
}
