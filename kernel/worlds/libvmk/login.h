/*
 * Somebody at a terminal is asked for name and password; the password is not echoed. Backspace and
 * ctrl-u erase, ctrl-c and ctrl-d begin anew. Pure over `write`; nothing but printable text and
 * line ends is written, whatever is typed.
 */
#ifndef LIBVMK_LOGIN_H
#define LIBVMK_LOGIN_H

#include "worlds/libvmk/records.h"
#include <vmkuser/auth.h>

#define LOGIN_PASSWORD_MAX 128u /* with its zero */

struct login {
	struct writer out;
	char name[VMK_LOGIN_NAME_MAX]; /* both zero-terminated */
	char password[LOGIN_PASSWORD_MAX];
	size_t length;     /* of the field that is being typed */
	bool in_password;  /* that is it */
	bool too_long;     /* more was typed than an account can have */
	bool after_return; /* a "\n" that comes now belongs to a "\r" */
};

void login_start(struct login *login, const struct writer *out);
/* Forgets what was typed and asks for the name. */
void login_ask(struct login *login);
/* A byte that was typed. True: name and password are there (none, where it was too
 * long, which no account has); whoever has used them asks again. */
bool login_feed(struct login *login, char byte);

#endif
