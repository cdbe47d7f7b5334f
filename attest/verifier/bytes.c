#include "verifier/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void *must_alloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p) {
		fputs("vmkverify: out of memory\n", stderr);
		exit(2);
	}
	return p;
}

struct bytes bytes_copy(const void *data, size_t size)
{
	struct bytes bytes = {.data = must_alloc(size, 1), .size = size};

	if (size)
		memcpy(bytes.data, data, size);
	return bytes;
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){0};
}

bool bytes_equal(const struct bytes *a, const struct bytes *b)
{
	return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

bool hex_decode_text(void *data, size_t size, const char *text)
{
	return hex_decode(data, size, text, strlen(text));
}

bool hex_decode_bytes(struct bytes *bytes, size_t limit, const char *text)
{
	size_t size = strlen(text) / 2;

	if (size > limit)
		return false;
	bytes->data = must_alloc(size, 1);
	bytes->size = size;
	if (hex_decode_text(bytes->data, size, text))
		return true;
	bytes_free(bytes);
	return false;
}

char *hex_text(const void *data, size_t size)
{
	char *text = must_alloc(HEX_SIZE(size), 1);

	hex_encode(text, data, size);
	return text;
}

static CRYPTO_ONCE fetched = CRYPTO_ONCE_STATIC_INIT;
static EVP_MD *md_sha256;

static void fetch(void)
{
	md_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (md_sha256)
		return;
	fputs("vmkverify: this OpenSSL has no SHA-256\n", stderr);
	exit(2);
}

const EVP_MD *sha256_method(void)
{
	/* OpenSSL 3 looks an algorithm up at each use of EVP_sha256(), which takes longer than it.
	 */
	(void)CRYPTO_THREAD_run_once(&fetched, fetch);
	return md_sha256;
}

void sha256(uint8_t digest[DIGEST_SIZE], const void *data, size_t size)
{
	/* Kept: to set one up takes longer than most digests. */
	static _Thread_local EVP_MD_CTX *context;

	if (!context)
		context = EVP_MD_CTX_new();
	if (context && EVP_DigestInit_ex(context, sha256_method(), NULL) == 1 &&
		EVP_DigestUpdate(context, data, size) == 1 &&
		EVP_DigestFinal_ex(context, digest, NULL) == 1)
		return;
	fputs("vmkverify: SHA-256 failed\n", stderr);
	exit(2);
}

void sha256_two(
	uint8_t digest[DIGEST_SIZE], const void *a, size_t a_size, const void *b, size_t b_size)
{
	uint8_t small[256];
	uint8_t *both = small;

	if (a_size + b_size > sizeof(small))
		both = must_alloc(a_size + b_size, 1);
	memcpy(both, a, a_size);
	memcpy(both + a_size, b, b_size);
	sha256(digest, both, a_size + b_size);
	if (both != small)
		free(both);
}

static bool read_all(int fd, struct bytes *bytes, size_t limit)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return false;
	if (!S_ISREG(st.st_mode) || st.st_size < 0 || (size_t)st.st_size > limit) {
		errno = S_ISREG(st.st_mode) ? EFBIG : S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return false;
	}
	bytes->data = must_alloc((size_t)st.st_size, 1);
	while (bytes->size < (size_t)st.st_size) {
		ssize_t n = read(fd, bytes->data + bytes->size, (size_t)st.st_size - bytes->size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		bytes->size += (size_t)n;
	}
	return true;
}

bool file_read(struct bytes *bytes, const char *path, size_t limit)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok;

	*bytes = (struct bytes){0};
	if (fd < 0)
		return false;
	ok = read_all(fd, bytes, limit);
	close(fd);
	if (!ok)
		bytes_free(bytes);
	return ok;
}

static bool write_all(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		size -= (size_t)n;
	}
	return fsync(fd) == 0;
}

/* The new name is durable only once its directory is. */
static void sync_directory_of(const char *path)
{
	char *copy = strdup(path);
	char *slash = copy ? strrchr(copy, '/') : NULL;
	int fd;

	if (slash)
		slash[slash == copy] = 0;
	fd = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

bool file_write(const char *path, const void *data, size_t size, unsigned int mode)
{
	char temporary[4096];
	bool ok;
	int fd;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", path) >= sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return false;
	}
	/* What a writer that died left behind, or somebody laid there: neither is written through.
	 */
	(void)unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return false;
	ok = write_all(fd, data, size);
	ok = close(fd) == 0 && ok;
	if (!ok || rename(temporary, path) != 0) {
		(void)unlink(temporary);
		return false;
	}
	sync_directory_of(path);
	return true;
}
