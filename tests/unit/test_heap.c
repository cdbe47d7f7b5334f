/* sources: kernel/mem/heap.c kernel/mem/slab.c kernel/lib/random.c kernel/lib/blake2s.c */
/* sources: kernel/lib/chacha.c kernel/lib/lock.c tests/unit/shim/panic.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "lib/lock.h"
#include "lib/random.h"
#include "mem/area.h"
#include "mem/heap.h"
#include "mem/slab.h"
#include "tests/unit/shim/panic.h"

/* Areas over the host's own memory, so that what the heap gives can be used. */
static struct {
	uintptr_t start;
	size_t bytes;
	enum area area;
} given[64];
static struct space kernel;
static bool out_of_memory;

struct space *kernel_space(void)
{
	return &kernel;
}

enum vmk_status area_alloc(struct space *space, enum area area, size_t bytes, size_t align,
	unsigned prot, enum frame_owner owner, uintptr_t *address)
{
	unsigned i = 0;
	uint8_t *at;

	if (out_of_memory || bytes > 1ul << 30)
		return VMK_NO_MEMORY;
	assert_int_equal(prot, PROT_R | PROT_W);
	while (given[i].bytes)
		i++;
	assert_true(i < 63);
	at = mmap(NULL, bytes + align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	given[i].start = ALIGN_UP((uintptr_t)at, align);
	given[i].bytes = ALIGN_UP(bytes, PAGE_SIZE);
	given[i].area = area;
	*address = given[i].start;
	return VMK_OK;
}

enum vmk_status space_release(struct space *space, uintptr_t address, size_t bytes)
{
	for (unsigned i = 0; i < 64; i++) {
		if (given[i].bytes && given[i].start == address) {
			assert_int_equal(given[i].bytes, bytes);
			given[i].bytes = 0;
			munmap((void *)address, bytes);
			return VMK_OK;
		}
	}
	return VMK_NOT_FOUND;
}

size_t area_bytes(uintptr_t address)
{
	for (unsigned i = 0; i < 64; i++) {
		if (given[i].bytes && given[i].start == address)
			return given[i].bytes;
	}
	return 0;
}

bool area_contains(enum area area, uintptr_t address)
{
	for (unsigned i = 0; i < 64; i++) {
		if (given[i].area == area && address >= given[i].start &&
			address < given[i].start + given[i].bytes)
			return true;
	}
	return false;
}

static int fresh(void **state)
{
	random_seed("heap", 4);
	memset(given, 0, sizeof(given));
	out_of_memory = false;
	heap_init();
	return 0;
}

static void gives_zeroed_aligned_memory_of_any_size(void **state)
{
	for (size_t bytes = 0; bytes < 9000; bytes += 1 + bytes / 7) {
		uint8_t *memory = heap_alloc(bytes);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % 16, 0);
		for (size_t i = 0; i < bytes; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xff, bytes);
		heap_free(memory);
	}
	assert_int_equal(heap_bytes_used(), 0);
}

static void objects_do_not_overlap(void **state)
{
	enum { COUNT = 3000 };
	static uint8_t *objects[COUNT];
	static size_t sizes[COUNT];

	for (unsigned i = 0; i < COUNT; i++) {
		sizes[i] = 1 + i * 37 % 300;
		objects[i] = heap_alloc(sizes[i]);
		memset(objects[i], (int)i, sizes[i]);
	}
	for (unsigned i = 0; i < COUNT; i++) {
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(objects[i][j], (uint8_t)i);
		heap_free(objects[i]);
	}
	assert_int_equal(heap_bytes_used(), 0);
}

static void the_order_is_random(void **state)
{
	unsigned neighbours = 0;
	uint8_t *last = heap_alloc(64);

	for (unsigned i = 0; i < 100; i++) {
		uint8_t *next = heap_alloc(64);

		neighbours += next == last + 80;
		last = next;
	}
	assert_in_range(neighbours, 0, 20);
}

static void finds_a_double_free(void **state)
{
	void *small = heap_alloc(40);

	lock_disarm();
	heap_free(small);
	assert_true(PANICS(heap_free(small)));
	assert_non_null(strstr(panic_text, "freed twice"));
}

static void finds_a_double_free_of_pages(void **state)
{
	uint8_t *pages = heap_alloc(5000);

	assert_true(PANICS(heap_free(pages + PAGE_SIZE)));
	heap_free(pages);
	assert_true(PANICS(heap_free(pages)));
}

static void finds_an_overflow(void **state)
{
	uint8_t *object = heap_alloc(24);

	object[24] ^= 1;
	assert_true(PANICS(heap_free(object)));
	assert_non_null(strstr(panic_text, "past its end"));
}

static void finds_a_write_after_free(void **state)
{
	uint8_t *object = heap_alloc(1000);
	bool found = false;

	heap_free(object);
	object[100] = 1;
	for (unsigned i = 0; i < 64 && !found; i++)
		found = PANICS(heap_alloc(1000));
	assert_true(found);
	assert_non_null(strstr(panic_text, "after it was freed"));
}

static void finds_inner_and_foreign_pointers(void **state)
{
	uint8_t *object = heap_alloc(100);

	assert_true(PANICS(heap_free(object + 16)));
	assert_non_null(strstr(panic_text, "inside"));
}

static void finds_foreign_pointers(void **state)
{
	int local;

	heap_free(NULL);
	assert_true(PANICS(heap_free(&local)));
}

static void finds_a_damaged_slab(void **state)
{
	uint8_t *object = heap_alloc(100);

	*(uint64_t *)((uintptr_t)object & ~(SLAB_BYTES - 1ul)) ^= 1;
	assert_true(PANICS(heap_free(object)));
	assert_non_null(strstr(panic_text, "damaged"));
}

