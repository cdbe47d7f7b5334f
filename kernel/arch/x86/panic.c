/* The end of the road: say what happened, stop everybody, leave. */
#include "lib/panic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/panic.h"
#include "arch/x86/percpu.h"
#include "arch/x86/power.h"
#include "arch/x86/serial.h"
#include "arch/x86/smp.h"
#include "boot/boot_info.h"
#include "boot/image.h"
#include "boot/options.h"
#include "boot/symbols.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "mem/heap.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LOG_MODULE    "Panic"
#define BACKTRACE_MAX 24
#define STACK_SPAN    (64u << 10) /* no frame lies further up than this */
#define SHOWN_MAX     (16u << 20) /* the image is never placed below */

static panic_namer namer SEALED;

void panic_set_namer(panic_namer name)
{
	namer = name;
}

static bool name_other_code(uint64_t address, char *to, size_t size)
{
	return namer && namer(address, to, size);
}

/* Text as symbol+offset, small numbers as they are; what may be an address of any kind, also a
 * physical one that would tell where the image lies, is hidden. */
static const char *show(uint64_t v, char *to, size_t size)
{
	if (image_contains_text(v))
		symbols_describe(v, to, size);
	else if (name_other_code(v, to, size))
		return to;
	else if (v == HEAP_POISON)
		snprintf(to, size, "(freed)");
	else if (v < SHOWN_MAX)
		snprintf(to, size, "0x%llx", (unsigned long long)v);
	else
		snprintf(to, size, v >> 63 ? "(kernel)" : "(masked)");
	return to;
}

static void log_address(uint64_t address)
{
	char text[96];

	log_printf(LOG_EM, LOG_MODULE, __LINE__, "  %s", show(address, text, sizeof(text)));
}

/* A frame pointer leads upwards, within a stack's size, and is aligned. */
static bool plausible(uint64_t next, uint64_t before)
{
	return next > before && next - before < STACK_SPAN && next % 8 == 0 && next >> 63;
}

bool panic_is_code(uint64_t address)
{
	char text[96];

	return image_contains_text(address) || name_other_code(address, text, sizeof(text));
}

void backtrace_log(uint64_t rip, uint64_t rbp)
{
	uint64_t before = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	uint64_t low = before;

	log_address(rip);
	for (unsigned i = 0; i < BACKTRACE_MAX; i++) {
		const uint64_t *frame = (const uint64_t *)(uintptr_t)rbp;

		if (i ? !plausible(rbp, before)
		      : (rbp % 8 || !(rbp >> 63) || rbp < low - STACK_SPAN))
			return;
		if (!panic_is_code(frame[1]))
			return;
		log_address(frame[1]);
		before = rbp;
		rbp = frame[0];
	}
}

static void log_registers(const struct trap_frame *f, uint64_t address)
{
	const struct {
		const char *name;
		uint64_t value;
	} registers[] = {
		{"rax", f->rax},
		{"rbx", f->rbx},
		{"rcx", f->rcx},
		{"rdx", f->rdx},
		{"rsi", f->rsi},
		{"rdi", f->rdi},
		{"rbp", f->rbp},
		{"rsp", f->rsp},
		{"r8", f->r8},
		{"r9", f->r9},
		{"r10", f->r10},
		{"r11", f->r11},
		{"r12", f->r12},
		{"r13", f->r13},
		{"r14", f->r14},
		{"r15", f->r15},
	};
	char a[96], b[96], line[400];
	int n = 0;

	log_printf(LOG_EM, LOG_MODULE, __LINE__, "rip=%s address=%s rflags=0x%llx cs=0x%llx",
		show(f->rip, a, sizeof(a)), show(address, b, sizeof(b)),
		(unsigned long long)f->rflags, (unsigned long long)f->cs);
	/* What a world had in its registers is its own. */
	if (f->cs & 3)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
		n += snprintf(line + n, sizeof(line) - (size_t)n, "%s%s=%s", i % 4 ? " " : "",
			registers[i].name, show(registers[i].value, a, sizeof(a)));
		if (i % 4 == 3) {
			log_printf(LOG_EM, LOG_MODULE, __LINE__, "%s", line);
			n = 0;
		}
	}
}

/* What comes after a panic: onpanic=halt, or by default a reset, through tboot after a measured
 * launch. */
static enum power_action action(void)
{
	char value[16];

	if (option_get(boot_info->cmdline, "onpanic", value, sizeof(value))) {
		if (!strcmp(value, "halt"))
			return POWER_HALT;
		if (!strcmp(value, "poweroff"))
			return POWER_OFF;
	}
	return POWER_REBOOT;
}

static _Noreturn void end(
	const struct trap_frame *frame, uint64_t address, const char *format, va_list args)
{
	static uint32_t owner; /* of the panic: CPU index + 1 */
	uint32_t none = 0;
	char text[256];

	irq_disable();
	/* One CPU panics for all. If it does so again, it leaves without more ado. */
	if (!__atomic_compare_exchange_n(
		    &owner, &none, percpu_index() + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		if (none == percpu_index() + 1)
			power_leave_panic(action());
		for (;;)
			__asm__ volatile("hlt");
	}
	lock_disarm();
	vsnprintf(text, sizeof(text), format, args);
	log_printf(LOG_EM, LOG_MODULE, __LINE__, "PANIC cpu%u: %s", percpu_index(), text);
	if (frame) {
		log_registers(frame, address);
		backtrace_log(frame->rip, frame->rbp);
	} else {
		backtrace_log((uint64_t)(uintptr_t)__builtin_return_address(0),
			*(const uint64_t *)__builtin_frame_address(0));
	}
	power_leave_panic(action());
}

_Noreturn void panic_frame(
	const struct trap_frame *frame, uint64_t address, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	end(frame, address, format, args);
}

_Noreturn void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	end(NULL, 0, format, args);
}

/* The compiler's stack guard (gs:40) was overwritten. */
_Noreturn void __stack_chk_fail(void);
_Noreturn void __stack_chk_fail(void)
{
	panic("stack guard overwritten");
}
