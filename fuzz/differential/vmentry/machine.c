#include "fuzz/differential/vmentry/machine.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COM1        0x3f8
#define MSR_EFER    0xc0000080u
#define MSR_PAT     0x277u
#define CPUID_WIDTH 0x80000008u
#define CR4_VMXE    (1ull << 13)
#define PAT_RESET   0x0007040600070406ull

struct exception {
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};
struct gate {
	uint16_t low, selector, flags, middle;
	uint32_t high, reserved;
};

extern const char exception_entries[], machine_msr[], machine_no_msr[];
extern struct gate machine_idt[32];
void machine_tables(void);
void machine_exception(struct exception *e);

static struct {
	uint64_t cr0, cr4, efer;
} mine;

static void out(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
static uint8_t in(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}
#define REGISTER(name)                                                          \
	static uint64_t read_##name(void)                                       \
	{                                                                       \
		uint64_t value;                                                 \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(value));          \
		return value;                                                   \
	}                                                                       \
	static void write_##name(uint64_t value)                                \
	{                                                                       \
		__asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory"); \
	}
REGISTER(cr0)
REGISTER(cr4)

static void put(char c)
{
	while (!(in(COM1 + 5) & 0x20))
		;
	out(COM1, (uint8_t)c);
}

void say(const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	for (const char *c = text; *c; c++)
		put(*c);
	put('\r');
	put('\n');
}

/* "payload: " begins what ends a run before its time. */
_Noreturn static void stop(void)
{
	say("payload: stopped");
	for (;;)
		__asm__ volatile("hlt");
}

void abort(void)
{
	say("payload: the model was used against its rules, called from %p",
		__builtin_return_address(0));
	stop();
}

void machine_exception(struct exception *e)
{
	if (e->vector == 13 && e->rip == (uintptr_t)machine_msr) {
		e->rip = (uintptr_t)machine_no_msr;
		return;
	}
	say("payload: exception %u, error 0x%llx, at 0x%llx", (unsigned)e->vector,
		(unsigned long long)e->error, (unsigned long long)e->rip);
	stop();
}

void machine_init(void)
{
	static const uint8_t line[][2] = {{3, 0x80}, {0, 1}, {1, 0}, {3, 3}, {2, 7}, {1, 0}};

	for (size_t i = 0; i < ARRAY_SIZE(line); i++)
		out((uint16_t)(COM1 + line[i][0]), line[i][1]);
	/* Both interrupt controllers are masked. */
	out(0x21, 0xff);
	out(0xa1, 0xff);
	for (unsigned i = 0; i < ARRAY_SIZE(machine_idt); i++) {
		const uint64_t at = (uintptr_t)exception_entries + 16ull * i;

		machine_idt[i] = (struct gate){.low = (uint16_t)at,
			.selector = 8,
			.flags = 0x8e00,
			.middle = (uint16_t)(at >> 16),
			.high = (uint32_t)(at >> 32)};
	}
	machine_tables();
}

static void cpuid(uint32_t leaf, uint32_t r[4])
{
	__asm__ volatile("cpuid"
		: "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
		: "0"(leaf), "2"(0));
}

void machine_describe(struct swvmx_cpu *cpu)
{
	uint32_t r[4];

	memset(cpu, 0, sizeof(*cpu));
	vtx_capability_read(machine_rdmsr, &cpu->msrs);
	cpuid(CPUID_WIDTH, r);
	cpu->physical_bits = r[0] & 0xff;
	cpu->linear_bits = r[0] >> 8 & 0xff;
	cpu->ia32e = true;
	cpuid(7, r);
	cpu->rtm = r[1] >> 11 & 1;
	cpu->sgx = r[1] >> 2 & 1;
}

void machine_clear(uint64_t vmcs)
{
	__asm__ volatile("vmclear %0\n\tvmptrld %0" : : "m"(vmcs) : "memory", "cc");
}

void machine_vmx_on(uint32_t revision, uint64_t vmxon, uint64_t vmcs)
{
	uint64_t control = 0;

	if (machine_rdmsr(MSR_FEATURE_CONTROL, &control) && !(control & FEATURE_CONTROL_LOCKED))
		machine_wrmsr(MSR_FEATURE_CONTROL,
			control | FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX);
	write_cr4(read_cr4() | CR4_VMXE);
	mine.cr0 = read_cr0();
	mine.cr4 = read_cr4();
	machine_rdmsr(MSR_EFER, &mine.efer);
	*(volatile uint32_t *)vmxon = revision;
	*(volatile uint32_t *)vmcs = revision;
	__asm__ volatile("vmxon %0" : : "m"(vmxon) : "memory", "cc");
	machine_clear(vmcs);
}

void machine_restore(void)
{
	machine_tables();
	write_cr4(mine.cr4); /* first: while it has CET, CR0.WP cannot be cleared */
	write_cr0(mine.cr0);
	machine_wrmsr(MSR_EFER, mine.efer);
	machine_wrmsr(MSR_PAT, PAT_RESET);
}

bool machine_vmwrite(uint32_t field, uint64_t value)
{
	bool failed;

	__asm__ volatile("vmwrite %2, %1"
		: "=@ccbe"(failed)
		: "r"((uint64_t)field), "r"(value)
		: "memory");
	return !failed;
}

uint64_t machine_vmread(uint32_t field)
{
	uint64_t value = 0;

	__asm__ volatile("vmread %1, %0" : "=r"(value) : "r"((uint64_t)field) : "cc");
	return value;
}
