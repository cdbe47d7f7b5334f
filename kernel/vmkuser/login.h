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
/* The world's life is over, and so is the session in it, if there is one. */
void login_end(struct uworld *u);
/* The configuration as worlds may read it: without what accounts are checked with. NULL: none. */
const char *login_config(size_t *bytes);
/* Account number `index`; false beyond the last. `info` is zeroed. */
bool login_describe(unsigned index, struct vmk_info_account *info);
unsigned login_count(void);

#endif
