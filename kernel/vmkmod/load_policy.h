/*
 * The payload of a package of kind `policy`: who is no longer trusted, and below which version a
 * package no longer is. key=value lines (lib/keyval.h):
 *   revoked-keys=HEX,HEX,...       SHA-256 of a SubjectPublicKeyInfo (DER) each: of a signer, an
 *                                  intermediate or a root
 *   floor.NAME=N                   the lowest security-version that package NAME may have
 *   second-signature=demanded|no   packages must bear a second signature
 * It only ever takes away. Nothing in it depends on a clock. Pure.
 */
#ifndef VMKMOD_LOAD_POLICY_H
#define VMKMOD_LOAD_POLICY_H

#include "lib/types.h"
#include <vmkapi/status.h>

/* A checked text, not owned; zeroed: no policy. */
struct load_policy {
	const char *text;
	size_t bytes;
};

/* VMK_BAD_FORMAT, VMK_EXISTS for a key that stands twice; *why: static text. */
enum vmk_status load_policy_parse(
	const char *text, size_t bytes, struct load_policy *policy, const char **why);
bool load_policy_revokes(const struct load_policy *policy, const uint8_t key[32]);
/* 0: any version will do. */
uint32_t load_policy_floor(const struct load_policy *policy, const char *name);
bool load_policy_demands_second(const struct load_policy *policy);

#endif
