/*
 * A world with work to do: memory, handles, the log and CPU time, round after round. In the end it
 * says how much of the CPU it got while it wanted it, and what others got (tests/boot/confined.sh).
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <vmkuser/libvmkuser.h>

#define ROUNDS     20u
#define ROUND_NS   250000000ull
#define SETTLE_NS  200000000ull
#define SETTLED    5u
#define WORK_BYTES (1u << 20)
#define PAGE       4096u
#define HOG        "hostile-hog-"
#define LIMITED    "hostile-hog-limited"

static vmk_handle the_system, the_port;

static bool find(const char *name, struct vmk_info_sched *world)
{
	for (unsigned i = 0;
		vmku_info(the_system, VMK_INFO_SCHED, i, world, sizeof(*world)) == VMK_OK; i++)
		if (strcmp(world->name, name) == 0)
			return true;
	return false;
}

static unsigned count_hogs(void)
{
	struct vmk_info_sched world;
	unsigned count = 0;

	for (unsigned i = 0;
		vmku_info(the_system, VMK_INFO_SCHED, i, &world, sizeof(world)) == VMK_OK; i++)
		count += strncmp(world.name, HOG, strlen(HOG)) == 0;
	return count;
}

static uint64_t now(void)
{
	uint64_t ns = 0;

	vmku_clock(VMK_CLOCK_MONOTONIC, &ns);
	return ns;
}

/* All that it is entitled to, or false. */
static bool work(void)
{
	void *memory;
	vmk_handle copy;
	bool good = vmku_map(WORK_BYTES, VMK_PROT_READ | VMK_PROT_WRITE, &memory) == VMK_OK;

	if (good)
		for (size_t at = 0; at < WORK_BYTES; at += PAGE)
			((volatile char *)memory)[at] = 1;
	good = good && vmku_unmap(memory, WORK_BYTES) == VMK_OK;
	good = good && vmku_handle_copy(the_port, VMK_RIGHT_READ, &copy) == VMK_OK;
	return good && vmku_handle_restrict(copy, 0) == VMK_OK;
}

static void spend(uint64_t ns)
{
	const uint64_t start = now();

	while (now() - start < ns)
		;
}

static unsigned percent(uint64_t part, uint64_t whole)
{
	return whole ? (unsigned)(100 * part / whole) : 0;
}

static uint64_t memory_left(void)
{
	struct vmk_info_memory memory = {0};

	vmku_info(the_system, VMK_INFO_MEMORY, 0, &memory, sizeof(memory));
	return memory.free;
}

/* Until the others have taken all the memory that they can get. */
static void wait_for_hogs(void)
{
	uint64_t before = 0, left = memory_left();

	for (unsigned same = 0; same < SETTLED; same = left == before ? same + 1 : 0) {
		before = left;
		vmku_wait(NULL, 0, SETTLE_NS, NULL);
		left = memory_left();
	}
}

static void report(const struct vmk_info_sched *first, const struct vmk_info_sched *limited)
{
	struct vmk_info_sched last = *first, other = *limited;

	find(first->name, &last);
	find(limited->name, &other);
	last.run -= first->run;
	last.ready -= first->ready;
	printf("witness: got %u %% of the CPU where %u hogs are; the limited one got %u %%\n",
		percent(last.run, last.run + last.ready), count_hogs(),
		percent(other.run - limited->run, other.at - limited->at));
	printf("witness: %llu MiB are left\n", (unsigned long long)memory_left() >> 20);
}

int main(void)
{
	struct vmk_info_sched first = {0}, limited = {0};
	unsigned done = 0;

	the_system = vmku_find("system", VMK_KIND_SYSTEM);
	the_port = vmku_find("mgmt", VMK_KIND_PORT);
	wait_for_hogs();
	find(vmku_start()->world, &first);
	find(LIMITED, &limited);
	for (unsigned round = 1; round <= ROUNDS; round++) {
		spend(ROUND_NS);
		done += work();
	}
	report(&first, &limited);
	printf("witness: %u rounds of %u came about\n", done, ROUNDS);
	return done != ROUNDS;
}
