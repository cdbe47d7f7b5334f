#include "kernel/worlds/hostile/generator.h"

#include <string.h>
#include <vmkuser/libvmkuser.h>

#define KERNEL_HALF   0xffff800000000000ull
#define USER_END      0x7ffffffff000ull
#define PAGE          4096u
#define NUMBERS       48u   /* beyond the last system call */
#define WAIT_LONGEST  2000u /* ns */
#define SMALL_NUMBERS 24u

/*
 * What each argument is: P T C Y S a handle of a port, trust, config, tty, system, h any, c one of
 * the copies, p memory, a memory that may go, b a number of bytes, s a small number, z mostly 0, t
 * a time, * anything. Numbers that are none have any.
 */
static const char *const shapes[NUMBERS] = {
	[VMK_SYS_LOG] = "pb",
	[VMK_SYS_CLOCK] = "s",
	[VMK_SYS_WAIT] = "pst",
	[VMK_SYS_MAP] = "bs",
	[VMK_SYS_UNMAP] = "ab",
	[VMK_SYS_PROTECT] = "abs",
	[VMK_SYS_SET_TLS] = "a",
	[VMK_SYS_RANDOM] = "pb",
	[VMK_SYS_PORT_INFO] = "Pp",
	[VMK_SYS_PORT_SEND] = "Ppb",
	[VMK_SYS_PORT_RECV] = "Ppb",
	[VMK_SYS_TRUST_QUOTE] = "Tpp",
	[VMK_SYS_TRUST_LOG] = "Tsbpb",
	[VMK_SYS_CONFIG_READ] = "Cbpb",
	[VMK_SYS_TTY_READ] = "Ypb",
	[VMK_SYS_TTY_WRITE] = "Ypb",
	[VMK_SYS_INFO] = "Sszpb",
	[VMK_SYS_CONTROL] = "Sss",
	[VMK_SYS_PORT_ADDRESS] = "Pp",
	[VMK_SYS_VM_SERVE] = "h**t*",
	[VMK_SYS_HANDLE_COPY] = "hs",
	[VMK_SYS_HANDLE_RESTRICT] = "cs",
};

static const uint64_t borders[] = {0, 1, 7, PAGE - 1, PAGE, PAGE + 1, VMK_TRANSFER_MAX,
	VMK_TRANSFER_MAX + 1, INT32_MAX, 1ull << 31, UINT32_MAX, 1ull << 32, INT64_MAX, 1ull << 63,
	UINT64_MAX, UINT64_MAX - PAGE + 1, USER_END - PAGE, USER_END - 8, USER_END, 1ull << 47,
	KERNEL_HALF - 1, KERNEL_HALF, KERNEL_HALF + PAGE, UINT64_MAX - (1ull << 31) + 1};

