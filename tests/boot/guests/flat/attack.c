/*
 * A guest that tries what no guest may: instructions of the host, foreign MSRs, ports and memory,
 * page tables that change under its feet, storms of interrupts, virtio rings that break the rules.
 * It says what it found; nothing of it may reach anybody else.
 */
#include "tests/boot/guests/flat/attack.h"
#include "tests/boot/guests/flat/entropy.h"
#include <stdint.h>

#define UD             6
#define GP             13
#define NONE           (-1)
#define MEMORY         0x400000u /* as its manifest says */
#define CODE           0x90000u
#define DEAF           0x70000u
#define DOZE           0x71000u
#define FALL           0x72000u
#define DIRECTORY      0x200000u
#define TABLE          0x201000u
#define OWN_PAGE       0x300000u
#define WINDOW         0xc0000000u
#define PAGE_PRESENT   3u
#define PAGE_LARGE     0x83u
#define DEVICES        0xe0000000u
#define APIC           0xfee00000u
#define APIC_SPURIOUS  0xf0u
#define APIC_ICR       0x300u
#define APIC_ICR_HIGH  0x310u
#define APIC_TIMER     0x320u
#define APIC_INITIAL   0x380u
#define APIC_DIVIDE    0x3e0u
#define ICR_SELF       0x40000u
#define ICR_OTHERS     0xc0000u
#define ICR_NMI        0x400u
#define ICR_INIT       0x4500u
#define ICR_STARTUP    0x4600u
#define TIMER_PERIODIC 0x20000u
#define VECTOR         0x40u
#define LOOKS          100000000u

int attempt(const void *code, uint32_t ecx, uint32_t eax);
extern uint32_t exceptions[32];
extern volatile uint32_t interrupts;
extern const char on_interrupt[], deaf[], deaf_end[], doze[], doze_end[], fall[], fall_end[];
void attack(void);

static struct gate idt[VECTOR + 1];

/* --- set-up */

static void set_idt(void)
{
	for (unsigned i = 0; i < 32; i++)
		set_gate(&idt[i], (const void *)(uintptr_t)exceptions[i]);
	set_gate(&idt[VECTOR], on_interrupt);
	load_gates(idt, VECTOR + 1);
}

/* --- instructions */

struct trial {
	uint8_t code[8], length;
	int8_t expected;
	uint32_t eax;
};

static int try_one(const struct trial *t)
{
	uint8_t *code = (uint8_t *)(uintptr_t)CODE;

	for (unsigned i = 0; i < t->length; i++)
		code[i] = t->code[i];
	code[t->length] = 0xc3;
	return attempt(code, 0, t->eax);
}

