#include "worlds/vmx/backlog.h"

void backlog_add(struct backlog *b, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		b->text[b->head++ % BACKLOG_BYTES] = bytes[i];
	if (b->head - b->told > BACKLOG_BYTES)
		b->told = b->head - BACKLOG_BYTES;
}

/* Until the counter has come round once, what is before 0 is nothing. */
void backlog_rewind(struct backlog *b)
{
	b->told = b->head < BACKLOG_BYTES ? 0 : b->head - BACKLOG_BYTES;
}

size_t backlog_next(struct backlog *b, const uint8_t **text)
{
	const size_t at = b->told % BACKLOG_BYTES, all = b->head - b->told;

	*text = &b->text[at];
	return all < BACKLOG_BYTES - at ? all : BACKLOG_BYTES - at;
}

void backlog_pass(struct backlog *b, size_t bytes)
{
	b->told += (uint32_t)bytes;
}
