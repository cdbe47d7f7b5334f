/*
 * The verifier's memory, a directory:
 *   hosts/NAME.json          what enrollment fixed and the last quote showed
 *   evidence/NNNNNNNN.json   one record per appraisal; each carries the SHA-256 of the one before
 *   evidence/NNNNNNNN.sig    the record's signature (signature.h) by verifier.pem
 *   head                     how many records there are, and the last one's digest (head.h)
 *   audit/NAME.log          a host's audit log, as far as it was proven last
 *   verifier.pem             the verifier's own key, made at first use
 * One process at a time; files are replaced whole and synced.
 */
#ifndef VERIFIER_STORE_H
#define VERIFIER_STORE_H

#include <jansson.h>
#include <openssl/evp.h>

#include "verifier/host.h"

#define STORE_PATH_MAX 4096

struct store {
	char path[STORE_PATH_MAX];
	const char *head; /* NULL: in the directory; else a file elsewhere, not owned */
	int lock;
	EVP_PKEY *key; /* signs records and head (signature.h) */
};

/* Makes the directory when it is not there; for enrollment alone. `head`: NULL, or the file that is
 * kept instead of `head` there, and outlives the store. Fault: state. */
bool store_create(struct store *store, const char *path, const char *head, struct fault *fault);
/* A directory that store_create made. Fault: state, local when it is none. */
bool store_open(struct store *store, const char *path, const char *head, struct fault *fault);
void store_close(struct store *store);

/* Faults: not-enrolled, state. */
bool store_load_host(struct store *store, const char *name, struct host *host, struct fault *fault);
bool store_save_host(struct store *store, const struct host *host, struct fault *fault);
/*
 * The audit log of that host as far as it was proven last; empty where there is none. It spares
 * fetching it again, and proves nothing by itself.
 */
bool store_load_audit(
	struct store *store, const char *name, struct bytes *log, struct fault *fault);
bool store_save_audit(
	struct store *store, const char *name, const void *log, size_t size, struct fault *fault);
/*
 * Binds a name to keys, for good: a name that is bound to others is already-enrolled unless rekey.
 * So, rekey or not, is any name for keys that another name is bound to.
 * Binding it to the same keys again changes its address alone.
 */
bool store_enroll(struct store *store, struct host *host, bool rekey, struct fault *fault);

/* With a new key begins a new chain. Fault: state. */
bool store_begin_chain(struct store *store, struct fault *fault);
/*
 * Appends a record with these members to the chain and signs it, if the chain still ends where the
 * head says. Takes the reference of content. Writes the record's path into path, STORE_PATH_MAX
 * characters. Fault: state.
 */
bool store_append(struct store *store, json_t *content, char *path, struct fault *fault);
/* Walks the whole chain, up to where the head says. Fault: state, naming the first record that does
 * not hold, or that is gone. */
bool store_check_chain(struct store *store, uint64_t *records, struct fault *fault);
/* An operator vouches that there were never more records than there are: if all of them hold, the
 * head is made anew. Fault: state. */
bool store_adopt(struct store *store, uint64_t *records, struct fault *fault);

#endif
