/*
 * What a TXT program would read of this platform: the public register window and the heap, as
 * files that txtstat decodes.
 */
#ifndef TXTSIM_DUMP_H
#define TXTSIM_DUMP_H

#include "tboot-integration/txtsim/model/platform.h"

#define DUMP_REGISTERS "txt-registers.bin" /* TXT_WINDOW_SIZE bytes from TXT_PUBLIC_BASE */
#define DUMP_HEAP      "txt-heap.bin"      /* TXT_HEAP_SIZE bytes from TXT_HEAP_BASE */

/* Writes both into the current directory, over older ones; a failure goes to the platform's log. */
void txt_dump(struct txt *t);

#endif
