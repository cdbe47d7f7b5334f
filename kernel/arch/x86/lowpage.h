/* The page below 1 MiB through which CPUs come and go (low.S), and the tables that map it. */
#ifndef ARCH_LOWPAGE_H
#define ARCH_LOWPAGE_H

#include "lib/types.h"
#include <vmkapi/status.h>

struct percpu;

/* Copy and fill the page, build its tables. After space_init() and heap_init(), once. */
enum vmk_status lowpage_init(void);
/* What the next CPU that starts there is to be: its stack and its area. */
void lowpage_aim(void *stack_top, struct percpu *area);
/* No more CPUs start: from now on nobody can write to the page, in which every CPU that leaves
 * runs. */
void lowpage_close(void);
struct hpa lowpage_address(void);
/* Turn paging off on this CPU and jump to a 32-bit physical address, interrupts off, flat
 * segments, CR0 and CR4 as tboot handed them over. */
_Noreturn void lowpage_leave(uint32_t to);

#endif
