/* Where the image goes, drawn twice: virtual and physical. Pure over the source of random numbers.
 */
#ifndef BOOT_PLACE_H
#define BOOT_PLACE_H

#include "boot/boot_info.h"
#include <vmkapi/status.h>

typedef uint64_t (*place_random)(uint64_t bound); /* uniform in [0, bound) */

/* A page of the image's window (arch/x86/paging.h). */
uint64_t place_virtual(uint64_t bytes, place_random random);
/* A large page of usable memory below 4 GiB, away from where the image is now, at `old`. The map
 * then says that the image is there, and that the old place is usable. On failure *why is static
 * text. */
enum vmk_status place_physical(struct boot_info *info, uint64_t old, uint64_t bytes,
	place_random random, struct hpa *place, const char **why);

#endif