/* SplitMix64: 64 bits of state, one output each step, equally distributed. */
uint64_t generator_next(struct generator *g)
{
	uint64_t z = g->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static uint64_t below(struct generator *g, uint64_t bound)
{
	return generator_next(g) % bound;
}

void generator_init(struct generator *g, uint64_t seed, void *arena)
{
	const struct vmk_start *start = vmku_start();

	*g = (struct generator){.state = seed, .arena = arena};
	for (unsigned i = 0; i < start->count && i < HANDLES_KEPT / 2; i++) {
		g->handles[g->first_copy].handle = start->handles[i].handle;
		g->handles[g->first_copy++].kind = start->handles[i].kind;
	}
	g->next_copy = g->first_copy;
}

/* As a program has it; most of the time near an end of the arena, where a size can be too much. */
static uint64_t arena_pointer(struct generator *g)
{
	uint64_t offset = below(g, ARENA_BYTES);

	if (below(g, 4) == 0)
		offset = below(g, 2) ? below(g, 64) : ARENA_BYTES - below(g, 64);
	return (uint64_t)(uintptr_t)g->arena + (below(g, 2) ? offset & ~7ull : offset);
}

static uint64_t spare_pointer(struct generator *g)
{
	const unsigned i = (unsigned)below(g, SPARES_KEPT);

	return g->spares[i].address + (below(g, 4) ? 0 : PAGE * below(g, 4));
}

static uint64_t size(struct generator *g)
{
	return below(g, 2) ? below(g, 256) : below(g, 8) * PAGE + below(g, 3) - 1;
}

/* Of that kind, most of the time; 0: of any. */
static uint64_t live_handle(struct generator *g, uint32_t kind)
{
	unsigned i = 0;

	for (unsigned tries = 0; tries < 4 * HANDLES_KEPT; tries++) {
		i = (unsigned)below(g, HANDLES_KEPT);
		if (g->handles[i].handle && (!kind || g->handles[i].kind == kind))
			break;
	}
	return g->handles[i].handle;
}

static uint32_t kind_of(char letter)
{
	switch (letter) {
	case 'P':
		return VMK_KIND_PORT;
	case 'T':
		return VMK_KIND_TRUST;
	case 'C':
		return VMK_KIND_CONFIG;
	case 'Y':
		return VMK_KIND_TTY;
	case 'S':
		return VMK_KIND_SYSTEM;
	default:
		return 0;
	}
}

static uint64_t well_formed(struct generator *g, char kind)
{
	switch (kind) {
	case 'P':
	case 'T':
	case 'C':
	case 'Y':
	case 'S':
	case 'h':
		return live_handle(g, kind_of(kind));
	case 'z':
		return below(g, 2) ? 0 : below(g, 4);
	case 'c':
		return g->handles[g->first_copy + below(g, HANDLES_KEPT - g->first_copy)].handle;
	case 'p':
		return below(g, 8) ? arena_pointer(g) : spare_pointer(g);
	case 'a':
		return spare_pointer(g);
	case 'b':
		return size(g);
	default:
		return below(g, SMALL_NUMBERS);
	}
}

/* `strange`: how many of 16 arguments are not as a program would give them. */
static uint64_t argument(struct generator *g, char kind, unsigned strange)
{
	const uint64_t dice = below(g, 16);

	if (dice >= strange)
		return well_formed(g, kind);
	if (below(g, 2))
		return borders[below(g, sizeof(borders) / sizeof(borders[0]))];
	return generator_next(g) >> below(g, 64);
}

/* Mostly of a call that goes far if the rest is right. */
static uint64_t number(struct generator *g)
{
	const uint64_t any = below(g, NUMBERS);

	if (below(g, 64) == 0)
		return argument(g, 's', 16);
	if (shapes[any] || below(g, 8) == 0)
		return any;
	return number(g);
}

void generator_call(struct generator *g, uint64_t call[7])
{
	const unsigned strange = below(g, 2) ? 0 : 6;
	const char *shape;

	do
		call[0] = number(g);
	while (call[0] == VMK_SYS_EXIT);
	shape = call[0] < NUMBERS && shapes[call[0]] ? shapes[call[0]] : "hsspb*";
	for (unsigned i = 0; i < 6; i++) {
		const char kind = *shape ? *shape++ : '*';

		call[1 + i] = argument(g, kind, strange);
		if (kind == 't')
			call[1 + i] %= WAIT_LONGEST;
	}
}

static void learn_spare(
	struct generator *g, uint64_t value, uint64_t mapped, uint64_t *address, uint64_t *bytes)
{
	const unsigned i = g->next_spare++ % SPARES_KEPT;

	*address = g->spares[i].address;
	*bytes = g->spares[i].bytes;
	g->spares[i].address = value;
	g->spares[i].bytes = (mapped + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

void generator_learn(struct generator *g, const uint64_t call[7], uint64_t value, uint64_t *address,
	uint64_t *bytes)
{
	*address = *bytes = 0;
	if (call[0] == VMK_SYS_MAP)
		learn_spare(g, value, call[1], address, bytes);
	if (call[0] != VMK_SYS_HANDLE_COPY)
		return;
	for (unsigned i = 0; i < HANDLES_KEPT; i++)
		if (g->handles[i].handle == call[1])
			g->handles[g->next_copy].kind = g->handles[i].kind;
	g->handles[g->next_copy++].handle = (vmk_handle)value;
	if (g->next_copy == HANDLES_KEPT)
		g->next_copy = g->first_copy;
}
