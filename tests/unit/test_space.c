/* sources: kernel/mem/spaces.c kernel/mem/tables.c */
/* sources: kernel/mem/gate.c */
/* sources: kernel/mem/places.c */
/* sources: kernel/mem/space.c kernel/mem/copy.c kernel/mem/ranges.c kernel/mem/ptable.c */
/* sources: kernel/mem/stack.c kernel/mem/foreign.c */
/* sources: kernel/mem/frame_pool.c kernel/lib/random.c kernel/lib/blake2s.c kernel/lib/chacha.c */
/* sources: kernel/lib/lock.c tests/unit/shim/machine.c tests/unit/shim/panic.c */
#include "tests/unit/space_unit.h"

/* As the processor walks: through what is present alone. */
static bool is_seen_by_processor(struct space *space, uintptr_t address)
{
	const struct ptable_ops *ops = space->table.ops;
	struct hpa table = space->table.root;

	for (unsigned shift = PML4_SHIFT;; shift -= 9) {
		uint64_t entry = ops->table(table)[ptable_index(address, shift)];

		if (!(entry & PTE_PRESENT) || shift == PT_SHIFT)
			return entry & PTE_PRESENT;
		table = hpa(entry & PTE_FRAME);
	}
}

static void fresh_memory_is_zero_and_guarded(void **state)
{
	uintptr_t address, other;
	uint8_t bytes[5000];

	assert_int_equal(space_alloc(user, 5000, URW, &address), VMK_OK);
	assert_int_equal(address % PAGE_SIZE, 0);
	memset(bytes, 1, sizeof(bytes));
	assert_int_equal(space_copy_in(user, bytes, address, 5000), VMK_OK);
	for (size_t i = 0; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], 0);
	assert_int_equal(flags_at(user, address - 1), 0);
	assert_int_equal(flags_at(user, address + 2 * PAGE_SIZE), 0);
	assert_int_equal(space_alloc(user, 1, URW, &other), VMK_OK);
	assert_true(other + 2 * PAGE_SIZE <= address || other >= address + 3 * PAGE_SIZE);
	assert_int_equal(flags_at(user, address), PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_NX);
}

static void refuses_writable_and_executable(void **state)
{
	uintptr_t address;

	assert_int_equal(space_alloc(user, 1, URW | PROT_X, &address), VMK_DENIED);
	assert_int_equal(space_alloc_at(user, 0x10000, 1, URW | PROT_X), VMK_DENIED);
	assert_int_equal(space_alloc(user, PAGE_SIZE, URW, &address), VMK_OK);
	assert_int_equal(space_protect(user, address, PAGE_SIZE, URW | PROT_X), VMK_DENIED);
	assert_int_equal(space_protect(user, address, PAGE_SIZE, URX), VMK_DENIED);
	assert_int_equal(space_protect(user, address, PAGE_SIZE, UR), VMK_OK);
	assert_int_equal(space_protect(user, address, PAGE_SIZE, URX), VMK_DENIED);
}

/* SDM 3A, 4.6.1: not writable, but dirty. */
static void shadow_stacks_are_written_by_calls_alone(void **state)
{
	struct ptable_leaf leaf;
	uintptr_t address;
	uint64_t word = 1;

	assert_int_equal(space_alloc(user, PAGE_SIZE, UR | PROT_SHADOW, &address), VMK_OK);
	assert_true(ptable_find(&user->table, address, &leaf));
	assert_int_equal(leaf.entry & (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_DIRTY | PTE_NX),
		PTE_PRESENT | PTE_USER | PTE_DIRTY | PTE_NX);
	assert_int_not_equal(space_copy_out(user, address, &word, sizeof(word)), VMK_OK);
	assert_int_equal(space_copy_in(user, &word, address, sizeof(word)), VMK_OK);
	assert_int_equal(word, 0);
	assert_int_equal(space_alloc(user, 1, URW | PROT_SHADOW, &address), VMK_BAD_PARAM);
	assert_int_equal(space_alloc(user, 1, URX | PROT_SHADOW, &address), VMK_BAD_PARAM);
	assert_int_equal(space_alloc(kernel_space(), 1, UR | PROT_SHADOW, &address), VMK_BAD_PARAM);
	assert_int_equal(space_alloc(user, 1, PROT_R | PROT_SHADOW, &address), VMK_BAD_PARAM);
}