static void instructions(void)
{
	static const struct trial trials[] = {
		{{0x0f, 0x37}, 2, UD, 0},                         /* GETSEC */
		{{0x0f, 0x01, 0xc1}, 3, UD, 0},                   /* VMCALL */
		{{0x0f, 0x01, 0xc2}, 3, UD, 0},                   /* VMLAUNCH */
		{{0x0f, 0x01, 0xc3}, 3, UD, 0},                   /* VMRESUME */
		{{0x0f, 0x01, 0xc4}, 3, UD, 0},                   /* VMXOFF */
		{{0x0f, 0x01, 0xd4}, 3, UD, 0},                   /* VMFUNC */
		{{0xf3, 0x0f, 0xc7, 0x34, 0x24}, 5, UD, 0},       /* VMXON */
		{{0x0f, 0xc7, 0x34, 0x24}, 4, UD, 0},             /* VMPTRLD */
		{{0x0f, 0xc7, 0x3c, 0x24}, 4, UD, 0},             /* VMPTRST */
		{{0x66, 0x0f, 0xc7, 0x34, 0x24}, 5, UD, 0},       /* VMCLEAR */
		{{0x0f, 0x78, 0xc0}, 3, UD, 0},                   /* VMREAD */
		{{0x0f, 0x79, 0xc0}, 3, UD, 0},                   /* VMWRITE */
		{{0x66, 0x0f, 0x38, 0x80, 0x04, 0x24}, 6, UD, 0}, /* INVEPT */
		{{0x66, 0x0f, 0x38, 0x81, 0x04, 0x24}, 6, UD, 0}, /* INVVPID */
		{{0x0f, 0x01, 0xc8}, 3, UD, 0},                   /* MONITOR */
		{{0x0f, 0x01, 0xc9}, 3, UD, 0},                   /* MWAIT */
		{{0x0f, 0x01, 0xcf}, 3, UD, 0},                   /* ENCLS */
		{{0x0f, 0x01, 0xc5}, 3, UD, 0},                   /* PCONFIG */
		{{0x0f, 0xaa}, 2, UD, 0},                         /* RSM */
		{{0x0f, 0xc7, 0x2c, 0x24}, 4, UD, 0},             /* XSAVES */
		{{0x66, 0x0f, 0xae, 0xf0}, 4, UD, 0},             /* TPAUSE */
		{{0xf2, 0x0f, 0xae, 0xf0}, 4, UD, 0},             /* UMWAIT */
		{{0x0f, 0x01, 0xd1}, 3, UD, 3},                   /* XSETBV, not switched on */
		{{0x0f, 0x33}, 2, GP, 0},                         /* RDPMC */
		{{0x0f, 0x22, 0xe0}, 3, GP, 1u << 13},            /* CR4.VMXE */
		{{0x0f, 0x22, 0xe0}, 3, GP, 1u << 14},            /* CR4.SMXE */
		{{0x0f, 0x22, 0xc0}, 3, GP, 1u << 31},            /* CR0.PG without PE */
		{{0x0f, 0x08}, 2, NONE, 0},                       /* INVD */
		{{0x0f, 0x09}, 2, NONE, 0},                       /* WBINVD */
		{{0xf3, 0x90}, 2, NONE, 0},                       /* PAUSE */
		{{0x0f, 0xa2}, 2, NONE, 0},                       /* CPUID */
		{{0x0f, 0x31}, 2, NONE, 0},                       /* RDTSC */
		{{0x0f, 0x21, 0xf8}, 3, NONE, 0},                 /* MOV from DR7 */
		{{0x0f, 0x23, 0xc0}, 3, NONE, 0},                 /* MOV to DR0 */
		{{0x0f, 0x06}, 2, NONE, 0},                       /* CLTS */
		{{0x0f, 0x01, 0x38}, 3, NONE, 0},                 /* INVLPG */
		{{0x0f, 0x01, 0xf0}, 3, NONE, 3},                 /* LMSW */
	};
	unsigned good = 0;

	for (unsigned i = 0; i < sizeof(trials) / sizeof(trials[0]); i++)
		good += try_one(&trials[i]) == trials[i].expected;
	judge(good == sizeof(trials) / sizeof(trials[0]), "instructions of the host");
}

/* --- MSRs and ports */

