#include "worlds/libvmk/attach.h"

#include <string.h>

#define ESCAPE '\x1b'
#define BELL   '\a'

static bool ends_line(char c)
{
	return c == '\r' || c == '\n';
}

size_t attach_type(struct attach *a, const char *typed, size_t count, char *to, bool *leave)
{
	size_t bytes = 0;

	*leave = false;
	for (size_t i = 0; i < count; i++) {
		const char c = typed[i];

		if (a->tilde && c == '.') {
			*leave = true;
			return bytes;
		}
		if (!a->in_line && c == '~') {
			a->in_line = a->tilde = true;
			continue;
		}
		if (a->tilde && c != '~')
			to[bytes++] = '~';
		a->tilde = false;
		a->in_line = !ends_line(c);
		to[bytes++] = c;
	}
	return bytes;
}

/* ECMA-48, 5.4: ESC [, parameters, and a final byte from 0x40 on; what is none of that ends it. */
static bool is_over(const struct attach *a)
{
	const char last = a->sequence[a->sequence_bytes - 1];

	if (a->sequence_bytes == 1)
		return false;
	if (a->sequence_bytes == 2)
		return last != '[';
	return last < ' ' || last >= '@';
}

/* CUF, CUB and EL to the end of the line. */
static bool is_taken(const struct attach *a)
{
	const size_t digits = a->sequence_bytes - 3;
	const char final = a->sequence[a->sequence_bytes - 1];

	if (a->sequence_bytes < 3 || digits > 3)
		return false;
	for (size_t i = 2; i < 2 + digits; i++)
		if (a->sequence[i] < '0' || a->sequence[i] > '9')
			return false;
	return (final == 'K' && !digits) || final == 'C' || final == 'D';
}

/* A longer one than a terminal takes keeps its beginning, and its latest byte in the last place. */
static size_t add_to_sequence(struct attach *a, char c, char *to)
{
	size_t bytes = 0;

	if (a->sequence_bytes == ATTACH_SEQUENCE)
		a->sequence_bytes--;
	a->sequence[a->sequence_bytes++] = c;
	if (!is_over(a))
		return 0;
	if (is_taken(a)) {
		bytes = a->sequence_bytes;
		memcpy(to, a->sequence, bytes);
	}
	a->sequence_bytes = 0;
	return bytes;
}

size_t attach_show(struct attach *a, const char *said, size_t count, char *to)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++) {
		const char c = said[i];

		if (a->sequence_bytes || c == ESCAPE) {
			bytes += add_to_sequence(a, c, to + bytes);
			continue;
		}
		if (c == 0 || c == BELL)
			continue;
		if (ends_line(c) || c == '\b' || (c >= ' ' && c <= '~'))
			to[bytes++] = c;
		else
			to[bytes++] = c == '\t' ? ' ' : '?';
	}
	return bytes;
}