/* Only calls write it, but what is below its end may be laid there before. */
static void kernel_stacks_have_shadow_stacks(void **state)
{
	struct ptable_leaf leaf;
	const uint64_t words[] = {7, 8};
	uint64_t heard[3];
	uintptr_t end;

	assert_int_equal(shadow_stack_alloc(&end), VMK_OK);
	assert_true(ptable_find(&kernel_space()->table, end - PAGE_SIZE, &leaf));
	assert_int_equal(leaf.entry & (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_DIRTY | PTE_NX),
		PTE_PRESENT | PTE_DIRTY | PTE_NX);
	shadow_stack_lay(end, words, 2);
	window_read(
		heard, hpa((leaf.entry & PTE_FRAME) + PAGE_SIZE - sizeof(heard)), sizeof(heard));
	assert_int_equal(heard[0], 0);
	assert_int_equal(heard[1], 7);
	assert_int_equal(heard[2], 8);
	assert_true(frames_any_private(hpa_pfn(hpa(leaf.entry & PTE_FRAME)), 1));
	assert_false(ptable_any(&kernel_space()->table, end, PAGE_SIZE));
	shadow_stack_free(end);
	assert_false(ptable_any(&kernel_space()->table, end - PAGE_SIZE, PAGE_SIZE));
}

static void seal(uintptr_t page)
{
	struct space *kernel = kernel_space();

	assert_int_equal(
		ptable_protect(&kernel->table, page, PAGE_SIZE, prot_flags(kernel, PROT_R)),
		VMK_OK);
}

/* Ring 3's own tables: what was let in, nothing else, whatever is mapped before and after. */
static void ring_3_sees_only_the_gate(void **state)
{
	struct gate_audit audit;
	struct ptable view = {.ops = &space_ptable_ops};
	struct ptable_leaf leaf;
	struct space *isolated;
	uintptr_t address, other;
	void *top, *sealed;

	predict_isolate = true;
	assert_int_equal(stack_alloc(1, &top), VMK_OK);
	assert_int_equal(stack_alloc(1, &sealed), VMK_OK);
	assert_int_equal(gate_add((uint8_t *)top - PAGE_SIZE, PAGE_SIZE, true), VMK_OK);
	assert_int_equal(gate_add((uint8_t *)sealed - PAGE_SIZE, PAGE_SIZE, false), VMK_OK);
	assert_int_equal(gate_add((uint8_t *)top, 1, true), VMK_NOT_FOUND);
	assert_int_equal(space_create(&isolated), VMK_OK);
	assert_int_equal(space_alloc(isolated, PAGE_SIZE, URW, &address), VMK_OK);
	assert_int_equal(stack_alloc(1, (void **)&other), VMK_OK);
	view.root = isolated->table.mirror;
	assert_true(ptable_find(&view, address, &leaf));
	assert_true(ptable_find(&view, (uintptr_t)top - PAGE_SIZE, &leaf));
	assert_int_equal(leaf.entry & (PTE_GLOBAL | PTE_USER | PTE_WRITE), PTE_WRITE);
	assert_true(ptable_find(&view, (uintptr_t)sealed - PAGE_SIZE, &leaf));
	assert_int_equal(leaf.entry & PTE_WRITE, 0);
	assert_false(ptable_find(&view, other - PAGE_SIZE, &leaf));
	gate_audit(&audit);
	assert_int_equal(audit.pages, 2);
	assert_int_equal(audit.spaces, 2); /* `user` was made before tables were split */
	assert_int_equal(audit.wrong, 1);
	/* A page that is sealed later than the gate was opened for it. */
	seal((uintptr_t)sealed - PAGE_SIZE);
	gate_audit(&audit);
	assert_int_equal(audit.wrong, 1);
	seal((uintptr_t)top - PAGE_SIZE);
	gate_audit(&audit);
	assert_int_equal(audit.wrong, 2);
	space_destroy(isolated, NULL);
	predict_isolate = false;
}

