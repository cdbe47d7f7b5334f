/*
 * What a launch left in memory, byte for byte and as it is now, for who decodes it: nothing here is
 * parsed or trusted, and no verdict is drawn from it. It holds no secret.
 */
#ifndef TRUST_RAW_H
#define TRUST_RAW_H

#include "lib/types.h"
#include <vmkuser/info.h>

/*
 * TXT's registers, its heap, tboot's log in memory. `what` is VMK_INFO_TXT_REGISTERS,
 * VMK_INFO_TXT_HEAP or VMK_INFO_TBOOT_LOG; each part has VMK_INFO_RAW_BYTES.
 * No parts: the machine has none.
 */
unsigned trust_raw_parts(enum vmk_info_kind what);
/* Fills a zeroed record; false for a part that there is not. */
bool trust_raw_part(enum vmk_info_kind what, unsigned part, struct vmk_info_raw *info);

#endif
