#include "policy/predict/buffer.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){0};
}

static enum vmk_status fail(
	struct buffer *buffer, const char **why, const char *text, enum vmk_status status)
{
	buffer_free(buffer);
	*why = text;
	return status;
}

/* Makes room for more, by doubling; the limit keeps a hostile gzip from eating the machine. */
static enum vmk_status grow(struct buffer *buffer, size_t *room)
{
	size_t wanted = *room ? *room * 2 : 65536;
	uint8_t *larger;

	if (*room >= BUFFER_MAX)
		return VMK_TOO_LARGE;
	larger = realloc(buffer->data, wanted);
	if (!larger)
		return VMK_NO_MEMORY;
	buffer->data = larger;
	*room = wanted;
	return VMK_OK;
}

enum vmk_status buffer_read(const char *path, struct buffer *buffer, const char **why)
{
	FILE *file = fopen(path, "rb");
	size_t room = 0, got;

	*buffer = (struct buffer){0};
	if (!file)
		return fail(buffer, why, "cannot be opened", VMK_NOT_FOUND);
	do {
		if (buffer->size == room && grow(buffer, &room) != VMK_OK) {
			fclose(file);
			return fail(buffer, why, "is too large", VMK_TOO_LARGE);
		}
		got = fread(buffer->data + buffer->size, 1, room - buffer->size, file);
		buffer->size += got;
	} while (got > 0);
	if (ferror(file)) {
		fclose(file);
		return fail(buffer, why, "cannot be read", VMK_IO_ERROR);
	}
	fclose(file);
	return VMK_OK;
}

enum vmk_status buffer_gunzip(struct buffer *buffer, const char **why)
{
	struct buffer out = {0};
	z_stream stream = {.next_in = buffer->data, .avail_in = (uInt)buffer->size};
	size_t room = 0;
	int result = Z_OK;

	if (buffer->size < 2 || buffer->data[0] != 0x1f || buffer->data[1] != 0x8b)
		return VMK_OK;
	if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
		return fail(buffer, why, "zlib cannot start", VMK_NO_MEMORY);
	while (result == Z_OK) {
		if (out.size == room && grow(&out, &room) != VMK_OK)
			break;
		stream.next_out = out.data + out.size;
		stream.avail_out = (uInt)(room - out.size);
		result = inflate(&stream, Z_NO_FLUSH);
		out.size = room - stream.avail_out;
	}
	inflateEnd(&stream);
	if (result != Z_STREAM_END) {
		free(out.data);
		return fail(buffer, why, "is not a whole gzip file", VMK_BAD_FORMAT);
	}
	buffer_free(buffer);
	*buffer = out;
	return VMK_OK;
}

void sha256_of(const void *data, size_t size, uint8_t digest[32])
{
	sha256_of_two(data, size, NULL, 0, digest);
}

void sha256_of_two(const void *a, size_t a_size, const void *b, size_t b_size, uint8_t digest[32])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	/* Only memory can fail here, and there is no prediction without a digest. */
	if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL) ||
		!EVP_DigestUpdate(context, a, a_size) || !EVP_DigestUpdate(context, b, b_size) ||
		!EVP_DigestFinal_ex(context, digest, NULL))
		abort();
	EVP_MD_CTX_free(context);
}
