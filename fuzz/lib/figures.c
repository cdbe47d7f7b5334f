/* A target's own figures: in memory, or in a file that outlives the process. */
#include "fuzz/lib/figures.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct figures own;
struct figures *figures = &own;
static const char *(*name_of)(unsigned);

static void print_missing(const char *what, unsigned side)
{
	if (!name_of)
		return;
	fprintf(stderr, "checks: never %s", what);
	for (unsigned i = 0; i < figures->checks; i++)
		if (!figures->seen[i][side])
			fprintf(stderr, " %s", name_of(i));
	fputc('\n', stderr);
}

static void print_figures(void)
{
	if (figures->operations)
		fprintf(stderr, "ops: %llu\n", (unsigned long long)figures->operations);
	if (!name_of)
		return;
	fprintf(stderr, "checks: pass %llu of %llu, fail %llu of %llu\n",
		(unsigned long long)figures->pass, (unsigned long long)figures->checks,
		(unsigned long long)figures->fail, (unsigned long long)figures->checks);
	if (figures->pass < figures->checks)
		print_missing("pass", 0);
	if (figures->fail < figures->checks)
		print_missing("fail", 1);
}

/* Before any run; a file that cannot be had is no reason not to fuzz. */
__attribute__((constructor)) static void figures_open(void)
{
	const char *path = getenv("MERLON_FUZZ_FIGURES");
	int file = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644) : -1;
	void *shared = MAP_FAILED;

	atexit(print_figures);
	if (file < 0)
		return;
	if (ftruncate(file, sizeof(own)) == 0)
		shared = mmap(NULL, sizeof(own), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (shared == MAP_FAILED)
		return;
	figures = shared;
	figures->operations = 0;
}

/* What is seen for the first time; next to always that is nothing. */
static void note_new(const uint8_t (*seen)[2], unsigned i)
{
	figures->pass += seen[i][0] && !figures->seen[i][0];
	figures->fail += seen[i][1] && !figures->seen[i][1];
	figures->seen[i][0] |= seen[i][0];
	figures->seen[i][1] |= seen[i][1];
}

static bool any_new(const uint8_t (*seen)[2], unsigned first)
{
	uint64_t now, before;

	__builtin_memcpy(&now, seen[first], sizeof(now));
	__builtin_memcpy(&before, figures->seen[first], sizeof(before));
	return now & ~before;
}

void figures_checks(const uint8_t (*seen)[2], unsigned count, const char *(*name)(unsigned))
{
	unsigned i = 0;
	if (count > FIGURES_CHECKS)
		abort();
	/* Another number of checks: what the file knows is of another build. */
	if (figures->checks != count)
		*figures = (struct figures){.operations = figures->operations};
	figures->checks = count;
	name_of = name;
	for (; i + 4 <= count; i += 4) {
		if (!any_new(seen, i))
			continue;
		for (unsigned j = i; j < i + 4; j++)
			note_new(seen, j);
	}
	for (; i < count; i++)
		note_new(seen, i);
}

void figures_drop_usual(uint8_t (*seen)[2], unsigned count)
{
	static uint8_t unusual[FIGURES_CHECKS][2];
	static bool known;

	for (unsigned i = 0; i < count && !known; i++) {
		unusual[i][0] = seen[i][0] ? 0 : UINT8_MAX;
		unusual[i][1] = UINT8_MAX;
	}
	known = true;
	for (unsigned i = 0; i < count; i++) {
		seen[i][0] &= unusual[i][0];
		seen[i][1] &= unusual[i][1];
	}
}

#define EDGES_MAX (1u << 16)
/* A counter for each edge, as clang lays them out; none in another's builds. */
extern uint8_t edges_begin[] __asm__("__start___sancov_cntrs") __attribute__((weak));
extern uint8_t edges_end[] __asm__("__stop___sancov_cntrs") __attribute__((weak));

static uint8_t unusual_edges[EDGES_MAX];

/* One stays: without any, an input would look as if nothing were counted. */
static void learn_usual_edges(size_t count)
{
	bool one = false;

	for (size_t i = 0; i < count; i++) {
		unusual_edges[i] = edges_begin[i] && one ? 0 : UINT8_MAX;
		one = one || edges_begin[i];
	}
}

void figures_drop_usual_edges(void)
{
	static bool known;
	size_t count;

	if (!edges_begin)
		return;
	count = (size_t)(edges_end - edges_begin);
	if (count > EDGES_MAX)
		count = EDGES_MAX;
	if (!known)
		learn_usual_edges(count);
	known = true;
	for (size_t i = 0; i < count; i++)
		edges_begin[i] &= unusual_edges[i];
}