static void msrs(void)
{
	static const uint32_t forbidden[] = {0x2e, 0x3a, 0x48, 0x49, 0x79, 0x9b, 0x9e, 0xc1, 0x122,
		0x186, 0x38f, 0x400, 0x480, 0x48d, 0x491, 0x4c1, 0x560, 0x570, 0x600, 0x6a0, 0x6a2,
		0x6a8, 0x770, 0x985, 0xda0, 0x1b00, 0x40000000, 0xc0010015, 0xffffffff};
	static const uint8_t read[] = {0x0f, 0x32, 0xc3}, write[] = {0x0f, 0x30, 0xc3};
	unsigned good = 0, seen = 0;

	for (unsigned i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		good += attempt(read, forbidden[i], 0) == GP &&
			attempt(write, forbidden[i], 1) == GP;
	judge(good == sizeof(forbidden) / sizeof(forbidden[0]), "forbidden MSRs");
	for (uint32_t n = 0; n < 0x1000; n++)
		seen += attempt(read, n, 0) == NONE;
	for (uint32_t n = 0xc0000000; n < 0xc0000200; n++)
		seen += attempt(read, n, 0) == NONE;
	judge(seen > 0 && seen < 200, "all other MSRs");
}

/* Its own console, power, reset and keyboard controller, whose writes mean something, are left out.
 */
static int may_write(uint32_t port)
{
	return (port < 0x3f8 || port > 0x3ff) && (port < 0x600 || port > 0x60f) && port != 0x64 &&
	       port != 0xe9 && port != 0xcf9;
}

/* What the machine has at these ports, the board has not. The last ones are where the first bitmap
 * of ports ends, and the second: one port past the end is none. */
static int sees_ports_of_the_host(void)
{
	static const uint16_t ports[] = {0x00, 0x08, 0x81, 0x8f, 0x92, 0xb2, 0xb3, 0xd0, 0x1ce,
		0x1cf, 0x1f7, 0x376, 0x3c4, 0x3cc, 0x3d5, 0x3da, 0x3f6, 0x510, 0x511, 0x8900,
		0xb004, 0xb008, 0x7fff, 0x8000, 0xffff};
	unsigned seen = 0;

	for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		seen += in8(ports[i]) != 0xff;
	return seen || in32(0x7ffe) != ~0u || in32(0xffff) != ~0u;
}

static void ports(void)
{
	const int seen = sees_ports_of_the_host();

	for (uint32_t port = 0; port < 0x10000; port += 0x25) {
		uint32_t value;

		__asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
		if (may_write(port))
			out32(port, ~0u);
	}
	for (uint32_t port = 0; port < 0x400; port++)
		if (may_write(port))
			out8(port, port);
	judge(!seen, "ports");
}

/* --- memory */

/* Nothing but itself: where there is no memory, nothing is kept. */
static void outside(void)
{
	unsigned wrong = 0;

	for (uint32_t address = MEMORY; address < DEVICES; address += 0x1ffe000) {
		put(address, 0x5ec4e7);
		wrong += get(address) != ~0u;
	}
	judge(!wrong, "memory outside of its own");
}

static void flush(uint32_t address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static void set_tables(void)
{
	for (unsigned i = 0; i < 1024; i++)
		put(DIRECTORY + 4 * i, (i << 22) | PAGE_LARGE);
	put(DIRECTORY + (WINDOW >> 22) * 4, TABLE | PAGE_PRESENT);
	__asm__ volatile("movl %0, %%cr3\n\t"
			 "movl %%cr4, %%eax\n\t"
			 "orl $0x10, %%eax\n\t"
			 "movl %%eax, %%cr4\n\t"
			 "movl %%cr0, %%eax\n\t"
			 "orl $0x80000000, %%eax\n\t"
			 "movl %%eax, %%cr0"
		:
		: "r"(DIRECTORY)
		: "eax", "memory");
}

/* A table maps itself, and is changed through what it maps, to here, there and nowhere. */
static void changing_tables(void)
{
	static const uint32_t elsewhere[] = {0x80000000, 0xdffff000, MEMORY, 0x7ffff000};
	unsigned wrong = 0;

	set_tables();
	put(TABLE, TABLE | PAGE_PRESENT);
	flush(WINDOW);
	for (uint32_t i = 1; i < 1000; i++) {
		const uint32_t page = WINDOW + 4096 * i;

		put(WINDOW + 4 * i, OWN_PAGE | PAGE_PRESENT);
		flush(page);
		put(page, i);
		wrong += get(OWN_PAGE) != i;
		put(WINDOW + 4 * i, elsewhere[i % 4] | PAGE_PRESENT);
		flush(page);
		put(page, i);
		wrong += get(page) != ~0u;
		put(WINDOW + 4 * i, 0);
	}
	wrong += get(OWN_PAGE) != 999;
	__asm__ volatile("movl %%cr0, %%eax\n\t"
			 "andl $0x7fffffff, %%eax\n\t"
			 "movl %%eax, %%cr0"
		:
		:
		: "eax", "memory");
	judge(!wrong, "page tables that change themselves");
}

/* --- interrupts */

static int come(uint32_t count)
{
	for (uint32_t i = 0; i < LOOKS && interrupts < count; i++)
		__asm__ volatile("pause");
	return interrupts >= count;
}

static void copy(uint32_t to, const char *from, const char *end)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from) : "c"(end - from) : "memory");
}

/* Another vCPU, whatever it does. `which`: its APIC id and 0, or 0 and ICR_OTHERS. */
static void start(uint32_t id, uint32_t which, uint32_t page)
{
	put(APIC + APIC_ICR_HIGH, id << 24);
	put(APIC + APIC_ICR, which | ICR_INIT);
	put(APIC + APIC_ICR, which | ICR_STARTUP | page >> 12);
}

