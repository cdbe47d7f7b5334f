/* Leaving the machine. */
#include "arch/x86/power.h"
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/lowpage.h"
#include "arch/x86/percpu.h"
#include "arch/x86/serial.h"
#include "arch/x86/smp.h"
#include "arch/x86/time.h"
#include "arch/x86/tlb.h"
#include "arch/x86/trap.h"
#include "arch/x86/vmx.h"
#include "boot/boot_info.h"
#include "boot/tboot.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/panic.h"

#define LOG_MODULE    "Power"
#define AT_LEAVE_MAX  16
#define FIRST_WAIT_NS 1000000000ull

/* ACPI 6.5, 4.8.3.2.1. */
#define PM1_SCI_EN        1u
#define PM1_SLP_TYP_SHIFT 10
#define PM1_SLP_EN        (1u << 13)

static void (*at_leave[AT_LEAVE_MAX])(void);
static unsigned at_leave_count;
static volatile uint32_t requested; /* by another CPU, of the first one: action + 1 */

static const char *const action_names[] = {
	[POWER_OFF] = "power off", [POWER_REBOOT] = "reboot", [POWER_HALT] = "halt"};

void power_at_leave(void (*function)(void))
{
	ASSERT(at_leave_count < AT_LEAVE_MAX);
	at_leave[at_leave_count++] = function;
}

/* Each callback once, the latest first; one that panics is not called again. */
static void run_at_leave(void)
{
	while (at_leave_count)
		at_leave[--at_leave_count]();
}

static _Noreturn void halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

static void acpi_off(void)
{
	uint16_t a = (uint16_t)(boot_info->s5_type_a << PM1_SLP_TYP_SHIFT | PM1_SLP_EN);
	uint16_t b = (uint16_t)(boot_info->s5_type_b << PM1_SLP_TYP_SHIFT | PM1_SLP_EN);

	if (!boot_info->pm1a_control)
		return;
	if (boot_info->smi_command && !(inw(boot_info->pm1a_control) & PM1_SCI_EN)) {
		outb(boot_info->smi_command, boot_info->acpi_enable);
		for (unsigned i = 0; i < 300 && !(inw(boot_info->pm1a_control) & PM1_SCI_EN); i++)
			time_spin_us(10000);
	}
	outw(boot_info->pm1a_control, a);
	if (boot_info->pm1b_control)
		outw(boot_info->pm1b_control, b);
	time_spin_us(500000);
}

/* ACPI's reset register, then the keyboard controller, then the chipset's own. */
static void reset(void)
{
	if (boot_info->reset_register.v)
		outb((uint16_t)boot_info->reset_register.v, boot_info->reset_value);
	time_spin_us(50000);
	outb(0x64, 0xfe);
	time_spin_us(50000);
	outb(0xcf9, 0x02);
	outb(0xcf9, 0x06);
	time_spin_us(50000);
}

static void park_in_tboot(void)
{
	lowpage_leave(tboot_shutdown_entry());
}

/* tboot writes to the same serial port until its CPUs sleep again, so nothing is logged before. */
static bool are_parked(void)
{
	return tboot_waiting_cpus() >= boot_info->tboot.num_in_wfs; /* as many as it handed over */
}

/* tboot shuts down only when every other CPU waits in it again (tboot.h). */
static _Noreturn void leave_through_tboot(enum power_action action)
{
	static const enum tboot_shutdown types[] = {
		[POWER_OFF] = TBOOT_SHUTDOWN_S5,
		[POWER_REBOOT] = TBOOT_SHUTDOWN_REBOOT,
		[POWER_HALT] = TBOOT_SHUTDOWN_HALT,
	};
	tboot_set_shutdown(types[action]);
	serial_drain();
	lowpage_leave(tboot_shutdown_entry());
}

/* Another CPU leaves, and stops us soon: until then, serve what it may be waiting for. */
static void wait_to_be_stopped(uint64_t until)
{
	do {
		irq_disable();
		tlb_serve();
		if (smp_stopping())
			smp_stop_here();
		cpu_pause();
	} while (time_ns() < until);
}

static _Noreturn void leave_here(enum power_action action)
{
	bool through_tboot = tboot_ready(), away;

	if (!smp_claim_stop())
		wait_to_be_stopped(UINT64_MAX);
	if (through_tboot)
		tboot_set_shutdown(TBOOT_SHUTDOWN_WAIT_FOR_SIPI);
	away = smp_stop_others(
		through_tboot ? park_in_tboot : NULL, through_tboot ? are_parked : NULL);
	lock_disarm();
	if (!away)
		vmk_warn("only %u of %u CPUs are back in tboot", tboot_waiting_cpus(),
			boot_info->tboot.num_in_wfs);
	run_at_leave();
	vmk_log("%s%s", action_names[action], through_tboot ? " through tboot" : "");
	serial_drain();
	vmx_off_cpu();
	apic_quiesce();
	if (through_tboot)
		leave_through_tboot(action);
	if (action == POWER_OFF)
		acpi_off();
	if (action == POWER_REBOOT)
		reset();
	halt();
}

void power_serve_request(void)
{
	uint32_t action = __atomic_load_n(&requested, __ATOMIC_ACQUIRE);

	if (action)
		leave_here((enum power_action)(action - 1));
}

static void leave_interrupt(struct trap_frame *frame)
{
	power_serve_request();
}

void power_init(void)
{
	trap_set_handler(VECTOR_LEAVE, leave_interrupt);
}

/* SEXIT is for the CPU that executed SENTER: the first one leaves, whoever asks. */
static _Noreturn void leave_on_first(enum power_action action)
{
	const struct percpu *first = percpu_of(0);

	if (!percpu_index() || !first->online)
		leave_here(action);
	__atomic_store_n(&requested, action + 1, __ATOMIC_RELEASE);
	apic_send(first->apic_id, VECTOR_LEAVE);
	wait_to_be_stopped(time_ns() + FIRST_WAIT_NS);
	smp_send_nmi(0); /* it has interrupts off for too long */
	wait_to_be_stopped(time_ns() + FIRST_WAIT_NS);
	leave_here(action);
}

_Noreturn void power_leave(enum power_action action)
{
	vmk_log("leaving: %s", action_names[action]);
	leave_on_first(action);
}

_Noreturn void power_leave_panic(enum power_action action)
{
	leave_on_first(action);
}
