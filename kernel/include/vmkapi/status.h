/* Status codes of the VMkernel and of the pure code that is shared with host programs. */
#ifndef VMKAPI_STATUS_H
#define VMKAPI_STATUS_H

/* X(symbol, name, meaning). The names are stable: they are logged and shown to people. */
#define VMK_STATUSES(X)                                                                        \
	X(VMK_OK, "ok", "success")                                                             \
	X(VMK_BAD_PARAM, "bad-param", "an argument is out of range")                           \
	X(VMK_BAD_FORMAT, "bad-format", "the data does not follow its specification")          \
	X(VMK_TRUNCATED, "truncated", "the data ends before its length says")                  \
	X(VMK_TOO_LARGE, "too-large", "a size exceeds its limit")                              \
	X(VMK_UNSUPPORTED, "unsupported", "a valid request that this version cannot serve")    \
	X(VMK_NOT_FOUND, "not-found", "no such thing")                                         \
	X(VMK_EXISTS, "exists", "it is there already")                                         \
	X(VMK_NO_MEMORY, "no-memory", "out of memory")                                         \
	X(VMK_NO_RESOURCES, "no-resources", "a table or quota is full")                        \
	X(VMK_DENIED, "denied", "the caller may not do this")                                  \
	X(VMK_BAD_HANDLE, "bad-handle", "no such handle, or of another kind")                  \
	X(VMK_BAD_ADDRESS, "bad-address", "not a readable or writable address of the caller")  \
	X(VMK_WOULD_BLOCK, "would-block", "nothing there now")                                 \
	X(VMK_TIMEOUT, "timeout", "it did not happen in time")                                 \
	X(VMK_BUSY, "busy", "in use")                                                          \
	X(VMK_IO_ERROR, "io-error", "the device failed or answered nonsense")                  \
	X(VMK_NOT_PRESENT, "not-present", "the device is not there")                           \
	X(VMK_DISABLED, "disabled", "present, but disabled in firmware")                       \
	X(VMK_NOT_MEASURED, "not-measured", "there was no measured launch")                    \
	X(VMK_UNSIGNED, "unsigned", "there is no signature")                                   \
	X(VMK_BAD_SIGNATURE, "bad-signature", "the signature does not verify")                 \
	X(VMK_UNKNOWN_SIGNER, "unknown-signer", "the signer's chain does not end at our root") \
	X(VMK_LEVEL_TOO_LOW, "level-too-low", "the acceptance level is below the host's")      \
	X(VMK_TPM_ERROR, "tpm-error", "the TPM refused the command")                           \
	X(VMK_KILLED, "killed", "the world is being stopped")                                  \
	X(VMK_INTERNAL, "internal", "an invariant does not hold")                              \
	X(VMK_LEVEL_TOO_HIGH, "level-too-high", "the signer may not give this level")          \
	X(VMK_REVOKED, "revoked", "a key of the signer's chain is revoked")                    \
	X(VMK_ROLLED_BACK, "rolled-back", "older than the policy's floor")                     \
	X(VMK_WRONG_VMKAPI, "wrong-vmkapi", "made for another version of vmkapi")              \
	X(VMK_DUPLICATE_NAME, "duplicate-name", "something of this name is loaded already")    \
	X(VMK_BAD_STATE, "bad-state", "not possible in the state that it is in")               \
	X(VMK_WRONG_PROVIDER, "wrong-provider", "signed in another provider's name")           \
	X(VMK_NO_PLACE, "no-place", "no free range of addresses is large enough")

enum vmk_status {
#define X(symbol, name, meaning) symbol,
	VMK_STATUSES(X)
#undef X
		VMK_STATUS_COUNT
};

/* The stable name of a status; "?" for a number that is none. Never NULL. */
static inline const char *vmk_status_name(enum vmk_status status)
{
	switch (status) {
#define X(symbol, name, meaning) \
	case symbol:             \
		return name;
		VMK_STATUSES(X)
#undef X
	default:
		return "?";
	}
}

#endif
