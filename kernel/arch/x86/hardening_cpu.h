/* The rules of hardening.h, looked at now, on the CPU that runs this. */
#ifndef ARCH_HARDENING_CPU_H
#define ARCH_HARDENING_CPU_H

#include "lib/types.h"
#include <vmkuser/info.h>

unsigned hardening_count(void);
/* Fills a zeroed record; false for a rule that there is not. */
/* What of it is the CPU's: the text of VMK_EV_CPU (vmkapi/events.h), at most HARDENING_TEXT_MAX
 * bytes. */
#define HARDENING_TEXT_MAX 512u
void hardening_cpu_text(char *to, size_t size);
bool hardening_look(unsigned rule, struct vmk_info_hardening *row);

#endif
