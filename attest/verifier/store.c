#include "verifier/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "verifier/hostfile.h"

#define KEY_FILE_MAX 4096u

static bool state_fault(struct fault *fault, const char *path)
{
	fault_set(fault, REASON_STATE, "%s", path);
	return fault_found(fault, "%s", strerror(errno));
}

static bool join(char path[STORE_PATH_MAX], const struct store *store, const char *format,
	const char *name, struct fault *fault)
{
	char tail[128];

	snprintf(tail, sizeof(tail), format, name);
	if ((size_t)snprintf(path, STORE_PATH_MAX, "%s/%s", store->path, tail) < STORE_PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return state_fault(fault, store->path);
}

static bool make_directory(const char *path, struct fault *fault)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST || state_fault(fault, path);
}

static bool make_directories(struct store *store, struct fault *fault)
{
	char path[STORE_PATH_MAX];

	return make_directory(store->path, fault) && join(path, store, "hosts", "", fault) &&
	       make_directory(path, fault) && join(path, store, "evidence", "", fault) &&
	       make_directory(path, fault) && join(path, store, "audit", "", fault) &&
	       make_directory(path, fault);
}

static bool write_key(const char *path, EVP_PKEY *key, struct fault *fault)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long size = 0;
	bool ok;

	if (bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
		size = BIO_get_mem_data(bio, &text);
	ok = size > 0 && file_write(path, text, (size_t)size, 0600);
	BIO_free(bio);
	return ok || state_fault(fault, path);
}

static bool read_key(struct store *store, const char *path, struct fault *fault)
{
	struct bytes pem;
	BIO *bio;

	if (!file_read(&pem, path, KEY_FILE_MAX))
		return state_fault(fault, path);
	bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	store->key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	bytes_free(&pem);
	if (store->key)
		return true;
	errno = EINVAL;
	return state_fault(fault, path);
}

static bool load_key(struct store *store, struct fault *fault)
{
	char path[STORE_PATH_MAX];

	if (!join(path, store, "verifier.pem", "", fault))
		return false;
	if (access(path, F_OK) == 0)
		return read_key(store, path, fault);
	store->key = EVP_EC_gen("P-256");
	return store->key && write_key(path, store->key, fault) && store_begin_chain(store, fault);
}

static bool set_path(struct store *store, const char *path, const char *head, struct fault *fault)
{
	memset(store, 0, sizeof(*store));
	store->lock = -1;
	store->head = head;
	if ((size_t)snprintf(store->path, sizeof(store->path), "%s", path) < sizeof(store->path))
		return true;
	errno = ENAMETOOLONG;
	return state_fault(fault, path);
}

static bool lock_and_load(struct store *store, struct fault *fault)
{
	char lock[STORE_PATH_MAX];

	if (!make_directories(store, fault) || !join(lock, store, "lock", "", fault))
		return false;
	store->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock < 0 || flock(store->lock, LOCK_EX) != 0)
		return state_fault(fault, lock);
	if (load_key(store, fault))
		return true;
	store_close(store);
	return false;
}

bool store_create(struct store *store, const char *path, const char *head, struct fault *fault)
{
	return set_path(store, path, head, fault) && lock_and_load(store, fault);
}

/* A mistyped name must not become another, empty store. */
static bool check_exists(const struct store *store, struct fault *fault)
{
	char hosts[STORE_PATH_MAX];

	if (!join(hosts, store, "hosts", "", fault))
		return false;
	if (access(store->path, F_OK) != 0)
		return fault_local(fault, REASON_STATE, store->path, strerror(errno));
	if (access(hosts, F_OK) != 0)
		return fault_local(fault, REASON_STATE, store->path,
			"not a state directory, which `vmkverify enroll` makes");
	return true;
}

bool store_open(struct store *store, const char *path, const char *head, struct fault *fault)
{
	return set_path(store, path, head, fault) && check_exists(store, fault) &&
	       lock_and_load(store, fault);
}

void store_close(struct store *store)
{
	EVP_PKEY_free(store->key);
	store->key = NULL;
	if (store->lock >= 0)
		close(store->lock);
	store->lock = -1;
}

bool store_load_host(struct store *store, const char *name, struct host *host, struct fault *fault)
{
	char path[STORE_PATH_MAX];
	struct bytes text;
	bool ok;

	memset(host, 0, sizeof(*host));
	if (!host_name_valid(name))
		return fault_set(fault, REASON_NOT_ENROLLED, "host name %s", name);
	if (!join(path, store, "hosts/%s.json", name, fault))
		return false;
	if (!file_read(&text, path, HOST_FILE_MAX)) {
		if (errno == ENOENT)
			return fault_set(fault, REASON_NOT_ENROLLED, "host %s", name);
		return state_fault(fault, path);
	}
	ok = host_parse(host, text.data, text.size, path, fault);
	bytes_free(&text);
	if (ok && strcmp(host->name, name) != 0) {
		host_free(host);
		return fault_set(fault, REASON_STATE, "%s: the record of another host", path);
	}
	return ok;
}