/* Due at once, and at once again. */
static void set_timer(void)
{
	put(APIC + APIC_DIVIDE, 0xb);
	put(APIC + APIC_TIMER, TIMER_PERIODIC | VECTOR);
	put(APIC + APIC_INITIAL, 1);
}

static void storms(void)
{
	int good;

	copy(DEAF, deaf, deaf_end);
	put(4 * 2, DEAF << 12);      /* where an NMI takes it */
	set_8259s(0x20, 0xff, 0xff); /* ports() has left them in any state */
	put(APIC + APIC_SPURIOUS, 0x1ff);
	/* The other vCPUs: started, hit by everything, and started again. */
	for (unsigned i = 0; i < 50; i++) {
		start(0, ICR_OTHERS, DEAF);
		for (unsigned n = 0; n < 20; n++) {
			put(APIC + APIC_ICR, ICR_OTHERS | (n ? VECTOR : ICR_NMI));
			put(APIC + APIC_ICR_HIGH, n << 24);
		}
	}
	put(APIC + APIC_ICR, ICR_OTHERS | ICR_INIT);
	__asm__ volatile("sti");
	for (unsigned i = 0; i < STORM; i++)
		put(APIC + APIC_ICR, ICR_SELF | VECTOR);
	good = interrupts == STORM;
	set_timer();
	good &= come(STORM + TICKS);
	__asm__ volatile("cli");
	judge(good, "storms of interrupts");
}

/* --- virtio */

/* Does the device see it, and stop? */
static int is_refused(const struct ring *r)
{
	start_queue(r);
	for (unsigned i = 0; i < 100; i++)
		if (get(COMMON + STATUS) & NEEDS_RESET)
			return 1;
	return 0;
}

static void rings(void)
{
	static const struct ring bad[] = {
		{GOOD, OWN_PAGE, 16, CHAIN_WRITE | CHAIN_NEXT, 0, 0, 1}, /* a chain that loops */
		{GOOD, OWN_PAGE, 16, CHAIN_WRITE | CHAIN_NEXT, 8, 0, 1}, /* the next is none */
		{GOOD, OWN_PAGE, 16, CHAIN_WRITE, 0, 8, 1},              /* nor is the head */
		{GOOD, OWN_PAGE, 16, CHAIN_WRITE, 0, 0, 9},         /* more than there can be */
		{GOOD, 0x80000000, 16, CHAIN_WRITE, 0, 0, 1},       /* not its memory */
		{GOOD, OWN_PAGE, 0xffffffff, CHAIN_WRITE, 0, 0, 1}, /* nor the end of this */
		{GOOD, MEMORY - 8, 16, CHAIN_WRITE, 0, 0, 1},       /* nor of this */
		{GOOD, QUEUE, 16, INDIRECT, 0, 0, 1},               /* not negotiated */
		{0x80000000, QUEUE + 0x1000, QUEUE + 0x2000, OWN_PAGE, 16, CHAIN_WRITE, 0, 0, 1},
		{QUEUE, 0x80000000, QUEUE + 0x2000, OWN_PAGE, 16, CHAIN_WRITE, 0, 0, 1},
		{QUEUE, QUEUE + 0x1000, MEMORY - 2, OWN_PAGE, 16, CHAIN_WRITE, 0, 0, 1},
	};
	static const struct ring good = {GOOD, OWN_PAGE, 16, CHAIN_WRITE, 0, 0, 1};
	unsigned refused = 0;

	let_master(COMMAND);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused += (unsigned)is_refused(&bad[i]);
	judge(refused == sizeof(bad) / sizeof(bad[0]), "malformed virtio rings");
	judge(!is_refused(&good) && get(USED + 8) == 16, "a good one after them");
}

void attack(void)
{
	set_idt();
	instructions();
	msrs();
	ports();
	outside();
	changing_tables();
	storms();
	rings();
	/* From here on no vCPU does anything, as often as it can. */
	put_text("it halts with interrupts off\n");
	copy(DOZE, doze, doze_end);
	copy(FALL, fall, fall_end);
	start(1, 0, DOZE);
	start(2, 0, FALL);
	set_timer();
}