static void refuses_nonsense(void **state)
{
	uintptr_t address;

	assert_int_equal(space_alloc(user, 0, URW, &address), VMK_BAD_PARAM);
	assert_int_equal(space_alloc(user, SIZE_MAX, URW, &address), VMK_BAD_PARAM);
	assert_int_equal(space_alloc(user, SIZE_MAX / 2, URW, &address), VMK_NO_PLACE);
	assert_int_equal(space_alloc(user, 1, PROT_R | PROT_W, &address), VMK_BAD_PARAM);
	assert_int_equal(space_alloc(user, 1, PROT_USER | PROT_W, &address), VMK_BAD_PARAM);
	assert_int_equal(space_alloc(kernel_space(), 1, URW, &address), VMK_BAD_PARAM);
	assert_int_equal(space_alloc_at(user, 0x10001, 1, URW), VMK_BAD_PARAM);
	assert_int_equal(space_alloc_at(user, 0, 1, URW), VMK_BAD_ADDRESS);
	assert_int_equal(space_alloc_at(user, USER_END, 1, URW), VMK_BAD_ADDRESS);
	assert_int_equal(
		space_alloc_at(user, USER_END - PAGE_SIZE, 2 * PAGE_SIZE, URW), VMK_BAD_ADDRESS);
	assert_int_equal(space_alloc_at(user, KERNEL_HALF, 1, URW), VMK_BAD_ADDRESS);
	assert_int_equal(space_free(user, KERNEL_HALF, PAGE_SIZE), VMK_BAD_ADDRESS);
	assert_int_equal(space_free(user, 0x10000, PAGE_SIZE), VMK_NOT_FOUND);
	assert_int_equal(space_protect(user, 0x10000, PAGE_SIZE, UR), VMK_NOT_FOUND);
	assert_int_equal(space_protect(user, 0x10000, SIZE_MAX, UR), VMK_BAD_PARAM);
}

static void loads_an_image_into_a_reserved_range(void **state)
{
	uintptr_t base;
	char text[4];

	assert_int_equal(space_reserve(user, 4 * PAGE_SIZE, &base), VMK_OK);
	assert_int_equal(space_copy_in(user, text, base, 4), VMK_BAD_ADDRESS);
	assert_int_equal(space_alloc_at(user, base, PAGE_SIZE, URX), VMK_OK);
	assert_int_equal(space_alloc_at(user, base + 2 * PAGE_SIZE, 2 * PAGE_SIZE, URW), VMK_OK);
	assert_int_equal(space_alloc_at(user, base, PAGE_SIZE, UR), VMK_EXISTS);
	assert_int_equal(space_alloc_at(user, base + 3 * PAGE_SIZE, 2 * PAGE_SIZE, UR), VMK_EXISTS);
	assert_int_equal(space_alloc_at(user, base - PAGE_SIZE, 2 * PAGE_SIZE, UR), VMK_EXISTS);
	assert_int_equal(space_write(user, base + 10, "abcd", 4), VMK_OK);
	assert_int_equal(space_copy_in(user, text, base + 10, 4), VMK_OK);
	assert_memory_equal(text, "abcd", 4);
	assert_int_equal(space_write(user, base + PAGE_SIZE - 2, "abcd", 4), VMK_BAD_ADDRESS);
	assert_int_equal(flags_at(user, base), PTE_PRESENT | PTE_USER);
	assert_int_equal(space_protect(user, base, PAGE_SIZE, URX), VMK_OK);
	/* What was executed once is not written any more, not even when it cannot be executed. */
	assert_int_equal(space_protect(user, base, PAGE_SIZE, URW), VMK_DENIED);
	assert_int_equal(space_protect(user, base, PAGE_SIZE, UR), VMK_OK);
	assert_int_equal(space_protect(user, base, PAGE_SIZE, URW), VMK_DENIED);
	assert_int_equal(space_free(user, base, 4 * PAGE_SIZE), VMK_OK);
	assert_int_equal(flags_at(user, base), 0);
}

