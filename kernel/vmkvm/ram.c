#include "vmkvm/ram.h"
#include "lib/panic.h"
#include <string.h>

static struct ram_block *block_of(const struct ram *ram, uint64_t page)
{
	return &ram->blocks[page / RAM_BLOCK_PAGES];
}

uint64_t ram_frame(const struct ram *ram, uint64_t page)
{
	const struct ram_block *b = block_of(ram, page);

	if (b->first)
		return b->first + page % RAM_BLOCK_PAGES;
	return b->list ? b->list[page % RAM_BLOCK_PAGES] : 0;
}

bool ram_is(const struct ram *ram, uint64_t page, uint64_t frame, uint64_t count)
{
	if (page >= ram->pages || count > ram->pages - page)
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (!frame || ram_frame(ram, page + i) != frame + i)
			return false;
	return true;
}

bool ram_is_free_block(const struct ram *ram, uint64_t page)
{
	const struct ram_block *b = block_of(ram, page);
	const uint64_t start = ALIGN_DOWN(page, RAM_BLOCK_PAGES);

	return !b->first && !b->list && ram->pages - start >= RAM_BLOCK_PAGES;
}

bool ram_needs_list(const struct ram *ram, uint64_t page)
{
	return !block_of(ram, page)->list;
}

void ram_put_whole(struct ram *ram, uint64_t page, uint64_t first)
{
	block_of(ram, page)->first = first;
	ram->present += RAM_BLOCK_PAGES;
	ram->whole++;
}

void ram_take_whole(struct ram *ram, uint64_t page)
{
	block_of(ram, page)->first = 0;
	ram->present -= RAM_BLOCK_PAGES;
	ram->whole--;
}

void ram_put(struct ram *ram, uint64_t page, uint64_t frame, uint64_t *list)
{
	struct ram_block *b = block_of(ram, page);

	if (!b->list)
		b->list = list;
	b->list[page % RAM_BLOCK_PAGES] = frame;
	b->listed++;
	ram->present++;
}

void ram_split(struct ram *ram, uint64_t page, uint64_t *list)
{
	struct ram_block *b = block_of(ram, page);

	/* Else the guest would get frames 0 to 511. */
	ASSERT(b->first && !b->list);
	for (unsigned i = 0; i < RAM_BLOCK_PAGES; i++)
		list[i] = b->first + i;
	b->first = 0;
	b->list = list;
	b->listed = RAM_BLOCK_PAGES;
	ram->whole--;
}

/* It is a list as any other from now on. */
static void part(struct ram *ram, struct ram_block *b)
{
	ram->whole -= b->joined;
	b->joined = false;
}

bool ram_join(struct ram *ram, uint64_t page)
{
	struct ram_block *b = block_of(ram, page);

	if (!ram_is_full_list(ram, page) || b->list[0] % RAM_BLOCK_PAGES)
		return false;
	for (unsigned i = 1; i < RAM_BLOCK_PAGES; i++)
		if (b->list[i] != b->list[0] + i)
			return false;
	ram->whole += !b->joined;
	b->joined = true;
	return true;
}

bool ram_is_full_list(const struct ram *ram, uint64_t page)
{
	return block_of(ram, page)->listed == RAM_BLOCK_PAGES;
}

bool ram_lacks_one(const struct ram *ram, uint64_t page)
{
	return block_of(ram, page)->listed == RAM_BLOCK_PAGES - 1;
}

uint64_t ram_replace(struct ram *ram, uint64_t page, uint64_t frame)
{
	struct ram_block *b = block_of(ram, page);
	uint64_t *slot = &b->list[page % RAM_BLOCK_PAGES];
	const uint64_t old = *slot;

	part(ram, b);
	*slot = frame;
	return old;
}

void ram_show(struct ram *ram, uint64_t page, bool whole)
{
	struct ram_block *b = block_of(ram, page);

	if (whole)
		memset(b->shown, 0xff, sizeof(b->shown));
	b->shown[page % RAM_BLOCK_PAGES / 64] |= 1ull << page % 64;
}

bool ram_is_shown(const struct ram *ram, uint64_t page)
{
	return block_of(ram, page)->shown[page % RAM_BLOCK_PAGES / 64] >> page % 64 & 1;
}

bool ram_is_any_shown(const struct ram *ram, uint64_t page)
{
	const struct ram_block *b = block_of(ram, page);

	for (unsigned i = 0; i < ARRAY_SIZE(b->shown); i++)
		if (b->shown[i])
			return true;
	return false;
}

static bool is_all_shown(const struct ram_block *b)
{
	for (unsigned i = 0; i < ARRAY_SIZE(b->shown); i++)
		if (b->shown[i] != UINT64_MAX)
			return false;
	return true;
}

bool ram_next_whole(const struct ram *ram, uint64_t *page)
{
	uint64_t at = ALIGN_DOWN(*page, RAM_BLOCK_PAGES);
	const uint64_t end = MIN(at + RAM_LOOK_BLOCKS * RAM_BLOCK_PAGES, ram->pages);

	for (; at < end; at += RAM_BLOCK_PAGES) {
		const struct ram_block *b = block_of(ram, at);

		*page = at;
		if (b->first && !is_all_shown(b))
			return true;
	}
	*page = at;
	return false;
}

uint64_t ram_take(struct ram *ram, uint64_t page, uint64_t **emptied)
{
	struct ram_block *b = block_of(ram, page);
	uint64_t *slot = &b->list[page % RAM_BLOCK_PAGES], frame = *slot;

	part(ram, b);
	b->shown[page % RAM_BLOCK_PAGES / 64] &= ~(1ull << page % 64);

	*slot = 0;
	*emptied = NULL;
	ram->present--;
	if (--b->listed == 0) {
		*emptied = b->list;
		b->list = NULL;
	}
	return frame;
}
