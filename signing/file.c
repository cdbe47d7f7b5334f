#include "signing/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool report(const char *path)
{
	fprintf(stderr, "vmksign: %s: %s\n", path, strerror(errno));
	return false;
}

static bool read_all(int fd, size_t size, struct bytes *bytes)
{
	size_t at = 0;

	bytes->data = malloc(size + 1);
	if (!bytes->data)
		return false;
	while (at < size) {
		ssize_t n = read(fd, bytes->data + at, size - at);

		if (n < 0)
			return false;
		if (n == 0)
			break;
		at += (size_t)n;
	}
	bytes->data[at] = 0;
	bytes->size = at;
	return true;
}

bool file_read(const char *path, size_t limit, struct bytes *bytes)
{
	struct stat st;
	bool ok;
	int fd;

	*bytes = (struct bytes){0};
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return report(path);
	if (fstat(fd, &st) != 0) {
		close(fd);
		return report(path);
	}
	if (st.st_size < 0 || (uint64_t)st.st_size > limit) {
		close(fd);
		fprintf(stderr, "vmksign: %s: more than %zu bytes\n", path, limit);
		return false;
	}
	ok = read_all(fd, (size_t)st.st_size, bytes);
	if (!ok) {
		report(path);
		bytes_free(bytes);
	}
	close(fd);
	return ok;
}

static bool write_all(int fd, const uint8_t *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0)
			return false;
		data += n;
		size -= (size_t)n;
	}
	return true;
}

bool file_write(const char *path, const void *data, size_t size, unsigned mode)
{
	char temporary[4096];
	bool ok;
	int fd;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", path) >= sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return report(path);
	}
	/* What a writer that died left behind, or somebody laid there: neither is written through.
	 */
	(void)unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return report(temporary);
	ok = write_all(fd, data, size);
	ok = close(fd) == 0 && ok;
	if (!ok || rename(temporary, path) != 0) {
		report(path);
		unlink(temporary);
		return false;
	}
	return true;
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){0};
}