static void large_objects_end_where_their_pages_end(void **state)
{
	uint8_t *object = heap_alloc(5008);

	assert_int_equal((uintptr_t)(object + 5008) % PAGE_SIZE, 0);
	heap_free(object);
	object = heap_alloc(2 * PAGE_SIZE);
	assert_int_equal((uintptr_t)object % PAGE_SIZE, 0);
	heap_free(object);
	assert_int_equal(heap_bytes_used(), 0);
}

static void finds_writes_around_a_large_object(void **state)
{
	uint8_t *object = heap_alloc(5001);

	object[5001] ^= 1;
	assert_true(PANICS(heap_free(object)));
	assert_non_null(strstr(panic_text, "past its end"));
	object[5001] ^= 1;
	object[-1] ^= 1;
	assert_true(PANICS(heap_free(object)));
	assert_non_null(strstr(panic_text, "before its beginning"));
	object[-1] ^= 1;
	*(uint8_t *)ALIGN_DOWN((uintptr_t)object, PAGE_SIZE) ^= 1;
	assert_true(PANICS(heap_free(object)));
}

static void finds_a_large_object_freed_elsewhere(void **state)
{
	uint8_t *object = heap_alloc(5000);

	assert_true(PANICS(heap_free(object + 16)));
	assert_non_null(strstr(panic_text, "not freed at its beginning"));
	assert_true(PANICS(heap_free((void *)ALIGN_DOWN((uintptr_t)object, PAGE_SIZE))));
	heap_free(object);
}

static void freed_objects_hold_no_valid_pointer(void **state)
{
	uint64_t *object = heap_alloc(64);

	object[3] = 7;
	heap_free(object);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(object[i], HEAP_POISON);
	assert_true(HEAP_POISON >> 47 != 0 && HEAP_POISON >> 47 != 0x1ffff);
}

static void the_audit_finds_what_no_free_has_come_across(void **state)
{
	uint8_t *live = heap_alloc(100), *freed = heap_alloc(300), *kept = heap_alloc(300);
	struct heap_audit audit;

	heap_free(freed);
	heap_audit(&audit);
	assert_int_equal(audit.slabs, 2);
	assert_int_equal(audit.objects, 2);
	assert_int_equal(audit.damaged, 0);
	live[127 - 7] ^= 1;
	freed[10] ^= 1;
	heap_audit(&audit);
	assert_int_equal(audit.damaged, 2);
	live[127 - 7] ^= 1;
	freed[10] ^= 1;
	*(uint64_t *)((uintptr_t)kept & ~(SLAB_BYTES - 1ul)) ^= 1;
	heap_audit(&audit);
	assert_int_equal(audit.damaged, 1);
}

static void finds_a_write_to_a_slab_that_is_given_back(void **state)
{
	static uint8_t *objects[40];
	bool found = false;

	for (unsigned i = 0; i < 40; i++)
		objects[i] = heap_alloc(1000);
	heap_free(objects[0]);
	objects[0][8] = 1;
	for (unsigned i = 39; i > 0 && !found; i--)
		found = PANICS(heap_free(objects[i]));
	assert_true(found);
	assert_non_null(strstr(panic_text, "after it was freed"));
}

static void refuses_what_does_not_fit(void **state)
{
	assert_null(heap_calloc(SIZE_MAX / 2, 3));
	assert_null(heap_alloc(SIZE_MAX));
	assert_non_null(heap_calloc(3, 5));
	out_of_memory = true;
	assert_null(heap_alloc(777));
	assert_null(heap_alloc(77777));
}

static void gives_empty_slabs_back(void **state)
{
	static void *objects[200];
	unsigned slabs = 0;

	for (unsigned i = 0; i < 200; i++)
		objects[i] = heap_alloc(2000);
	for (unsigned i = 0; i < 200; i++)
		heap_free(objects[i]);
	for (unsigned i = 0; i < 64; i++)
		slabs += given[i].bytes != 0;
	assert_int_equal(slabs, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(gives_zeroed_aligned_memory_of_any_size, fresh),
		cmocka_unit_test_setup(objects_do_not_overlap, fresh),
		cmocka_unit_test_setup(the_order_is_random, fresh),
		cmocka_unit_test_setup(finds_a_double_free_of_pages, fresh),
		cmocka_unit_test_setup(refuses_what_does_not_fit, fresh),
		cmocka_unit_test_setup(large_objects_end_where_their_pages_end, fresh),
		cmocka_unit_test_setup(finds_writes_around_a_large_object, fresh),
		cmocka_unit_test_setup(finds_a_large_object_freed_elsewhere, fresh),
		cmocka_unit_test_setup(freed_objects_hold_no_valid_pointer, fresh),
		cmocka_unit_test_setup(the_audit_finds_what_no_free_has_come_across, fresh),
		cmocka_unit_test_setup(gives_empty_slabs_back, fresh),
		/* From here on the heap's lock stays held by what panicked, and is disarmed. */
		cmocka_unit_test_setup(finds_a_double_free, fresh),
		cmocka_unit_test_setup(finds_an_overflow, fresh),
		cmocka_unit_test_setup(finds_a_write_after_free, fresh),
		cmocka_unit_test_setup(finds_a_write_to_a_slab_that_is_given_back, fresh),
		cmocka_unit_test_setup(finds_inner_and_foreign_pointers, fresh),
		cmocka_unit_test_setup(finds_foreign_pointers, fresh),
		cmocka_unit_test_setup(finds_a_damaged_slab, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
