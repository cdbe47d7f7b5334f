/* GETSEC[WAKEUP]: a real-mode trampoline in a ROM page takes a CPU to its JOIN state. */
#include <string.h>

#include "tboot-integration/txtsim/bochs/bochs_abi.h"
#include "tboot-integration/txtsim/bochs/plugin.h"
#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/getsec.h"

#define ROM_BASE    0xd0000u
#define ROM_SIZE    0x10000u
#define SIPI_VECTOR (ROM_BASE >> 12)

/* clang-format off */
static const uint8_t code[] = {
	0xfa,					/* cli */
	0x66, 0x2e, 0x0f, 0x01, 0x16, 0x40, 0x00, /* lgdtl %cs:0x40 */
	0x0f, 0x20, 0xc0,			/* mov %cr0, %eax */
	0x66, 0x25, 0xff, 0xff, 0xff, 0x9f,	/* and $~(CD | NW), %eax */
	0x0c, 0x21,				/* or $(NE | PE), %al */
	0x0f, 0x22, 0xc0,			/* mov %eax, %cr0 */
	0x66, 0xb8, 0x00, 0x40, 0x00, 0x00,	/* mov $SMXE, %eax */
	0x0f, 0x22, 0xe0,			/* mov %eax, %cr4 */
	0x66, 0xea,				/* ljmpl to the entry and selector that follow */
};
/* clang-format on */

enum {
	ENTRY_AT = sizeof(code),
	SELECTOR_AT = ENTRY_AT + 4,
	GDT_LIMIT_AT = 0x40,
	GDT_BASE_AT = 0x42
};

static uint8_t rom[ROM_SIZE] __attribute__((aligned(4096)));

static bool rom_read(unsigned long pa, unsigned size, void *data, void *param)
{
	memcpy(data, rom + (pa - ROM_BASE), size);
	return true;
}

static bool rom_write(unsigned long pa, unsigned size, void *data, void *param)
{
	return true;
}

static uint8_t *rom_direct(unsigned long pa, unsigned rw, void *param)
{
	return rw & BX_WRITE ? NULL : rom + (pa - ROM_BASE);
}

void wake_init(void)
{
	if (!bx_register_memory(
		    rom, rom_read, rom_write, rom_direct, ROM_BASE, ROM_BASE + ROM_SIZE - 1))
		edge_die("Bochs refuses the wake-up ROM at %#x", ROM_BASE);
}

void wake_others(const struct getsec_state *s)
{
	memcpy(rom, code, sizeof(code));
	put_le32(rom + ENTRY_AT, s->join_entry);
	put_le16(rom + SELECTOR_AT, (uint16_t)s->join_selector);
	put_le16(rom + GDT_LIMIT_AT, (uint16_t)s->join_gdt_limit);
	put_le32(rom + GDT_BASE_AT, s->join_gdt_base);
	edge_log("WAKEUP: %u CPUs to entry %#x", bx_cpu_count - 1u, s->join_entry);
	for (unsigned i = 0; i < bx_cpu_count; i++) {
		if (i != s->cpu)
			bx_deliver_sipi(bx_cpu_array[i], SIPI_VECTOR);
	}
}
