/* Who is at the console: accounts of the configuration, log-ins and their records in the audit log.
 */
#ifndef VMKUSER_LOGIN_H
#define VMKUSER_LOGIN_H

#include "lib/types.h"
#include <vmkapi/status.h>

struct uworld;
struct vmk_info_account;

/* Reads the accounts, and says in the log who is asked; once the configuration is known. */
void login_init(void);
/* There are accounts, or what names them is wrong: nobody has the console without a log-in. */
bool login_required(void);
/* The configuration's accounts cannot be used: nobody can log in. */
bool login_impossible(void);
/* Somebody typed there. */
void login_typed(struct uworld *u);
/* Has nobody typed for as long as the configuration lets a session be (console.timeout)? Then it is
 * over, and the caller ends the world: true, once. Else *when_ns is when to ask again; 0: never. */
bool login_idles(struct uworld *u, uint64_t now_ns, uint64_t *when_ns);
/* The world's life is over, and so is the session in it, if there is one. */
void login_end(struct uworld *u);
/* The configuration as worlds may read it: without what accounts are checked with. NULL: none. */
const char *login_config(size_t *bytes);
/* Account number `index`; false beyond the last. `info` is zeroed. */
bool login_describe(unsigned index, struct vmk_info_account *info);
unsigned login_count(void);

#endif
