/* sources: kernel/vmkuser/handle.c */
/* quiet: fuzz/lib/figures.c */
/* coverage: edges, lean */
/*
 * Any sequence of additions, copies, restrictions and removals beside a model: what a handle may do
 * is what its object was given with, less all that was dropped on the way, and an old number names
 * nothing.
 */
#include <stdint.h>
#include <stdlib.h>

#include "fuzz/lib/figures.h"
#include "lib/reader.h"
#include "vmkuser/handle.h"

#define STEPS_MAX 256u
#define LIMIT     5u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every number that was ever given, and what is known of it. */
static struct known {
	vmk_handle handle;
	uint32_t kind, rights;
	const void *object;
	bool live;
} known[STEPS_MAX];
static unsigned known_count, live_count;
static const char objects[8];

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void note(vmk_handle handle, uint32_t kind, uint32_t rights, const void *object)
{
	for (unsigned i = 0; i < known_count; i++)
		require(known[i].handle != handle);
	known[known_count++] = (struct known){handle, kind, rights, object, true};
	live_count++;
}

static void add(struct handle_table *table, struct reader *r)
{
	const uint32_t kind = 1 + reader_u8(r) % 3, rights = reader_u8(r) & RIGHTS_ALL;
	const void *object = &objects[reader_u8(r) % 8];
	vmk_handle handle;
	enum vmk_status status =
		handle_add(table, kind, rights, (void *)(uintptr_t)object, &handle);

	require(status == (live_count < LIMIT ? VMK_OK : VMK_NO_RESOURCES));
	if (status == VMK_OK)
		note(handle, kind, rights, object);
}

static void copy(struct handle_table *table, const struct known *k, uint32_t rights)
{
	vmk_handle handle;
	enum vmk_status status = handle_copy(table, k->handle, rights, &handle);

	if (!k->live)
		require(status == VMK_BAD_HANDLE);
	else if (rights & ~k->rights)
		require(status == VMK_DENIED);
	else if (rights && live_count < LIMIT)
		require(status == VMK_OK);
	else
		require(status == (rights ? VMK_NO_RESOURCES : VMK_BAD_PARAM));
	if (status == VMK_OK)
		note(handle, k->kind, rights, k->object);
}

static void restrict_to(struct handle_table *table, struct known *k, uint32_t rights)
{
	enum vmk_status status = handle_restrict(table, k->handle, rights);

	require(status == (!k->live ? VMK_BAD_HANDLE : rights & ~k->rights ? VMK_DENIED : VMK_OK));
	if (status != VMK_OK)
		return;
	k->rights = rights;
	k->live = rights != 0;
	live_count -= !rights;
}

static void check(const struct handle_table *table)
{
	for (unsigned i = 0; i < known_count; i++) {
		const struct known *k = &known[i];
		void *object = NULL;

		for (uint32_t kind = 1; kind <= 3; kind++)
			for (uint32_t rights = 0; rights <= RIGHTS_ALL; rights++)
				require(handle_get(table, k->handle, kind, rights, &object) ==
					(!k->live || kind != k->kind  ? VMK_BAD_HANDLE
						: rights & ~k->rights ? VMK_DENIED
								      : VMK_OK));
		require(!k->live || object == k->object);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);
	struct handle_table table;

	handle_table_init(&table, LIMIT);
	known_count = live_count = 0;
	for (unsigned step = 0; step < STEPS_MAX && reader_left(&r); step++) {
		const uint8_t what = reader_u8(&r);
		struct known *k;

		figures_operations(1);
		if (what % 4 == 0 || !known_count) {
			add(&table, &r);
			continue;
		}
		k = &known[reader_u8(&r) % known_count];
		if (what % 4 == 1)
			copy(&table, k, reader_u8(&r) & RIGHTS_ALL);
		else if (what % 4 == 2)
			restrict_to(&table, k, reader_u8(&r) & RIGHTS_ALL);
		check(&table);
	}
	return 0;
}