static void copies_obey_protection(void **state)
{
	uintptr_t a;
	char text[16] = "0123456789abcde";

	assert_int_equal(space_alloc(user, 2 * PAGE_SIZE, URW, &a), VMK_OK);
	assert_int_equal(space_copy_out(user, a + PAGE_SIZE - 8, text, 16), VMK_OK);
	assert_int_equal(space_protect(user, a + PAGE_SIZE, PAGE_SIZE, UR), VMK_OK);
	assert_int_equal(space_copy_out(user, a + PAGE_SIZE, text, 1), VMK_BAD_ADDRESS);
	assert_int_equal(space_copy_out(user, a + PAGE_SIZE - 8, text, 16), VMK_BAD_ADDRESS);
	memset(text, 0, sizeof(text));
	assert_int_equal(space_copy_in(user, text, a + PAGE_SIZE - 8, 16), VMK_OK);
	assert_string_equal(text, "0123456789abcde");
	assert_int_equal(space_protect(user, a, PAGE_SIZE, PROT_USER), VMK_OK);
	assert_int_equal(space_copy_in(user, text, a, 1), VMK_BAD_ADDRESS);
	assert_int_equal(space_protect(user, a, PAGE_SIZE, URW), VMK_OK);
	assert_int_equal(space_copy_in(user, text, a + PAGE_SIZE - 8, 8), VMK_OK);
	assert_memory_equal(text, "01234567", 8);
}

static void copies_stay_in_the_user_half(void **state)
{
	uintptr_t kernel_address;
	char byte = 1;

	assert_int_equal(
		space_alloc(kernel_space(), PAGE_SIZE, PROT_R | PROT_W, &kernel_address), VMK_OK);
	assert_int_equal(space_copy_in(user, &byte, kernel_address, 1), VMK_BAD_ADDRESS);
	assert_int_equal(space_copy_out(user, kernel_address, &byte, 1), VMK_BAD_ADDRESS);
	assert_int_equal(space_copy_in(user, &byte, USER_END - 1, 2), VMK_BAD_ADDRESS);
	assert_int_equal(space_copy_in(user, &byte, SIZE_MAX, 2), VMK_BAD_ADDRESS);
	assert_int_equal(space_copy_in(user, &byte, 0x10000, SIZE_MAX), VMK_BAD_ADDRESS);
	assert_int_equal(space_copy_in(user, &byte, 0, 0), VMK_OK);
	assert_int_equal(space_free(kernel_space(), kernel_address, PAGE_SIZE), VMK_OK);
}

static uintptr_t flushed;
static uint64_t free_while_flushing;

static void look_while_flushing(struct space *space, uintptr_t address, size_t bytes)
{
	flushed = address;
	assert_int_equal(flags_at(space, address) & PTE_PRESENT, 0);
	/* Neither the frames nor the addresses may be anybody else's yet. */
	assert_int_equal(frames_count(FRAME_FREE), free_while_flushing);
	assert_int_equal(space_alloc_at(space, address, bytes, URW), VMK_EXISTS);
}

static void frees_only_after_every_tlb_forgot(void **state)
{
	uintptr_t a;

	assert_int_equal(space_alloc(user, 3 * PAGE_SIZE, URW, &a), VMK_OK);
	machine_on_flush = look_while_flushing;
	free_while_flushing = frames_count(FRAME_FREE);
	assert_int_equal(space_free(user, a, 3 * PAGE_SIZE), VMK_OK);
	assert_int_equal(flushed, a);
	/* With the page table that held nothing else, and the table above it. */
	assert_int_equal(frames_count(FRAME_FREE), free_while_flushing + 3 + 2);
	machine_on_flush = NULL;
	assert_int_equal(space_alloc_at(user, a, PAGE_SIZE, URW), VMK_OK);
}

