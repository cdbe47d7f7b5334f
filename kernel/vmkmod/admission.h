/*
 * Which packages may load on a host, and why not: the one place that decides, for the kernel, for
 * `vmksign dry-run` and for the table of verdicts in tests/unit/test_levels.c. Pure but for the
 * signature check. How far a package is trusted:
 *
 * - Its level is the manifest's, and at most what its signer's chain allows.
 * - Its provider is the organization (O) that its signer's certificate names, to the letter.
 * - A policy needs a signature on every host.
 * - Any other package without a signature: its level is CommunitySupported, and it loads on a host
 * of that level only.
 * - Below the host's level nothing loads.
 */
#ifndef VMKMOD_ADMISSION_H
#define VMKMOD_ADMISSION_H

#include "vmkmod/load_policy.h"
#include "vmkmod/package.h"

#define ADMISSION_MAX 64u /* packages */

/* What a host has decided so far. Set the first three, zero the rest. */
struct admission {
	enum acceptance_level host;
	const uint8_t *roots; /* one DER certificate behind the other */
	size_t roots_bytes;
	struct load_policy policy; /* of the policy package that was admitted */
	bool has_policy, has_config;
	unsigned count;
	const struct package *admitted[ADMISSION_MAX];
};

/*
 * May this parsed package load now? If so it counts as loaded from then on, and must outlive
 * *admission. *why: static text, NULL on success. Beyond what package_verify() says:
 * VMK_REVOKED, VMK_WRONG_PROVIDER, VMK_LEVEL_TOO_HIGH, VMK_LEVEL_TOO_LOW, VMK_ROLLED_BACK,
 * VMK_WRONG_VMKAPI, VMK_DUPLICATE_NAME, VMK_EXISTS for a second configuration or policy,
 * VMK_UNSUPPORTED where a second signature is demanded, and what is wrong with a payload that the
 * kernel itself reads.
 */
enum vmk_status admission_admit(
	struct admission *admission, struct package *package, const char **why);

#endif
