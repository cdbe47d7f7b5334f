/* The image before it moves: from head_start() to kmain() at a random place. */
#ifndef BOOT_HEAD_H
#define BOOT_HEAD_H

#include "lib/types.h"

#define MULTIBOOT2_LOADED 0x36d76289u

/* Called by header.S with what the boot loader left in EAX and EBX. */
_Noreturn void head_start(uint64_t magic, uint64_t information);
/* Called at the new place. */
_Noreturn void kmain(void);

/* header.S */
extern uint64_t boot_tables[6][512];
extern char boot_stack[], boot_stack_top[];
extern char moved_entry[];
_Noreturn void head_jump(uintptr_t entry, uint64_t tables, uintptr_t stack);

struct boot_info;
/* While booting: the one writable view of boot_info. */
struct boot_info *boot_info_writable(void);
/* The old place of the image, to be cleared and given back. */
struct hpa head_old_place(void);
/* The ACPI root as the boot loader copied it (Multiboot2 tags 14 and 15); 0 bytes: none. */
const uint8_t *head_rsdp_copy(size_t *bytes);

#endif
