/*
 * A kernel that tboot launches, which sends the machine to sleep (S3) through tboot, is resumed by
 * it behind a second launch, says what it finds on COM1, and switches the machine off through
 * tboot.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COM1        0x3f8
#define COM1_STATUS 0x3fd
#define SENT        0x20
#define TXT_STS     0xfed30000u
#define SENTER_DONE 1u
#define MARK        0x600d5ee9u
/* Where the resumed CPU starts, in real mode: memory that neither tboot nor the BIOS uses. */
#define WAKE_VECTOR 0x9000u

enum { SHUTDOWN_S5 = 1, SHUTDOWN_S3 = 3 };
enum { SLP_TYP_S5 = 0, SLP_TYP_S3 = 1, SLP_EN = 8 }; /* of PM1_CNT, in units of 1 << 10 */
enum { TAG_END = 0, TAG_CMDLINE = 1 };
/* ACPI 6.4: RSDP 5.2.5.3, RSDT 5.2.7, FADT 5.2.9, FACS 5.2.10. */
enum {
	RSDP_RSDT = 16,
	TABLE_LENGTH = 4,
	RSDT_ENTRIES = 36,
	FADT_FACS = 36,
	FADT_EVT = 56,
	FADT_CNT = 64,
	FACS_VECTOR = 12
};

/* An ACPI generic address; tboot wants system I/O (1). */
struct gas {
	uint8_t space, bits, offset, width;
	uint64_t address;
} __attribute__((packed));

/* tboot's shared page (include/tboot.h of its source). */
struct shared {
	uint8_t uuid[16];
	uint32_t version, log, shutdown_entry, shutdown_type;
	struct gas pm1a_cnt, pm1b_cnt, pm1a_evt, pm1b_evt;
	uint16_t pm1a_value, pm1b_value;
	uint64_t wakeup_vector;
	uint32_t vector_width;
	uint64_t resume_vector;
	uint32_t tboot_base, tboot_size;
	uint8_t regions;
	struct {
		uint64_t start;
		uint32_t size;
	} __attribute__((packed)) region[32];
	uint8_t s3_key[64];
} __attribute__((packed));

_Static_assert(offsetof(struct shared, tboot_base) == 0x68, "tboot's shared page");

static volatile struct shared *shared;
static volatile uint32_t mark;
extern const uint8_t wake_code[], wake_code_end[];
extern const uint8_t image[], image_end[];

__asm__(".text\n"
	".align 8\n"
	"header: .long 0xe85250d6, 0, header_end - header\n"
	".long -(0xe85250d6 + header_end - header)\n"
	".word 0, 0\n"
	".long 8\n"
	"header_end:\n"
	".text\n"
	".globl _start\n"
	"_start: movl $stack_end, %esp\n"
	"pushl %ebx\n"
	"call start\n"
	".align 8\n"
	"gdt: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff\n"
	"gdt_pointer: .word . - gdt - 1\n"
	".long gdt\n"
	/* Copied to WAKE_VECTOR; the table lies beyond what real mode reaches without a copy of it.
	 */
	".globl wake_code, wake_code_end\n"
	".code16\n"
	"wake_code: cli\n"
	"movw %cs, %ax\n"
	"movw %ax, %ds\n"
	"lgdtl wake_gdt_pointer - wake_code\n"
	"movl %cr0, %eax\n"
	"orb $1, %al\n"
	"movl %eax, %cr0\n"
	"ljmpl $8, $woken\n"
	".align 8\n"
	"wake_gdt_pointer: .word 23\n"
	".long gdt\n"
	"wake_code_end:\n"
	".code32\n"
	"woken: movw $16, %ax\n"
	"movw %ax, %ds\n"
	"movw %ax, %es\n"
	"movw %ax, %ss\n"
	"movl $stack_end, %esp\n"
	"call resumed\n"
	".bss\n"
	".skip 4096\n"
	"stack_end:\n");

static uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "d"(port));
	return value;
}

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "d"(port));
}

static void say(const char *text)
{
	for (; *text; text++) {
		while (!(in8(COM1_STATUS) & SENT))
			;
		out8(COM1, (uint8_t)*text);
	}
}

