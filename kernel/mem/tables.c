/* The page tables of a space: where they come from, and how many of them were promised to it. */
#include "arch/x86/paging.h"
#include "mem/area.h"

static uint64_t *table_at(struct hpa address)
{
	return direct_map(address);
}

/* How many of its tables came out of what is promised. */
static uint64_t promised_part(const struct ptable_tally *tally)
{
	return MIN(tally->tables - tally->before, tally->promised);
}

/* So does the next one. */
static bool is_promised(const struct ptable_tally *tally)
{
	return tally && promised_part(tally) < tally->promised;
}

/* True: what was promised for it is promised again. */
static bool count_out(struct ptable_tally *tally)
{
	const bool was_before = tally->tables == tally->before;

	tally->tables--;
	tally->before -= was_before;
	return !was_before && is_promised(tally);
}

static enum vmk_status allocate_table(struct ptable_tally *tally, struct hpa *address)
{
	struct pfn frame;
	enum vmk_status status = frames_alloc_promised(0, FRAME_PTABLE, is_promised(tally), &frame);

	if (status != VMK_OK)
		return status;
	if (tally)
		tally->tables++;
	*address = pfn_hpa(frame);
	return VMK_OK;
}

static void free_table(struct ptable_tally *tally, struct hpa address)
{
	frames_free_promised(hpa_pfn(address), 0, tally && count_out(tally));
}

const struct ptable_ops space_ptable_ops = {table_at, allocate_table, free_table};

uint64_t space_tables(struct space *space)
{
	const struct ptable_tally *tally = &space->tally;
	uint64_t saved = spin_lock(&space->lock);
	const uint64_t charged = tally->tables - promised_part(tally);

	spin_unlock(&space->lock, saved);
	return charged;
}

uint64_t space_tables_for(size_t bytes)
{
	/* Wherever it begins: on each level one more, and one that is used in part. */
	return (bytes >> PD_SHIFT) + (bytes >> PDPT_SHIFT) + (bytes >> PML4_SHIFT) + 3 * 2;
}

enum vmk_status space_promise_tables(struct space *space, size_t bytes, uint64_t given)
{
	struct ptable_tally *tally = &space->tally;
	const uint64_t frames = space_tables_for(bytes);
	uint64_t saved = spin_lock(&space->lock);
	enum vmk_status status = frames_promise(FRAME_DIRECT, frames - given, 0, NULL);

	if (status == VMK_OK) {
		/* None of those that are there uses it up. */
		if (!is_promised(tally))
			tally->before = tally->tables - tally->promised;
		tally->promised += frames;
	}
	spin_unlock(&space->lock, saved);
	return status;
}
