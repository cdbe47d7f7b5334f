/*
 * Access to private frames (frame_pool.h), which the direct map leaves out: each CPU has a window
 * of one page at a random address, where a frame is mapped, never executable, while it is read or
 * written, and with interrupts off.
 */
#ifndef MEM_WINDOW_H
#define MEM_WINDOW_H

#include "lib/types.h"
#include <vmkapi/status.h>

struct percpu;

/* Before that CPU runs. */
enum vmk_status window_create(struct percpu *cpu);
/* Physical memory to the kernel's and back; `bytes` lie in one page. */
void window_read(void *to, struct hpa from, size_t bytes);
void window_write(struct hpa to, const void *from, size_t bytes);
void window_clear(struct pfn first, unsigned order);
/* Is all of it zero? */
bool window_is_clear(struct pfn frame);

#endif