static void interfere_while_flushing(struct space *space, uintptr_t address, size_t bytes)
{
	machine_on_flush = NULL;
	assert_int_equal(space_protect(space, address, PAGE_SIZE, URW), VMK_NOT_FOUND);
	assert_int_equal(flags_at(space, address) & PTE_PRESENT, 0);
	assert_int_equal(space_alloc_at(space, address + PAGE_SIZE, PAGE_SIZE, URW), VMK_EXISTS);
	assert_int_equal(space_map_foreign(space, address + PAGE_SIZE, hpa(PAGE_SIZE), PAGE_SIZE),
		VMK_BAD_PARAM);
	assert_int_equal(space_free(space, address, bytes), VMK_NOT_FOUND);
}

/* No second flush would come: what is there again by the end would outlive its frame in a TLB. */
static void nothing_comes_back_while_it_leaves(void **state)
{
	uintptr_t a;

	assert_int_equal(space_reserve(user, 2 * PAGE_SIZE, &a), VMK_OK);
	assert_int_equal(space_alloc_at(user, a, PAGE_SIZE, URW), VMK_OK);
	machine_on_flush = interfere_while_flushing;
	assert_int_equal(space_free(user, a, 2 * PAGE_SIZE), VMK_OK);
	assert_null(machine_on_flush);
	assert_int_equal(space_alloc_at(user, a, 2 * PAGE_SIZE, URW), VMK_OK);
	assert_int_equal(space_protect(user, a, PAGE_SIZE, UR), VMK_OK);
}

/* However full the list of ranges is: the heap takes a failure for a mistake of its caller. */
static void giving_back_takes_no_memory(void **state)
{
	enum { COUNT = PAGE_SIZE / sizeof(struct range) - 1 };
	uintptr_t places[COUNT];

	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(space_reserve(user, 3 * PAGE_SIZE, &places[i]), VMK_OK);
	machine_allocations_left = 0;
	assert_int_equal(space_free(user, places[0] + PAGE_SIZE, PAGE_SIZE), VMK_NO_MEMORY);
	assert_int_equal(space_free(user, places[0] + PAGE_SIZE, 2 * PAGE_SIZE), VMK_OK);
	assert_int_equal(space_free(user, places[0], PAGE_SIZE), VMK_OK);
	for (unsigned i = 1; i < COUNT; i++)
		assert_int_equal(space_free(user, places[i], 3 * PAGE_SIZE), VMK_OK);
}

#define TABLE_BYTES (1ull << PD_SHIFT)

static uintptr_t neighbour;

static void map_neighbour(struct space *space, uintptr_t address, size_t bytes)
{
	assert_int_equal(space_alloc_at(space, neighbour, PAGE_SIZE, URW), VMK_OK);
}

/* Somebody maps beside what is being freed: the table is in use again, and stays. */
static void a_table_comes_back_into_use(void **state)
{
	uintptr_t a = 0x40000000;

	neighbour = a + 2 * PAGE_SIZE;
	assert_int_equal(space_alloc_at(user, a, PAGE_SIZE, URW), VMK_OK);
	machine_on_flush = map_neighbour;
	assert_int_equal(space_free(user, a, PAGE_SIZE), VMK_OK);
	machine_on_flush = NULL;
	assert_int_equal(flags_at(user, neighbour), PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_NX);
	assert_true(is_seen_by_processor(user, neighbour));
	assert_int_equal(space_free(user, neighbour, PAGE_SIZE), VMK_OK);
}

/* The same when the neighbour was only hidden. */
static void a_hidden_page_is_seen_again(void **state)
{
	uintptr_t a = 0x40000000, hidden = a + 5 * PAGE_SIZE;

	assert_int_equal(space_alloc_at(user, a, PAGE_SIZE, URW), VMK_OK);
	assert_int_equal(space_alloc_at(user, hidden, PAGE_SIZE, URW), VMK_OK);
	assert_int_equal(space_protect(user, hidden, PAGE_SIZE, PROT_USER), VMK_OK);
	assert_int_equal(space_free(user, a, PAGE_SIZE), VMK_OK);
	assert_false(is_seen_by_processor(user, hidden));
	assert_int_equal(space_protect(user, hidden, PAGE_SIZE, URW), VMK_OK);
	assert_true(is_seen_by_processor(user, hidden));
	assert_int_equal(space_free(user, hidden, PAGE_SIZE), VMK_OK);
}

