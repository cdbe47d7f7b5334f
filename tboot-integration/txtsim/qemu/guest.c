#include "tboot-integration/txtsim/qemu/guest.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/registers.h"
#include "tboot-integration/txtsim/run/options.h"

/* QEMU's q35: how much of the RAM lies below the PCI hole (hw/i386/pc_q35.c). */
#define LOW_LIMIT   0xb0000000ull
#define LOW_IF_MORE 0x80000000ull
#define FOUR_GIB    0x100000000ull
#define LEGACY_HOLE 0xa0000u
#define ONE_MIB     0x100000u

/* Behind SINIT's region. */
#define CODE_BASE (TXT_MEM_BASE + 0x280000u)
#define CODE_MTRR CODE_BASE
#define CODE_WAKE (CODE_BASE + 0x100u)
#define CODE_PARK (CODE_BASE + 0x200u)

static uint8_t *share(const char *name, uint64_t size, int *fd)
{
	uint8_t *p;

	*fd = memfd_create(name, 0);
	if (*fd < 0 || ftruncate(*fd, (off_t)size))
		fail("no shared memory of %llu MiB: %s", (unsigned long long)size >> 20,
			strerror(errno));
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (p == MAP_FAILED)
		fail("cannot map %llu MiB: %s", (unsigned long long)size >> 20, strerror(errno));
	return p;
}

void guest_make(struct guest *g, unsigned memory_mb, int *ram_fd, int *device_fd)
{
	uint64_t size = (uint64_t)memory_mb << 20;

	g->below_4g = size >= LOW_LIMIT ? LOW_IF_MORE : size;
	g->above_4g = size - g->below_4g;
	g->ram = share("txtsim-ram", size, ram_fd);
	g->device = share("txtsim-device", TXT_MEM_SIZE, device_fd);
}

uint8_t *guest_ram(const struct guest *g, uint64_t pa, size_t size)
{
	if (pa < g->below_4g && size <= g->below_4g - pa)
		return g->ram + pa;
	if (pa >= FOUR_GIB && pa - FOUR_GIB < g->above_4g && size <= g->above_4g - (pa - FOUR_GIB))
		return g->ram + g->below_4g + (pa - FOUR_GIB);
	return NULL;
}

void guest_scrub(struct guest *g)
{
	memset(g->ram, 0, LEGACY_HOLE);
	memset(g->ram + ONE_MIB, 0, g->below_4g + g->above_4g - ONE_MIB);
}

static struct guest_code place(struct guest *g, uint32_t at, const uint8_t *code, size_t size)
{
	memcpy(g->device + (at - TXT_MEM_BASE), code, size);
	return (struct guest_code){.begin = at, .end = at + (uint32_t)size - 1};
}

struct guest_code guest_code_mtrr(struct guest *g)
{
	/* clang-format off */
	static const uint8_t code[] = {
		0xb9, 0x02, 0x02, 0x00, 0x00,	/* mov $IA32_MTRR_PHYSBASE1, %ecx */
		0xb8, 0x00, 0x00, 0x00, 0xb0,	/* mov $0xb0000000, %eax: uncacheable */
		0x31, 0xd2,			/* xor %edx, %edx */
		0x0f, 0x30,			/* wrmsr */
		0x41,				/* inc %ecx: IA32_MTRR_PHYSMASK1 */
		0xb8, 0x00, 0x08, 0x00, 0xf0,	/* mov $0xf0000800, %eax: 256 MiB, valid */
		0xba, 0xff, 0x00, 0x00, 0x00,	/* mov $0xff, %edx: 40 address bits */
		0x0f, 0x30,			/* wrmsr */
		0x90,				/* nop: the end */
	};
	/* clang-format on */

	return place(g, CODE_MTRR, code, sizeof(code));
}

/* Where a woken CPU counts itself. */
#define COUNT_AT 0x50u

struct guest_code guest_code_wake(struct guest *g, unsigned others)
{
	/* clang-format off */
	static uint8_t code[] = {
		0xc7, 0x05, 0x00, 0x03, 0xe0, 0xfe, /* movl ..., 0xfee00300 */
		0x00, 0x45, 0x0c, 0x00,		/* INIT to all but self */
		0xb9, 0x00, 0x00, 0x02, 0x00,	/* mov $0x20000, %ecx */
		0xf3, 0x90,			/* 1: pause */
		0xe2, 0xfc,			/* loop 1b */
		0xc7, 0x05, 0x00, 0x03, 0xe0, 0xfe, /* movl ..., 0xfee00300 */
		GUEST_TRAMPOLINE >> 12, 0x46, 0x0c, 0x00, /* SIPI to all but self */
		0xb9, 0x00, 0x00, 0x00, 0x40,	/* mov $0x40000000, %ecx */
		0xf3, 0x90,			/* 2: pause */
		0x81, 0x3d, COUNT_AT, 0x00, GUEST_TRAMPOLINE >> 16, 0x00, /* cmpl ..., count */
		0x00, 0x00, 0x00, 0x00,		/* how many others there are */
		0x73, 0x02,			/* jae 3f */
		0xe2, 0xf0,			/* loop 2b */
		0x90,				/* 3: the end */
	};
	/* clang-format on */
	enum { OTHERS_AT = sizeof(code) - 9 };

	put_le32(code + OTHERS_AT, others);
	return place(g, CODE_WAKE, code, sizeof(code));
}

uint32_t guest_code_park(struct guest *g)
{
	static const uint8_t code[] = {0xeb, 0xfe}; /* jmp to itself */

	return place(g, CODE_PARK, code, sizeof(code)).begin;
}

void guest_trampoline(uint8_t code[GUEST_TRAMPOLINE_SIZE], uint32_t gdt_limit, uint32_t gdt_base,
	uint32_t selector, uint32_t entry)
{
	/* clang-format off */
	static const uint8_t template[] = {
		0xfa,				/* cli */
		0x8c, 0xc8,			/* mov %cs, %ax */
		0x8e, 0xd8,			/* mov %ax, %ds */
		0x66, 0x0f, 0x01, 0x16, 0x40, 0x00, /* lgdtl 0x40 */
		0x0f, 0x20, 0xc0,		/* mov %cr0, %eax */
		0x66, 0x25, 0xff, 0xff, 0xff, 0x9f, /* and $~(CD | NW), %eax */
		0x0c, 0x21,			/* or $(NE | PE), %al */
		0x0f, 0x22, 0xc0,		/* mov %eax, %cr0 */
		/* Last, and in one block with the jump: after it this page may be taken back. */
		0xf0, 0x66, 0xff, 0x06, COUNT_AT, 0x00, /* lock incl COUNT_AT */
		0x66, 0xea,			/* ljmpl to the entry and selector that follow */
	};
	/* clang-format on */
	enum { ENTRY_AT = sizeof(template), GDT_AT = 0x40 };

	memset(code, 0, GUEST_TRAMPOLINE_SIZE);
	memcpy(code, template, sizeof(template));
	put_le32(code + ENTRY_AT, entry);
	put_le16(code + ENTRY_AT + 4, (uint16_t)selector);
	put_le16(code + GDT_AT, (uint16_t)gdt_limit);
	put_le32(code + GDT_AT + 2, gdt_base);
}
