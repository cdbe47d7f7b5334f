/* Which packages may load. The order of the checks is that of trust: who, what for, which, what. */
#include "vmkmod/admission.h"
#include <string.h>
#include <vmkapi/module.h>
#include <vmkuser/vm.h>
#include "lib/keyval.h"
#include "vmkvm/image.h"

static enum vmk_status refuse(const char **why, enum vmk_status status, const char *text)
{
	*why = text;
	return status;
}

/* May its signer sign, and in that provider's name? */
static enum vmk_status check_signer(
	const struct admission *a, const struct package *package, const char **why)
{
	const struct signature_path *path = &package->path;

	for (unsigned i = 0; i < path->count; i++) {
		if (load_policy_revokes(&a->policy, path->keys[i]))
			return refuse(why, VMK_REVOKED,
				"a key of its signer's chain is on the revocation list");
	}
	if (strcmp(path->provider, package->provider) != 0)
		return refuse(why, VMK_WRONG_PROVIDER,
			"its provider is not the organization (O) of its signer's certificate");
	return VMK_OK;
}

/* Who vouches for it. */
static enum vmk_status check_signature(
	const struct admission *a, struct package *package, const char **why)
{
	enum vmk_status status = package_verify(package, a->roots, a->roots_bytes, why);

	if (status == VMK_OK)
		return check_signer(a, package, why);
	if (status != VMK_UNSIGNED || a->host != LEVEL_COMMUNITY)
		return status;
	if (package->kind == PACKAGE_POLICY)
		return refuse(why, VMK_UNSIGNED, "a policy needs a signature on every host");
	if (package->level != LEVEL_COMMUNITY)
		return refuse(why, VMK_UNSIGNED,
			"without a signature its level can only be CommunitySupported");
	return VMK_OK;
}

/* For what it is trusted. Without a signature the path's limit is the lowest level. */
static enum vmk_status check_level(
	const struct admission *a, const struct package *package, const char **why)
{
	if (package->level > package->path.limit)
		return refuse(why, VMK_LEVEL_TOO_HIGH,
			"its acceptance level is above what its signer may give");
	if (package->level < a->host)
		return refuse(why, VMK_LEVEL_TOO_LOW, "its acceptance level is below the host's");
	return VMK_OK;
}

/* No version knows a second signature's algorithm yet, so that none can be good. */
static enum vmk_status check_version(
	const struct admission *a, const struct package *package, const char **why)
{
	if (load_policy_demands_second(&a->policy))
		return refuse(why, VMK_UNSUPPORTED,
			"a second signature is demanded, and this version knows none");
	if (package->security_version < load_policy_floor(&a->policy, package->name))
		return refuse(
			why, VMK_ROLLED_BACK, "its security-version is below the policy's floor");
	if (package->kind == PACKAGE_DRIVER && package->vmkapi != VMKAPI_VERSION)
		return refuse(why, VMK_WRONG_VMKAPI, "it was made for another version of vmkapi");
	if (package->vm && package->vm_calls != VMK_VM_CALLS_VERSION)
		return refuse(why, VMK_WRONG_VMKAPI,
			"its vm-calls are of another version than the kernel's: install the VMX "
			"world that was built with this kernel");
	return VMK_OK;
}

static enum vmk_status check_duplicate(
	const struct admission *a, const struct package *package, const char **why)
{
	for (unsigned i = 0; i < a->count; i++)
		if (strcmp(a->admitted[i]->name, package->name) == 0)
			return refuse(why, VMK_DUPLICATE_NAME,
				"a package of this name is loaded already");
	if (package->kind == PACKAGE_CONFIG && a->has_config)
		return refuse(why, VMK_EXISTS, "there is a configuration already");
	if (package->kind == PACKAGE_POLICY && a->has_policy)
		return refuse(why, VMK_EXISTS, "there is a policy already");
	if (a->count == ADMISSION_MAX)
		return refuse(why, VMK_NO_RESOURCES, "too many packages");
	return VMK_OK;
}

/* What the kernel reads of payloads itself. */
static enum vmk_status check_payload(
	struct admission *a, const struct package *package, const char **why)
{
	const char *text = (const char *)package->payload;
	enum vmk_status status;
	struct vm_image image;
	struct keyval pairs;

	switch (package->kind) {
	case PACKAGE_VM:
		return vm_image_parse(package->payload, package->payload_bytes, &image, why);
	case PACKAGE_POLICY:
		return load_policy_parse(text, package->payload_bytes, &a->policy, why);
	case PACKAGE_CONFIG:
		status = keyval_check(&pairs, text, package->payload_bytes);
		*why = pairs.error;
		return status;
	default:
		return VMK_OK;
	}
}

enum vmk_status admission_admit(
	struct admission *admission, struct package *package, const char **why)
{
	enum vmk_status status = check_signature(admission, package, why);

	if (status == VMK_OK)
		status = check_level(admission, package, why);
	if (status == VMK_OK)
		status = check_version(admission, package, why);
	if (status == VMK_OK)
		status = check_duplicate(admission, package, why);
	if (status == VMK_OK)
		status = check_payload(admission, package, why);
	if (status != VMK_OK)
		return status;
	*why = NULL;
	admission->has_policy |= package->kind == PACKAGE_POLICY;
	admission->has_config |= package->kind == PACKAGE_CONFIG;
	admission->admitted[admission->count++] = package;
	return VMK_OK;
}