static void copy(volatile uint8_t *to, const volatile uint8_t *from, size_t size)
{
	while (size--)
		*to++ = *from++;
}

static uint32_t read32(uint32_t at)
{
	return *(const volatile uint32_t *)at;
}

static __attribute__((noreturn)) void stop(const char *why)
{
	say(why);
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* The number that tboot put on the command line as tboot=0x... */
static uint32_t shared_page(const uint8_t *mbi)
{
	const uint8_t *tag = mbi + 8;
	uint32_t at = 0;

	while (*(const uint32_t *)tag != TAG_CMDLINE && *(const uint32_t *)tag != TAG_END)
		tag += (*(const uint32_t *)(tag + 4) + 7) & ~7u;
	if (*(const uint32_t *)tag == TAG_END)
		return 0;
	for (tag += 8; *tag; tag++) {
		if (*tag == 't' && tag[1] == 'b' && tag[5] == '=')
			break;
	}
	if (!*tag)
		return 0;
	for (tag += 8; *tag && *tag != ' '; tag++)
		at = at << 4 | (*tag <= '9' ? *tag - '0' : (*tag | 0x20) - 'a' + 10u);
	return at;
}

static uint32_t find_rsdp(void)
{
	for (uint32_t at = 0xe0000; at < 0x100000; at += 16) {
		if (read32(at) == 0x20445352 && read32(at + 4) == 0x20525450)
			return at;
	}
	stop("no RSDP\r\n");
}

static uint32_t find_fadt(void)
{
	uint32_t rsdt = read32(find_rsdp() + RSDP_RSDT);
	uint32_t end = rsdt + read32(rsdt + TABLE_LENGTH);

	for (uint32_t at = rsdt + RSDT_ENTRIES; at < end; at += 4) {
		if (read32(read32(at)) == 0x50434146) /* FACP */
			return read32(at);
	}
	stop("no FADT\r\n");
}

static void set_gas(volatile struct gas *gas, uint32_t port, uint8_t bits)
{
	gas->space = 1;
	gas->bits = bits;
	gas->offset = 0;
	gas->width = 2;
	gas->address = port;
}

static __attribute__((noreturn)) void leave(uint32_t type, unsigned slp_typ)
{
	uint32_t fadt = find_fadt();

	set_gas(&shared->pm1a_cnt, read32(fadt + FADT_CNT), 16);
	set_gas(&shared->pm1a_evt, read32(fadt + FADT_EVT), 32);
	shared->pm1a_value = (uint16_t)((SLP_EN | slp_typ) << 10);
	shared->wakeup_vector = read32(fadt + FADT_FACS) + FACS_VECTOR;
	shared->vector_width = 32;
	shared->resume_vector = WAKE_VECTOR;
	shared->shutdown_type = type;
	((void (*)(void))shared->shutdown_entry)();
	stop("tboot came back\r\n");
}

__attribute__((used)) static void start(const uint8_t *mbi)
{
	say("the test kernel runs\r\n");
	shared = (volatile struct shared *)shared_page(mbi);
	if (!shared)
		stop("not launched\r\n");
	copy((volatile uint8_t *)WAKE_VECTOR, wake_code, (size_t)(wake_code_end - wake_code));
	mark = MARK;
	shared->regions = 1;
	shared->region[0].start = (uint32_t)image;
	shared->region[0].size = ((uint32_t)image_end - (uint32_t)image + 4095) & ~4095u;
	for (unsigned i = 0; i < sizeof(shared->s3_key); i++)
		shared->s3_key[i] = (uint8_t)(i * 7 + 1);
	say("the test kernel goes to sleep\r\n");
	leave(SHUTDOWN_S3, SLP_TYP_S3);
}

__attribute__((used)) static void resumed(void)
{
	say("the test kernel is resumed\r\n");
	say(mark == MARK ? "memory is as it was\r\n" : "memory is lost\r\n");
	say(read32(TXT_STS) & SENTER_DONE ? "launched again\r\n" : "not launched again\r\n");
	leave(SHUTDOWN_S5, SLP_TYP_S5);
}
