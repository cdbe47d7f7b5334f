/* sources: kernel/worlds/libvmk/attach.c */
/* coverage: edges */
/*
 * Whatever a guest says, and whatever is typed: nothing but printable characters, line ends, "\b"
 * and the sequences that a terminal here takes come out, within the promised room; in pieces or at
 * once the same. The first byte says how long the pieces are.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "worlds/libvmk/attach.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* The length of an allowed sequence at `at`. */
static size_t sequence(const char *at, size_t room)
{
	size_t used = 2;

	require(room > 2 && at[1] == '[');
	while (used < room && at[used] >= '0' && at[used] <= '9')
		used++;
	require(used < room && used <= 5);
	require(at[used] == 'C' || at[used] == 'D' || (at[used] == 'K' && used == 2));
	return used + 1;
}

static void check_shown(const char *shown, size_t bytes)
{
	for (size_t i = 0; i < bytes;) {
		const char c = shown[i];

		require(c == '\x1b' || c == '\n' || c == '\r' || c == '\b' ||
			(c >= ' ' && c <= '~'));
		i += c == '\x1b' ? sequence(shown + i, bytes - i) : 1;
	}
}

static size_t show(const char *said, size_t size, size_t piece, char *to)
{
	struct attach attach = {.sequence_bytes = 0};
	size_t bytes = 0;

	for (size_t done = 0, part; done < size; done += part) {
		size_t got;

		part = size - done < piece ? size - done : piece;
		got = attach_show(&attach, said + done, part, to + bytes);
		require(got <= ATTACH_SHOW_MAX(part));
		bytes += got;
	}
	return bytes;
}

static void check_typed(const char *typed, size_t size)
{
	struct attach attach = {.sequence_bytes = 0};
	char *to = malloc(ATTACH_TYPE_MAX(size) + 1);
	bool leave = false;

	require(to && attach_type(&attach, typed, size, to, &leave) <= ATTACH_TYPE_MAX(size));
	require(!leave || memchr(typed, '~', size));
	free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	char *whole, *pieces;
	size_t bytes;

	if (size < 2)
		return 0;
	size--;
	whole = malloc(ATTACH_SHOW_MAX(size));
	pieces = malloc(ATTACH_SHOW_MAX(size));
	require(whole && pieces);
	bytes = show(text, size, size, whole);
	check_shown(whole, bytes);
	require(show(text, size, 1 + data[0] % 8u, pieces) == bytes);
	require(!memcmp(whole, pieces, bytes));
	check_typed(text, size);
	free(whole);
	free(pieces);
	return 0;
}