static bool write_json(const char *path, json_t *root, struct fault *fault)
{
	char *text = json_dumps(root, JSON_INDENT(1) | JSON_SORT_KEYS);
	bool ok = text && file_write(path, text, strlen(text), 0600);

	free(text);
	return ok || state_fault(fault, path);
}

bool store_save_host(struct store *store, const struct host *host, struct fault *fault)
{
	char path[STORE_PATH_MAX];
	json_t *root;
	bool ok;

	if (!host_name_valid(host->name))
		return fault_set(fault, REASON_STATE, "host name %s", host->name);
	if (!host_fits(host))
		return fault_set(fault, REASON_STATE, "host %s: a key or certificate is too large",
			host->name);
	if (!join(path, store, "hosts/%s.json", host->name, fault))
		return false;
	root = host_to_json(host);
	ok = write_json(path, root, fault);
	json_decref(root);
	return ok;
}

bool store_load_audit(struct store *store, const char *name, struct bytes *log, struct fault *fault)
{
	char path[STORE_PATH_MAX];

	*log = (struct bytes){0};
	if (!join(path, store, "audit/%s.log", name, fault))
		return false;
	return file_read(log, path, EVIDENCE_LOG_MAX) || errno == ENOENT ||
	       state_fault(fault, path);
}

bool store_save_audit(
	struct store *store, const char *name, const void *log, size_t size, struct fault *fault)
{
	char path[STORE_PATH_MAX];

	return join(path, store, "audit/%s.log", name, fault) &&
	       (file_write(path, log, size, 0600) || state_fault(fault, path));
}

static bool same_keys(const struct host *a, const struct host *b)
{
	return bytes_equal(&a->ak_public, &b->ak_public) &&
	       bytes_equal(&a->ek_public, &b->ek_public);
}

/* One file of hosts/: no other host has one of these keys. */
static bool check_twin(
	struct store *store, const char *file, const struct host *host, struct fault *fault)
{
	char name[EVIDENCE_HOST_MAX + 1];
	size_t size = strlen(file);
	struct host other;
	bool twin;

	if (size < 6 || size - 5 >= sizeof(name) || strcmp(file + size - 5, ".json") != 0)
		return true;
	snprintf(name, sizeof(name), "%.*s", (int)size - 5, file);
	if (!host_name_valid(name) || strcmp(name, host->name) == 0)
		return true;
	if (!store_load_host(store, name, &other, fault))
		return false;
	twin = bytes_equal(&other.ak_public, &host->ak_public) ||
	       bytes_equal(&other.ek_public, &host->ek_public);
	host_free(&other);
	if (!twin)
		return true;
	fault_set(fault, REASON_ALREADY_ENROLLED, "host %s", host->name);
	return fault_found(fault, "the TPM of host %s", name);
}

/* A sound host must not be able to answer for another; nor does a new TPM make an exception, since
 * whoever answers for the old one may be passing on what a sound host says. */
static bool check_twins(struct store *store, const struct host *host, struct fault *fault)
{
	char path[STORE_PATH_MAX];
	struct dirent *entry;
	bool ok = true;
	DIR *hosts;

	if (!join(path, store, "hosts", "", fault))
		return false;
	hosts = opendir(path);
	if (!hosts)
		return state_fault(fault, path);
	while (ok && (entry = readdir(hosts)) != NULL)
		ok = check_twin(store, entry->d_name, host, fault);
	closedir(hosts);
	return ok;
}

bool store_enroll(struct store *store, struct host *host, bool rekey, struct fault *fault)
{
	struct fault absent = {0};
	struct host old;
	bool same;

	if (!store_load_host(store, host->name, &old, &absent)) {
		if (absent.reason == REASON_NOT_ENROLLED)
			return check_twins(store, host, fault) &&
			       store_save_host(store, host, fault);
		*fault = absent;
		return false;
	}
	same = same_keys(&old, host);
	if (same) {
		snprintf(old.address, sizeof(old.address), "%s", host->address);
		same = store_save_host(store, &old, fault);
		host_free(&old);
		return same;
	}
	host_free(&old);
	if (rekey)
		return check_twins(store, host, fault) && store_save_host(store, host, fault);
	return fault_set(fault, REASON_ALREADY_ENROLLED, "host %s", host->name);
}