/* Random places in the kernel's half, which is never torn down. */
static void rounds_leave_no_tables(void **state)
{
	uint64_t before = frames_count(FRAME_FREE);

	for (unsigned i = 0; i < 1000; i++) {
		uintptr_t a, b;

		assert_int_equal(
			space_alloc(kernel_space(), (1 + i % 5) * PAGE_SIZE, PROT_R | PROT_W, &a),
			VMK_OK);
		assert_int_equal(space_alloc(kernel_space(), i % 97 ? 1 : TABLE_BYTES + PAGE_SIZE,
					 PROT_R | PROT_W, &b),
			VMK_OK);
		assert_int_equal(space_free(kernel_space(), a, (1 + i % 5) * PAGE_SIZE), VMK_OK);
		assert_int_equal(
			space_free(kernel_space(), b, i % 97 ? 1 : TABLE_BYTES + PAGE_SIZE),
			VMK_OK);
		assert_int_equal(frames_count(FRAME_FREE), before);
	}
}

static void frees_parts(void **state)
{
	uintptr_t a;

	assert_int_equal(space_alloc(user, 5 * PAGE_SIZE, URW, &a), VMK_OK);
	assert_int_equal(space_free(user, a + 2 * PAGE_SIZE, PAGE_SIZE), VMK_OK);
	assert_int_not_equal(flags_at(user, a + PAGE_SIZE), 0);
	assert_int_equal(flags_at(user, a + 2 * PAGE_SIZE), 0);
	assert_int_not_equal(flags_at(user, a + 3 * PAGE_SIZE), 0);
	assert_int_equal(space_free(user, a + PAGE_SIZE, 2 * PAGE_SIZE), VMK_NOT_FOUND);
	assert_int_equal(space_free(user, a, PAGE_SIZE), VMK_OK);
	assert_int_equal(space_free(user, a + PAGE_SIZE, PAGE_SIZE), VMK_OK);
	assert_int_equal(space_free(user, a + 4 * PAGE_SIZE, PAGE_SIZE), VMK_OK);
	assert_int_equal(space_free(user, a + 3 * PAGE_SIZE, PAGE_SIZE), VMK_OK);
}

/* Let every single allocation fail once; the teardown sees that nothing is lost. */
static void survives_every_failed_allocation(void **state)
{
	for (uint64_t left = 0; left < 30; left++) {
		struct space *other;
		uintptr_t a;

		machine_allocations_left = left;
		if (space_create(&other) == VMK_OK) {
			if (space_alloc(other, 5 * PAGE_SIZE, URW, &a) == VMK_OK)
				assert_int_equal(flags_at(other, a) & PTE_PRESENT, PTE_PRESENT);
			space_alloc_at(other, 0x400000, 9 * PAGE_SIZE, URX);
			space_destroy(other, NULL);
		}
	}
}

static void stacks_have_guards(void **state)
{
	void *top;

	assert_int_equal(stack_alloc(2, &top), VMK_OK);
	assert_int_equal((uintptr_t)top % PAGE_SIZE, 0);
	assert_int_not_equal(flags_at(kernel_space(), (uintptr_t)top - 1), 0);
	assert_int_not_equal(flags_at(kernel_space(), (uintptr_t)top - 2 * PAGE_SIZE), 0);
	assert_int_equal(flags_at(kernel_space(), (uintptr_t)top), 0);
	assert_int_equal(flags_at(kernel_space(), (uintptr_t)top - 2 * PAGE_SIZE - 1), 0);
	assert_true(PANICS(stack_free(top, 1)));
	stack_free(top, 2);
	assert_true(PANICS(stack_free(top, 2)));
}

