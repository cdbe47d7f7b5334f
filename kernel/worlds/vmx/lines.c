#include "worlds/vmx/lines.h"

#define ESCAPE 0x1bu

void lines_init(struct lines *l, void (*show)(void *context, const char *text), void *context)
{
	*l = (struct lines){.show = show, .context = context, .deadline = LINES_NEVER};
}

void lines_flush(struct lines *l)
{
	if (l->length) {
		l->text[l->length] = 0;
		l->show(l->context, l->text);
	}
	l->length = 0;
	l->deadline = LINES_NEVER;
}

void lines_tick(struct lines *l, uint64_t now)
{
	if (now >= l->deadline)
		lines_flush(l);
}

/* ECMA-48, 5.4: ESC [, parameters, and a final byte from 0x40 on; any other sequence is ESC and one
 * more byte. */
static bool is_in_sequence(struct lines *l, uint8_t byte)
{
	if (byte == ESCAPE) {
		l->state = LINES_ESCAPE;
		return true;
	}
	switch (l->state) {
	case LINES_ESCAPE:
		l->state = byte == '[' ? LINES_SEQUENCE : LINES_TEXT;
		return true;
	case LINES_SEQUENCE:
		if (byte >= 0x40)
			l->state = LINES_TEXT;
		return true;
	default:
		return false;
	}
}

static void add(struct lines *l, uint8_t byte)
{
	if (is_in_sequence(l, byte) || byte == '\r' || byte == 0)
		return;
	if (byte == '\n') {
		lines_flush(l);
		return;
	}
	if (byte == '\b') {
		l->length -= l->length > 0;
		return;
	}
	if (byte == '\t')
		byte = ' ';
	l->text[l->length++] = byte >= ' ' && byte < 0x7f ? (char)byte : '?';
	if (l->length == LINES_MAX)
		lines_flush(l);
}

void lines_add(struct lines *l, uint64_t now, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(l, bytes[i]);
	if (l->length)
		l->deadline = now + LINES_WAIT;
}
