/*
 * The audit log: what an administrator of security wants to know afterwards, each record chained to
 * the one before. Shared by the kernel that writes it, the console that shows it and the verifier
 * that proves it (attest/PROTOCOL.md, "Audit log").
 *
 * A log is AUDIT_MAGIC, then records without gaps. A record, little-endian:
 *   u32 bytes (of the whole record), u16 version, u16 kind, u64 index (from 0), u64 time
 *   (nanoseconds since boot), 32 bytes: SHA-256 of the record before (of AUDIT_MAGIC for record 0),
 *   then lines `key=value`, each ended by a newline (lib/keyval.h).
 * The head of n records is the SHA-256 of record n - 1.
 */
#ifndef VMKAPI_AUDIT_H
#define VMKAPI_AUDIT_H

#define AUDIT_MAGIC        "merlon-audit-1\0" /* with the terminating zero: AUDIT_MAGIC_BYTES */
#define AUDIT_MAGIC_BYTES  16u
#define AUDIT_VERSION      1u
#define AUDIT_HEADER_BYTES 56u
#define AUDIT_LINK_OFFSET  24u
#define AUDIT_FIELDS_MAX   8u
#define AUDIT_KEY_MAX      24u
#define AUDIT_VALUE_MAX    200u
#define AUDIT_TEXT_MAX     (AUDIT_FIELDS_MAX * (AUDIT_KEY_MAX + AUDIT_VALUE_MAX + 2))
#define AUDIT_RECORD_MAX   (AUDIT_HEADER_BYTES + AUDIT_TEXT_MAX)
/* All records of a boot are kept, up to this much; then one record says that the log is full. */
#define AUDIT_LOG_MAX (1u << 20)

/*
 * X(symbol, number, name, records at once, meaning). Of each kind and subject (a world, a package)
 * as many records as that are written at once; again after an hour of quiet, 16 times in a boot;
 * what is beyond is counted, and the count written as a record `suppressed` (trust/audit_limit.h).
 */
#define AUDIT_KINDS(X)                                                                             \
	X(AUDIT_BOOT, 1, "boot", 4, "how the host was launched")                                   \
	X(AUDIT_PACKAGE_LOADED, 2, "package-loaded", 16, "a package was verified and loaded")      \
	X(AUDIT_PACKAGE_REFUSED, 3, "package-refused", 16, "a package was not loaded")             \
	X(AUDIT_PACKAGE_UNLOADED, 4, "package-unloaded", 16, "a package was unloaded")             \
	X(AUDIT_POLICY, 5, "policy", 16,                                                           \
		"what may load is decided by another policy from here on")                         \
	X(AUDIT_SETTING, 6, "setting", 32, "a setting was changed")                                \
	X(AUDIT_WORLD_FAULT, 7, "world-fault", 16,                                                 \
		"a user world did what it may not, and was ended")                                 \
	X(AUDIT_DENIAL, 8, "denial", 32, "a user world asked for what it may not have")            \
	X(AUDIT_VM_POWER, 9, "vm-power", 32,                                                       \
		"somebody asked a virtual machine to start or stop, or one was not powered on")    \
	X(AUDIT_CONSOLE, 10, "console", 32, "somebody began to work at the console, or at a VM's") \
	X(AUDIT_HOST_POWER, 11, "host-power", 16, "somebody asked the host to stop or restart")    \
	X(AUDIT_HARDENING, 12, "hardening", 32, "a rule that protects the kernel does not hold")   \
	X(AUDIT_SUPPRESSED, 13, "suppressed", 0, "records of one kind that were only counted")     \
	X(AUDIT_FULL, 14, "full", 0, "the log has no more room: nothing is recorded after this")   \
	X(AUDIT_LOGIN, 15, "login", 32, "somebody logged in at the console")                       \
	X(AUDIT_LOGIN_REFUSED, 16, "login-refused", 32,                                            \
		"somebody could not log in at the console")                                        \
	X(AUDIT_LOGOUT, 17, "logout", 32, "a log-in ended")
enum audit_kind {
	AUDIT_NONE = 0,
#define X(symbol, number, name, burst, meaning) symbol = number,
	AUDIT_KINDS(X)
#undef X
		AUDIT_KIND_END
};

/* printf format of a checkpoint's data (VMK_EV_AUDIT): records so far, and their head in hex. */
#define VMK_AUDIT_FORMAT "audit records=%llu head=%s"

#endif