/* The page table that the last copy went through is gone by the next one. */
static void copies_forget_tables_that_are_freed(void **state)
{
	const uintptr_t base = 0x40000000;
	const uint32_t number = 5;
	uint32_t word;

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(space_alloc_at(user, base, PAGE_SIZE, URW), VMK_OK);
		assert_int_equal(space_copy_in(user, &word, base, sizeof(word)), VMK_OK);
		assert_int_equal(word, 0);
		assert_int_equal(space_copy_out(user, base, &number, sizeof(number)), VMK_OK);
		assert_int_equal(space_free(user, base, PAGE_SIZE), VMK_OK);
		assert_int_equal(space_copy_in(user, &word, base, sizeof(word)), VMK_BAD_ADDRESS);
	}
}

static uint64_t free_before, pieces, largest_piece;

/* Others have the CPU then: no lock is held, and so many frames are free since the last time. */
static void give_way(void)
{
	const uint64_t now = frames_count(FRAME_FREE);
	const uint64_t saved = spin_lock(&kernel_space()->lock);

	spin_unlock(&kernel_space()->lock, saved);
	largest_piece = MAX(largest_piece, now - free_before);
	free_before = now;
	pieces++;
}

/* Many frames in few tables, and many tables with a frame each. */
static void a_space_goes_in_pieces(void **state)
{
	enum { PAGES = 2000, TABLES = 600, AT_ONCE = 512 };
	const uintptr_t base = 0x40000000, sparse = base + (1ull << PDPT_SHIFT);
	struct space *large;
	uint64_t before = frames_count(FRAME_FREE);

	assert_int_equal(space_create(&large), VMK_OK);
	assert_int_equal(space_alloc_at(large, base, PAGES * PAGE_SIZE, URW), VMK_OK);
	for (unsigned i = 0; i < TABLES; i++)
		assert_int_equal(
			space_alloc_at(large, sparse + i * TABLE_BYTES, PAGE_SIZE, URW), VMK_OK);
	free_before = frames_count(FRAME_FREE);
	pieces = largest_piece = 0;
	space_destroy(large, give_way);
	assert_in_range(pieces, (PAGES + 2 * TABLES) / AT_ONCE, (PAGES + 2 * TABLES) / AT_ONCE + 1);
	assert_in_range(largest_piece, AT_ONCE, AT_ONCE);
	assert_int_equal(frames_count(FRAME_FREE), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define LEAK_FREE(test) cmocka_unit_test_setup_teardown(test, fresh, no_leak)
		LEAK_FREE(fresh_memory_is_zero_and_guarded),
		LEAK_FREE(refuses_writable_and_executable),
		LEAK_FREE(shadow_stacks_are_written_by_calls_alone),
		LEAK_FREE(kernel_stacks_have_shadow_stacks),
		cmocka_unit_test_setup_teardown(ring_3_sees_only_the_gate, fresh, no_user_leak),
		LEAK_FREE(refuses_nonsense),
		LEAK_FREE(loads_an_image_into_a_reserved_range),
		LEAK_FREE(copies_obey_protection),
		LEAK_FREE(copies_forget_tables_that_are_freed),
		LEAK_FREE(a_space_goes_in_pieces),
		cmocka_unit_test_setup_teardown(copies_stay_in_the_user_half, fresh, no_user_leak),
		LEAK_FREE(frees_only_after_every_tlb_forgot),
		LEAK_FREE(nothing_comes_back_while_it_leaves),
		LEAK_FREE(giving_back_takes_no_memory),
		LEAK_FREE(a_table_comes_back_into_use),
		LEAK_FREE(a_hidden_page_is_seen_again),
		cmocka_unit_test_setup_teardown(rounds_leave_no_tables, fresh, no_user_leak),
		LEAK_FREE(frees_parts),
		LEAK_FREE(survives_every_failed_allocation),
		cmocka_unit_test_setup_teardown(stacks_have_guards, fresh, no_user_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
