/*
 * The verifier's memory, a directory:
 *   hosts/NAME.json          what enrollment fixed and the last quote showed
 *   evidence/NNNNNNNN.json   one record per appraisal; each carries the SHA-256 of the one before
 *   evidence/NNNNNNNN.sig    the record's ECDSA signature (DER) by verifier.pem
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
	int lock;
	EVP_PKEY *key;
};

/* Makes the directory when it is not there; for enrollment alone. Fault: state. */
bool store_create(struct store *store, const char *path, struct fault *fault);
/* A directory that store_create made. Fault: state, local when it is none. */
bool store_open(struct store *store, const char *path, struct fault *fault);
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
 * So is a new name for keys that another name is bound to.
 * Binding it to the same keys again changes its address alone.
 */
bool store_enroll(struct store *store, struct host *host, bool rekey, struct fault *fault);

/*
 * Appends a record with these members to the chain and signs it. Takes the reference of content.
 * Writes the record's path into path, STORE_PATH_MAX characters.
 */
bool store_append(struct store *store, json_t *content, char *path, struct fault *fault);
/* Walks the whole chain. Fault: state, naming the first record that does not hold. */
bool store_check_chain(struct store *store, uint64_t *records, struct fault *fault);

#endif
