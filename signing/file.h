/* Whole files in memory. Errors are reported on stderr, with the file's name and the cause. */
#ifndef SIGNING_FILE_H
#define SIGNING_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *data; /* owned; bytes_free() */
	size_t size;
};

/* Refuses files larger than `limit` bytes. False after an error. */
bool file_read(const char *path, size_t limit, struct bytes *bytes);
/* Replaces the file at once (by renaming), with permission bits `mode`. False after an error. */
bool file_write(const char *path, const void *data, size_t size, unsigned mode);
void bytes_free(struct bytes *bytes);

#endif
