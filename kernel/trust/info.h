/* What management may know of the launch: facts, no secrets. */
#ifndef TRUST_INFO_H
#define TRUST_INFO_H

#include "lib/types.h"
#include "trust/verdict.h"
#include <vmkuser/info.h>

#define TRUST_SIGNS VERDICT_SIGN_COUNT

/* Both fill a zeroed record; false for a sign that there is not. */
void trust_describe_launch(struct vmk_info_launch *info);
bool trust_describe_sign(unsigned index, struct vmk_info_sign *info);

#endif
