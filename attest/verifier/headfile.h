/* Where the chain's end (head.h) is kept: a file of its own, replaced whole. */
#ifndef VERIFIER_HEADFILE_H
#define VERIFIER_HEADFILE_H

#include "verifier/head.h"
#include "verifier/store.h"

/* Where it is. */
void head_path(char path[STORE_PATH_MAX], const struct store *store);
/* False with fault->reason REASON_NONE: there is none. Fault: state. */
bool head_load(const struct store *store, struct head *head, struct fault *fault);
bool head_save(const struct store *store, const struct head *head, struct fault *fault);

#endif
