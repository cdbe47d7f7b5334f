/* From a password to what proves it (vmkuser/auth.h). */
#ifndef CONSOLE_DERIVE_H
#define CONSOLE_DERIVE_H

#include <stdbool.h>
#include <vmkuser/auth.h>

/* Fills login->key from its salt, salt_bytes and iterations. False: no memory. */
bool derive_key(struct vmk_login *login, const char *password);

#endif
