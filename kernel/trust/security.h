/*
 * The host's measured security options. They stand on the kernel's command line, which whoever
 * launched the kernel has measured before it runs, and are measured once more, as what they mean,
 * before the first package is looked at. Pure.
 *   acceptanceLevel=LEVEL   the lowest level at which packages load; default PartnerSupported
 */
#ifndef TRUST_SECURITY_H
#define TRUST_SECURITY_H

#include <stddef.h>
#include <vmkapi/levels.h>
#include <vmkapi/status.h>

#define SECURITY_OPTION_LEVEL "acceptanceLevel"
#define SECURITY_TEXT_MAX     160u /* of security_describe() */

/*
 * The host's level. VMK_BAD_PARAM for a name that is none: then *level is the highest, at which the
 * fewest packages load.
 */
enum vmk_status security_host_level(const char *cmdline, enum acceptance_level *level);
/* The text of VMK_EV_SECURITY_OPTIONS. */
void security_describe(enum acceptance_level level, char *to, size_t size);

#endif
