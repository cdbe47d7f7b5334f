/* Bitmaps in arrays of 64-bit words. Pure; callers do the locking. */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include "lib/types.h"

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)
#define BITMAP_NONE        SIZE_MAX

static inline bool bitmap_test(const uint64_t *map, size_t bit)
{
	return map[bit / 64] >> (bit % 64) & 1;
}
static inline void bitmap_set(uint64_t *map, size_t bit)
{
	map[bit / 64] |= 1ull << (bit % 64);
}
static inline void bitmap_clear(uint64_t *map, size_t bit)
{
	map[bit / 64] &= ~(1ull << (bit % 64));
}
/* gcc would call libgcc for __builtin_popcount(). */
static inline unsigned bitmap_count(uint64_t word)
{
	unsigned count = 0;

	for (; word; word &= word - 1)
		count++;
	return count;
}
/* The first bit of that value in [from, bits), or BITMAP_NONE. */
static inline size_t bitmap_next(const uint64_t *map, size_t bits, size_t from, bool value)
{
	while (from < bits) {
		uint64_t word = (value ? map[from / 64] : ~map[from / 64]) >> (from % 64);

		if (word) {
			from += (size_t)__builtin_ctzll(word);
			return from < bits ? from : BITMAP_NONE;
		}
		from = ALIGN_DOWN(from, 64) + 64;
	}
	return BITMAP_NONE;
}
/* The same, going on from 0 when the end is reached. */
static inline size_t bitmap_next_cyclic(const uint64_t *map, size_t bits, size_t from, bool value)
{
	size_t found = bitmap_next(map, bits, from, value);

	return found != BITMAP_NONE ? found : bitmap_next(map, MIN(from, bits), 0, value);
}

#endif
