/*
 * Logging in at the console: VMK_SYS_LOGIN. Where the host's configuration names accounts, a world
 * with a `tty` starts with that handle alone; the others come with a log-in, less those rights that
 * the account's role does not have. The session ends with the life of the world, which the kernel
 * ends when nobody has typed for as long as the configuration says (console.timeout).
 *
 * The password never leaves ring 3: what proves it is the ClientKey of SCRAM-SHA-256 (RFC 5802,
 * section 3; RFC 7677), made with the salt and the number of iterations that the kernel names.
 */
#ifndef VMKUSER_AUTH_H
#define VMKUSER_AUTH_H

#include <stdint.h>
#include <vmkuser/syscall.h>

#define VMK_LOGIN_NAME_MAX  32u /* with the terminating zero */
#define VMK_LOGIN_SALT_MAX  32u
#define VMK_LOGIN_KEY_BYTES 32u
/* Of PBKDF2's message, "Client Key" (RFC 5802, section 3). */
#define VMK_LOGIN_KEY_LABEL "Client Key"

enum vmk_login_step {
	/* name -> salt, salt_bytes, iterations, wait_ns. A name that is none gets some, too. */
	VMK_LOGIN_CHALLENGE = 1,
	/*
	 * name, key -> start. VMK_BAD_SIGNATURE: not the name, or not its key; VMK_BUSY: sooner
	 * than the last failure allows, nothing was looked at. Both set wait_ns.
	 */
	VMK_LOGIN_PROVE = 2,
};

struct vmk_login {
	char name[VMK_LOGIN_NAME_MAX];
	uint8_t key[VMK_LOGIN_KEY_BYTES];
	uint8_t salt[VMK_LOGIN_SALT_MAX];
	uint32_t salt_bytes, iterations;
	uint64_t wait_ns;       /* until the next key is looked at */
	struct vmk_start start; /* what the world has from now on */
};

/* What a world exits with that logs somebody out. */
enum vmk_logout { VMK_LOGOUT_ASKED = 0 };

#endif
