/*
 * The security domains of this host: one for each package of a world that was started, with what it
 * grants (vmkmod/domain.h), and a count of what was denied.
 */
#ifndef VMKUSER_SECDOMAIN_H
#define VMKUSER_SECDOMAIN_H

#include "lib/types.h"
#include <vmkapi/status.h>

struct secdomain;
struct package;
struct uworld;
struct vmk_info_domain;

/*
 * The domain of the package, with what it grants from now on; it has one world more, until
 * secdomain_leave(). It stays as long as the kernel. NULL: no memory.
 */
struct secdomain *secdomain_join(const struct package *package);
void secdomain_leave(struct secdomain *domain);
/* System call `number` of the world was denied for the reason in u->denied: counts it, and says so
 * in the log, of many denials as often as the domain's budget allows. */
void secdomain_denied(struct uworld *u, uint64_t number);
/* A life of the world is over: says what was counted in it. */
void secdomain_end_life(struct uworld *u);

unsigned secdomain_count(void);
/* The domain number `index`, in the order of their first worlds; `info` is zeroed. False beyond the
 * last. */
bool secdomain_describe(unsigned index, struct vmk_info_domain *info);

#endif
