/*
 * What clang calls for each access with -fsanitize=thread (compiler-rt's
 * include/sanitizer/tsan_interface_atomic.h), for simulated processors. Atomic stores may wait in a
 * buffer; a plain access to what waits there empties it first. Plain stores are seen at once: that
 * is as good where locks guard them, since whoever takes the lock sees the stores before its
 * release too.
 */
#include "fuzz/models/simcpu_memory.h"

#include "fuzz/models/simcpu.h"

#include <stddef.h>
#include <string.h>

#define STORES    16u
#define READS_MAX 64u /* in a row: who reads on and on waits for what another one writes */

struct store {
	uintptr_t at;
	uint64_t value;
	uint8_t bytes;
};
static struct buffer {
	uint64_t words; /* a bit for each eight bytes that a store lies in, by address modulo 64 */
	unsigned count;
	unsigned reads; /* since it wrote something */
	struct store stores[STORES];
} buffers[SIMCPU_CPUS];
static struct buffer *own = buffers; /* of the processor that runs, or ran last */
static bool buffered;

void simcpu_memory_reset(bool tso)
{
	memset(buffers, 0, sizeof(buffers));
	buffered = tso;
}

void simcpu_memory_is(unsigned cpu)
{
	own = &buffers[cpu];
}

/* Of up to nine bytes; most accesses share none with any store that waits. */
static inline uint64_t words_of(uintptr_t at, size_t bytes)
{
	return 1ull << at / 8 % 64 | 1ull << (at + bytes - 1) / 8 % 64;
}

void simcpu_memory_drain(unsigned cpu, uint32_t count)
{
	struct buffer *buffer = &buffers[cpu];

	if (!buffer->count)
		return;
	count = count < buffer->count ? count : buffer->count;
	for (unsigned i = 0; i < count; i++)
		memcpy((void *)buffer->stores[i].at, &buffer->stores[i].value,
			buffer->stores[i].bytes);
	buffer->count -= count;
	memmove(buffer->stores, buffer->stores + count, buffer->count * sizeof(buffer->stores[0]));
	buffer->words = 0;
	for (unsigned i = 0; i < buffer->count; i++)
		buffer->words |= words_of(buffer->stores[i].at, buffer->stores[i].bytes);
}

static void drain_own(void)
{
	if (own->count)
		simcpu_memory_drain((unsigned)(own - buffers), UINT32_MAX);
}

static void look_for(uintptr_t at, size_t bytes)
{
	for (unsigned i = 0; i < own->count; i++) {
		const struct store *store = &own->stores[i];

		if (at < store->at + store->bytes && store->at < at + bytes) {
			drain_own();
			return;
		}
	}
}

static inline void before_plain(const volatile void *at, size_t bytes)
{
	if (bytes > 8 ? own->words : own->words & words_of((uintptr_t)at, bytes))
		look_for((uintptr_t)at, bytes);
}

static void put(volatile void *at, uint64_t value, uint8_t bytes)
{
	if (own->count == STORES)
		simcpu_memory_drain((unsigned)(own - buffers), 1);
	own->words |= words_of((uintptr_t)at, bytes);
	own->stores[own->count++] = (struct store){(uintptr_t)at, value, bytes};
}

/* --- plain accesses */

void __tsan_init(void);
void *__tsan_memset(void *to, int value, size_t bytes);
void *__tsan_memcpy(void *to, const void *from, size_t bytes);
void *__tsan_memmove(void *to, const void *from, size_t bytes);
void __tsan_read_range(const void *at, size_t bytes);
void __tsan_write_range(void *at, size_t bytes);

void __tsan_init(void)
{
}
void *__tsan_memset(void *to, int value, size_t bytes)
{
	before_plain(to, bytes);
	return memset(to, value, bytes);
}
void *__tsan_memcpy(void *to, const void *from, size_t bytes)
{
	before_plain(to, bytes);
	before_plain(from, bytes);
	return memcpy(to, from, bytes);
}
void *__tsan_memmove(void *to, const void *from, size_t bytes)
{
	before_plain(to, bytes);
	before_plain(from, bytes);
	return memmove(to, from, bytes);
}
void __tsan_read_range(const void *at, size_t bytes)
{
	before_plain(at, bytes);
}
void __tsan_write_range(void *at, size_t bytes)
{
	before_plain(at, bytes);
}

