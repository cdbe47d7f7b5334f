/* What lib/log and lib/lock stand on. */
#include "boot/console.h"
#include "arch/x86/cpu.h"
#include "arch/x86/percpu.h"
#include "arch/x86/serial.h"
#include "arch/x86/time.h"
#include "arch/x86/tlb.h"
#include "boot/boot_info.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "sched/world.h"
#include "vmkdev/ps2.h"
#include "vmkdev/tty.h"

#define LOG_MODULE "Console"

static struct spinlock log_lock = SPINLOCK(LOCK_LOG);

static uint64_t current_world(void)
{
	const struct world *world = percpu_world();

	return world ? world_id(world) : 0;
}

static uint64_t lock_log(void)
{
	return spin_lock(&log_lock);
}

static void unlock_log(uint64_t saved)
{
	spin_unlock(&log_lock, saved);
}

static struct lock_entered enter_lock(void)
{
	const uint64_t saved = irq_save();

	return (struct lock_entered){&percpu()->locks_held, saved};
}

/* A CPU that waits with interrupts off still answers TLB requests, or two could wait for ever. */
static void wait_turn(void)
{
	cpu_pause();
	tlb_serve();
}

static const struct log_ops log_edge = {
	.wall_ns = time_wall_ns,
	.cpu = percpu_index,
	.world = current_world,
	.emit = tty_log,
	.lock = lock_log,
	.unlock = unlock_log,
};

static const struct lock_ops lock_edge = {
	.enter = enter_lock,
	.leave = irq_restore,
	.wait = wait_turn,
};

void console_init(void)
{
	serial_init();
	tty_register_sink(serial_write);
	lock_init(&lock_edge);
	log_init(&log_edge);
}

void console_listen(void)
{
	const struct boot_serial *s = &boot_info->serial;

	if (s->port && serial_add(s->port, s->divisor) == VMK_OK)
		vmk_log("console on the serial port that ACPI names, too");
	if (serial_listen(tty_input) != VMK_OK)
		vmk_log("serial ports are for output only");
	ps2_start();
}
