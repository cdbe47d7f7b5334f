/* The kernel's beginning at its random place: one phase after another, each logged once. */
#include "arch/x86/apic.h"
#include "arch/x86/cet.h"
#include "arch/x86/cpu.h"
#include "arch/x86/features.h"
#include "arch/x86/fpu.h"
#include "arch/x86/hardening_cpu.h"
#include "arch/x86/ioapic.h"
#include "arch/x86/paging.h"
#include "arch/x86/panic.h"
#include "arch/x86/percpu.h"
#include "arch/x86/power.h"
#include "arch/x86/smp.h"
#include "arch/x86/speculation_cpu.h"
#include "arch/x86/stack.h"
#include "arch/x86/syscall.h"
#include "arch/x86/time.h"
#include "arch/x86/timer.h"
#include "arch/x86/trap.h"
#include "arch/x86/vmx.h"
#include "boot/boot_info.h"
#include "boot/console.h"
#include "boot/entropy.h"
#include "boot/head.h"
#include "boot/image.h"
#include "boot/onboot.h"
#include "boot/options.h"
#include "boot/survey.h"
#include "boot/tboot.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "lib/random.h"
#include "mem/audit.h"
#include "mem/frames.h"
#include "mem/heap.h"
#include "mem/space.h"
#include "replay/replay.h"
#include "sched/world.h"
#include "sched/world_group.h"
#include "trust/audit.h"
#include "trust/trust.h"
#include "vmkdev/device.h"
#include "vmkdev/iommu.h"
#include "vmkdev/display.h"
#include "vmkdev/serial_pci.h"
#include "vmkmod/module.h"
#include "vmkmod/modules.h"
#include "vmkuser/login.h"
#include "vmkuser/uworld.h"
#include <string.h>

#define LOG_MODULE       "Boot"
#define BOOT_STACK_PAGES 16
#define POOLS_BYTES      512

static void start_cpu(void)
{
	features_init();
	features_init_cpu();
	speculation_init();
	speculation_init_cpu();
	cet_init_cpu();
	fpu_init_cpu();
	trap_init();
}

/* The old copy of the image holds what is secret in the new one: seeds, canaries. */
static void clear_old_place(void)
{
	struct boot_info *info = boot_info_writable();

	memset((void *)(uintptr_t)head_old_place().v, 0, info->image_bytes);
	random_seed(info->entropy, sizeof(info->entropy));
	memset(info->entropy, 0, sizeof(info->entropy));
}

static void start_memory(void)
{
	frames_init(boot_info);
	space_init();
	heap_init();
}

static void audit(void)
{
	struct audit_result r;

	audit_wx(&r);
	if (r.violations)
		panic("W^X audit: %llu mappings are writable and executable",
			(unsigned long long)r.violations);
	vmk_log("W^X audit: %llu mappings, %llu writable, %llu executable, 0 both",
		(unsigned long long)r.mappings, (unsigned long long)r.writable,
		(unsigned long long)r.executable);
}

/* What the CPU or the tables lack is said at once, not only when somebody asks. */
static void check_hardening(void)
{
	unsigned counts[] = {
		[VMK_HARDENING_ABSENT] = 0, [VMK_HARDENING_HOLDS] = 0, [VMK_HARDENING_FAILS] = 0};

	for (unsigned i = 0; i < hardening_count(); i++) {
		struct vmk_info_hardening row = {0};

		hardening_look(i, &row);
		counts[row.state]++;
		if (row.state != VMK_HARDENING_FAILS)
			continue;
		vmk_error("hardening: %s fails: %s: %s", row.name, row.rule, row.found);
		audit_record(AUDIT_HARDENING, NULL, "name", row.name, "rule", row.rule, "found",
			row.found, NULL);
	}
	vmk_log("hardening: %u rules hold, %u the CPU does not offer, %u fail",
		counts[VMK_HARDENING_HOLDS], counts[VMK_HARDENING_ABSENT],
		counts[VMK_HARDENING_FAILS]);
}

static void start_interrupts(void)
{
	apic_init();
	apic_init_cpu();
	ioapic_init();
	timer_init();
	timer_init_cpu();
	smp_init();
	power_init();
}

static void start_scheduler(void)
{
	char pools[POOLS_BYTES], number[12];

	syscall_init_cpu();
	vmx_init();
	vmx_on_cpu();
	sched_init();
	irq_enable();
	vmk_log("%u CPUs", smp_start());
	if (option_get(boot_info->cmdline, "schedcheck", number, sizeof(number)))
		sched_check_each(option_number(number));
	pools_init(option_get(boot_info->cmdline, "pools", pools, sizeof(pools)) ? pools : NULL);
}

/* The last events depend on the platform, so they come after all that files decide. */
static void measure_end(void)
{
	static const char *const dma[] = {
#define X(symbol, text, meaning) [symbol] = text,
		VMK_DMA_STATES(X)
#undef X
	};

	char cpu[HARDENING_TEXT_MAX];

	hardening_cpu_text(cpu, sizeof(cpu));
	vmk_log("%s", cpu);
	if (!trust_measured())
		return;
	if (trust_measure(VMK_EV_BOOT_COMPLETE, VMK_BOOT_COMPLETE) != VMK_OK ||
		trust_measure(VMK_EV_DMA, dma[iommu_state()]) != VMK_OK ||
		trust_measure(VMK_EV_CPU, cpu) != VMK_OK)
		vmk_error("the end of the boot could not be measured");
}

static void start_system(void)
{
	char text[256];

	trust_set_wait(world_yield, world_urgent);
	trust_init(boot_info);
	entropy_log();
	trust_describe(text, sizeof(text));
	vmk_log("%s", text);
	uworld_init();
	console_listen();
	device_init();
	display_start_pixels();
	serial_pci_start();
	modules_load_boot(boot_info);
	measure_end();
	vmk_log("%s after %llu ms", VMK_BOOT_COMPLETE, (unsigned long long)(time_ns() / 1000000));
	audit_start();
	login_init();
	modules_start_worlds();
	audit(); /* once more, with modules and worlds in place */
	check_hardening();
	frames_log_usage();
}

/* On a stack with guard pages. */
static _Noreturn void kmain_guarded(void)
{
	audit();
	start_interrupts();
	if (boot_info->tboot.present && tboot_map() != VMK_OK)
		panic("cannot map tboot's shared page");
	start_scheduler();
	space_seal();
	start_system();
	replay_boot();
	onboot();
	world_exit();
}

_Noreturn void kmain(void)
{
	void *stack;

	percpu_init_bootstrap();
	console_init();
	time_init_early();
	vmk_log("Merlon VMkernel starts, loaded by %s", boot_info->loader);
	start_cpu();
	panic_set_namer(module_describe);
	survey_platform();
	time_init();
	clear_old_place();
	start_memory();
	display_start_text();
	if (percpu_leave_image() != VMK_OK)
		panic("no memory for the first CPU's area");
	if (stack_alloc(BOOT_STACK_PAGES, &stack) != VMK_OK)
		panic("no memory for the first stack");
	stack_switch(stack, kmain_guarded);
}