#define PLAIN(name, n)               \
	void name(const void *at);   \
	void name(const void *at)    \
	{                            \
		before_plain(at, n); \
	}
#define PLAIN_BOTH(n)                       \
	PLAIN(__tsan_read##n, n)            \
	PLAIN(__tsan_write##n, n)           \
	PLAIN(__tsan_unaligned_read##n, n)  \
	PLAIN(__tsan_unaligned_write##n, n) \
	PLAIN(__tsan_read_write##n, n)      \
	PLAIN(__tsan_unaligned_read_write##n, n)
PLAIN_BOTH(1)
PLAIN_BOTH(2)
PLAIN_BOTH(4)
PLAIN_BOTH(8)
PLAIN_BOTH(16)

/* --- atomic accesses: before each another processor may go on */

static void before_read(void)
{
	if (++own->reads < READS_MAX || !simcpu_is_running()) {
		simcpu_access();
		return;
	}
	own->reads = 0;
	simcpu_spin();
}

static void before_write(void)
{
	own->reads = 0;
	simcpu_access();
}

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_signal_fence(int order);

void __tsan_atomic_thread_fence(int order)
{
	simcpu_access();
	if (order == __ATOMIC_SEQ_CST)
		drain_own();
}
void __tsan_atomic_signal_fence(int order)
{
}

/* Read, change, write: a locked instruction. */
#define RMW(bits, name, expression)                                            \
	uint##bits##_t __tsan_atomic##bits##_##name(                           \
		volatile uint##bits##_t *at, uint##bits##_t value, int order); \
	uint##bits##_t __tsan_atomic##bits##_##name(                           \
		volatile uint##bits##_t *at, uint##bits##_t value, int order)  \
	{                                                                      \
		uint##bits##_t old;                                            \
                                                                               \
		before_write();                                                \
		drain_own();                                                   \
		old = *at;                                                     \
		*at = (uint##bits##_t)(expression);                            \
		return old;                                                    \
	}

#define ATOMICS(bits)                                                                            \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *at, int order); \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *at, int order)  \
	{                                                                                        \
		before_read();                                                                   \
		before_plain(at, bits / 8);                                                      \
		return *at;                                                                      \
	}                                                                                        \
	void __tsan_atomic##bits##_store(                                                        \
		volatile uint##bits##_t *at, uint##bits##_t value, int order);                   \
	void __tsan_atomic##bits##_store(                                                        \
		volatile uint##bits##_t *at, uint##bits##_t value, int order)                    \
	{                                                                                        \
		before_write();                                                                  \
		if (buffered && simcpu_is_running() && order != __ATOMIC_SEQ_CST) {              \
			put(at, value, bits / 8);                                                \
			return;                                                                  \
		}                                                                                \
		drain_own();                                                                     \
		*at = value;                                                                     \
	}                                                                                        \
	RMW(bits, exchange, value)                                                               \
	RMW(bits, fetch_add, old + value)                                                        \
	RMW(bits, fetch_sub, old - value)                                                        \
	RMW(bits, fetch_and, old &value)                                                         \
	RMW(bits, fetch_or, old | value)                                                         \
	RMW(bits, fetch_xor, old ^ value)                                                        \
	uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(volatile uint##bits##_t *at,   \
		uint##bits##_t expected, uint##bits##_t next, int order, int failure);           \
	uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(volatile uint##bits##_t *at,   \
		uint##bits##_t expected, uint##bits##_t next, int order, int failure)            \
	{                                                                                        \
		uint##bits##_t old;                                                              \
                                                                                                 \
		before_write();                                                                  \
		drain_own();                                                                     \
		old = *at;                                                                       \
		if (old == expected)                                                             \
			*at = next;                                                              \
		return old;                                                                      \
	}
ATOMICS(8)
ATOMICS(16)
ATOMICS(32)
ATOMICS(64)
