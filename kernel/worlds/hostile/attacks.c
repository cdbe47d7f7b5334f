#include "kernel/worlds/hostile/attacks.h"

#include <stdio.h>
#include <stdlib.h>
#include <vmkuser/libvmkuser.h>

#define KERNEL_ADDRESS 0xffff800000001000ul
#define PAGE           4096
#define RET            0xc3
#define TWENTY_MS      20000000ull

/* RFLAGS: SDM 1, 3.4.3. */
#define FLAG_TF 0x100ul
#define FLAG_DF 0x400ul
#define FLAG_NT 0x4000ul
#define FLAG_AC 0x40000ul

static volatile unsigned char *volatile sink;

static void call(const volatile void *address)
{
	((void (*)(void))(uintptr_t)address)();
}

void attack_exec_stack(void)
{
	volatile unsigned char code[16] = {RET};

	call(code);
}

void attack_exec_data(void)
{
	void *page = NULL;

	if (vmku_map(PAGE, VMK_PROT_READ | VMK_PROT_WRITE, &page) == VMK_OK) {
		*(unsigned char *)page = RET;
		call(page);
	}
}

void attack_write_code(void)
{
	*(volatile unsigned char *)(uintptr_t)&attack_write_code = RET;
}

/* Its own code is for executing alone, where the CPU has protection keys. */
void attack_read_code(void)
{
	(void)*(volatile unsigned char *)(uintptr_t)&attack_read_code;
}

void attack_read_kernel(void)
{
	(void)*(volatile unsigned char *)KERNEL_ADDRESS;
}

void attack_jump_kernel(void)
{
	call((void *)KERNEL_ADDRESS);
}

void attack_non_canonical(void)
{
	(void)*(volatile unsigned char *)0x0000900000000000ul;
}

void attack_stack_overflow(void)
{
	volatile unsigned char frame[256];

	sink = frame;
	frame[0] = 1;
	attack_stack_overflow();
	sink = frame;
}

void attack_divide(void)
{
	__asm__ volatile("xorl %%ecx, %%ecx; divl %%ecx" : : : "eax", "ecx", "edx");
}

void attack_undefined(void)
{
	__asm__ volatile("ud2");
}

void attack_cli(void)
{
	__asm__ volatile("cli");
}

void attack_hlt(void)
{
	__asm__ volatile("hlt");
}

void attack_rdmsr(void)
{
	__asm__ volatile("rdmsr" : : "c"(0xc0000102) : "eax", "edx");
}

void attack_port_io(void)
{
	__asm__ volatile("outb %%al, $0x64" : : "a"(0xfe));
}

void attack_read_cr3(void)
{
	__asm__ volatile("movq %%cr3, %%rax" : : : "rax");
}

/* UMIP: where the kernel's tables are is not for ring 3 to know. */
void attack_sgdt(void)
{
	unsigned char table[16];

	__asm__ volatile("sgdt %0" : "=m"(table));
}

void attack_int80(void)
{
	__asm__ volatile("int $0x80" : : "a"(1));
}

void attack_sysenter(void)
{
	__asm__ volatile("sysenter" : : : "rcx", "rdx");
}

/* With CR4.FSGSBASE, GS.base would be ring 3's to choose, and the kernel's entry could be fooled.
 */
void attack_wrfsbase(void)
{
	__asm__ volatile("wrgsbase %0" : : "r"(KERNEL_ADDRESS));
}

/* To the kernel's code segment, at its own privilege. */
void attack_far_return(void)
{
	__asm__ volatile("pushq $0x08; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:" : : : "rax");
}

static void with_flags(unsigned long flags)
{
	unsigned long number = VMK_SYS_CLOCK;

	__asm__ volatile("pushfq; orq %1, (%%rsp); popfq; syscall; pushfq; andq %2, (%%rsp); popfq"
		: "+a"(number)
		: "r"(flags), "r"(~flags), "D"(0)
		: "rcx", "rdx", "r11", "memory", "cc");
}

/* The trap comes with the first instruction after SYSCALL, in ring 3. */
void attack_single_step(void)
{
	with_flags(FLAG_TF);
}

void attack_kernel_stack_pointer(void)
{
	__asm__ volatile("movq %0, %%rsp; syscall; pushq %%rax"
		:
		: "r"(KERNEL_ADDRESS), "a"(VMK_SYS_CLOCK), "D"(0)
		: "rcx", "rdx", "r11", "memory");
}

/* The kernel runs with none of them, and IRET is not bent by NT. */
void attack_flags(void)
{
	with_flags(FLAG_DF);
	with_flags(FLAG_NT);
	with_flags(FLAG_AC);
	with_flags(FLAG_DF | FLAG_NT | FLAG_AC);
}

/* Selectors of ring 3's choice, kept over system calls and over waiting. */
void attack_segments(void)
{
	static const unsigned short selectors[] = {0, 3, 0x1b};

	for (unsigned i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
		__asm__ volatile("movw %0, %%ds; movw %0, %%es; movw %0, %%gs"
			:
			: "r"(selectors[i]));
		vmku_wait(NULL, 0, TWENTY_MS, NULL);
	}
}

/* The ABI: RAX and RDX are results, RCX and R11 are lost, all else is kept. */
void attack_registers(void)
{
	unsigned long rdi = 0, rsi = 0x1111, r8 = 0x8888, r9 = 0x9999, r10 = 0x1010, changed;

	__asm__ volatile(
		"movq $0x2222, %%rbx; movq $0x1212, %%r12; movq $0x1313, %%r13\n\t"
		"movq $0x1414, %%r14; movq $0x1515, %%r15\n\t"
		"movq %[r8], %%r8; movq %[r9], %%r9; movq %[r10], %%r10\n\t"
		"syscall\n\t"
		"xorq $0x2222, %%rbx; xorq $0x1212, %%r12; xorq $0x1313, %%r13\n\t"
		"xorq $0x1414, %%r14; xorq $0x1515, %%r15\n\t"
		"xorq $0x8888, %%r8; xorq $0x9999, %%r9; xorq $0x1010, %%r10\n\t"
		"xorq $0x1111, %%rsi\n\t"
		"orq %%r12, %%rbx; orq %%r13, %%rbx; orq %%r14, %%rbx; orq %%r15, %%rbx\n\t"
		"orq %%r8, %%rbx; orq %%r9, %%rbx; orq %%r10, %%rbx; orq %%rsi, %%rbx\n\t"
		"orq %%rdi, %%rbx; movq %%rbx, %%rax"
		: "=a"(changed), "+D"(rdi), "+S"(rsi)
		: "a"(VMK_SYS_CLOCK), [r8] "m"(r8), [r9] "m"(r9), [r10] "m"(r10)
		: "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		"memory", "cc");
	if (changed)
		abort();
}

/* The address to which this returns is another one than that of the call. */
void attack_return_address(void)
{
	__asm__ volatile("callq 1f\n\t"
			 "jmp 3f\n"
			 "1:\tleaq 2f(%%rip), %%rax\n\t"
			 "movq %%rax, (%%rsp)\n\t"
			 "retq\n"
			 "2:\tnop\n"
			 "3:"
		:
		:
		: "rax", "memory");
}

void attack_no_landing_pad(void)
{
	__asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
			 "jmpq *%%rax\n"
			 "1:\tnop"
		:
		:
		: "rax");
}

/* A store where calls leave their addresses. */
void attack_write_shadow(void)
{
	unsigned long place = 0;

	__asm__ volatile("rdsspq %0" : "+r"(place));
	if (place)
		*(volatile unsigned long *)place = 0;
}
