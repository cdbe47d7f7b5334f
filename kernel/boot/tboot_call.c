/* Using tboot's shared page. */
#include "arch/x86/cpu.h"
#include "boot/boot_info.h"
#include "boot/image.h"
#include "boot/tboot.h"
#include "mem/space.h"

#define PM1_SLP_EN        (1u << 13)
#define PM1_SLP_TYP_SHIFT 10
#define GAS_SYSTEM_IO     1
#define GAS_WORD_ACCESS   2

static SEALED volatile struct tboot_shared *shared;

enum vmk_status tboot_map(void)
{
	volatile void *mapped;
	enum vmk_status status;

	if (!boot_info->tboot.present)
		return VMK_NOT_PRESENT;
	status = space_map_device(boot_info->tboot.shared, PAGE_SIZE, &mapped);
	if (status == VMK_OK)
		shared = mapped;
	return status;
}

bool tboot_ready(void)
{
	return shared != NULL;
}

bool tboot_wake_by_mailbox(uint32_t apic_id, uint64_t page)
{
	if (!shared || !(boot_info->tboot.flags & TBOOT_FLAG_MWAIT))
		return false;
	shared->ap_wake_address = page;
	__asm__ volatile("mfence" : : : "memory");
	shared->ap_wake_trigger = apic_id;
	return true;
}

uint32_t tboot_shutdown_entry(void)
{
	return boot_info->tboot.shutdown_entry;
}

static void set_control(volatile struct tboot_gas *gas, uint16_t port)
{
	gas->space = GAS_SYSTEM_IO;
	gas->bit_width = 16;
	gas->bit_offset = 0;
	gas->access = GAS_WORD_ACCESS;
	gas->address = port;
}

/* tboot writes the sleep registers itself, after SEXIT. */
static void prepare_power_off(void)
{
	set_control(&shared->sleep.pm1a_control, boot_info->pm1a_control);
	set_control(&shared->sleep.pm1b_control, boot_info->pm1b_control);
	shared->sleep.pm1a_value =
		(uint16_t)(boot_info->s5_type_a << PM1_SLP_TYP_SHIFT | PM1_SLP_EN);
	shared->sleep.pm1b_value =
		(uint16_t)(boot_info->s5_type_b << PM1_SLP_TYP_SHIFT | PM1_SLP_EN);
}

void tboot_set_shutdown(enum tboot_shutdown type)
{
	if (type == TBOOT_SHUTDOWN_S5)
		prepare_power_off();
	shared->shutdown_type = type;
	__asm__ volatile("mfence" : : : "memory");
}

uint32_t tboot_waiting_cpus(void)
{
	return shared->waiting_cpus;
}
