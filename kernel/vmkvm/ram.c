#include "vmkvm/ram.h"

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

	for (unsigned i = 0; i < RAM_BLOCK_PAGES; i++)
		list[i] = b->first + i;
	*b = (struct ram_block){.list = list, .listed = RAM_BLOCK_PAGES};
	ram->whole--;
}

uint64_t ram_take(struct ram *ram, uint64_t page, uint64_t **emptied)
{
	struct ram_block *b = block_of(ram, page);
	uint64_t *slot = &b->list[page % RAM_BLOCK_PAGES], frame = *slot;

	*slot = 0;
	*emptied = NULL;
	ram->present--;
	if (--b->listed == 0) {
		*emptied = b->list;
		b->list = NULL;
	}
	return frame;
}
