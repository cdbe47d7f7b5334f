/*
 * What clang calls for each atomic access with -fsanitize=thread (compiler-rt's
 * include/sanitizer/tsan_interface_atomic.h), for simulated processors. Stores that wait in the
 * buffer of the processor that runs are in memory, where it has to see them itself; they are taken
 * out when another one goes on, and come back when it does. So plain accesses need no calls. Plain
 * stores are seen at once: that is as good where locks guard them, since whoever takes the lock
 * sees the stores before its release too. One to what waits ends the waiting of all.
 */
#include "fuzz/models/simcpu_memory.h"

#include "fuzz/models/simcpu.h"
#include "lib/types.h"

#include <stddef.h>
#include <string.h>

#define STORES    16u
#define READS_MAX 64u /* in a row: who reads on and on waits for what another one writes */

struct store {
	void *at;
	uint64_t value, before; /* what the others see; of the last time that it was put in */
	unsigned bytes;
};
static struct buffer {
	unsigned count;
	unsigned reads; /* since it wrote something */
	struct store stores[STORES];
} buffers[SIMCPU_CPUS + 1]; /* the last stays empty */
static struct buffer *const nobodys = &buffers[SIMCPU_CPUS], *own = nobodys; /* whose turn it is */
static bool buffered;

void simcpu_memory_reset(bool tso)
{
	memset(buffers, 0, sizeof(buffers));
	own = nobodys;
	buffered = tso;
}

static uint64_t get(const void *at, unsigned bytes)
{
	uint64_t value = 0;

	switch (bytes) {
	case 1:
		return *(const uint8_t *)at;
	case 2:
		memcpy(&value, at, 2);
		return value;
	case 4:
		memcpy(&value, at, 4);
		return value;
	default:
		memcpy(&value, at, 8);
		return value;
	}
}

static void set(void *at, uint64_t value, unsigned bytes)
{
	switch (bytes) {
	case 1:
		*(uint8_t *)at = (uint8_t)value;
		return;
	case 2:
		memcpy(at, &value, 2);
		return;
	case 4:
		memcpy(at, &value, 4);
		return;
	default:
		memcpy(at, &value, 8);
	}
}

static void put_in(struct buffer *buffer, unsigned first)
{
	for (unsigned i = first; i < buffer->count; i++) {
		struct store *store = &buffer->stores[i];

		store->before = get(store->at, store->bytes);
		set(store->at, store->value, store->bytes);
	}
}

/* The newest first: they may lie over each other. */
static void take_out(struct buffer *buffer)
{
	for (unsigned i = buffer->count; i-- > 0;) {
		const struct store *store = &buffer->stores[i];

		if (get(store->at, store->bytes) != store->value) {
			put_in(buffer, i + 1);
			buffer->count = 0;
			return;
		}
		set(store->at, store->before, store->bytes);
	}
}

void simcpu_memory_is(unsigned cpu)
{
	struct buffer *next = &buffers[cpu];

	if (next == own)
		return;
	take_out(own);
	own = next;
	put_in(own, 0);
}

static void forget_oldest(struct buffer *buffer, unsigned count)
{
	buffer->count -= count;
	memmove(buffer->stores, buffer->stores + count, buffer->count * sizeof(buffer->stores[0]));
}

void simcpu_memory_drain(unsigned cpu, uint32_t count)
{
	struct buffer *buffer = &buffers[cpu];

	if (!buffer->count)
		return;
	count = MIN(count, buffer->count);
	if (buffer != own) {
		take_out(own);
		for (unsigned i = 0; i < count; i++)
			set(buffer->stores[i].at, buffer->stores[i].value, buffer->stores[i].bytes);
		put_in(own, 0);
	}
	forget_oldest(buffer, count);
}

static void put(void *at, uint64_t value, unsigned bytes)
{
	if (own->count == STORES)
		forget_oldest(own, 1);
	own->stores[own->count++] = (struct store){at, value, get(at, bytes), bytes};
	set(at, value, bytes);
}

/* --- atomic accesses: before each another processor may go on */

static void before_read(void)
{
	if (++own->reads < READS_MAX || own == nobodys) {
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

void __tsan_init(void);
void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_signal_fence(int order);

void __tsan_init(void)
{
}
void __tsan_atomic_thread_fence(int order)
{
	simcpu_access();
	if (order == __ATOMIC_SEQ_CST)
		own->count = 0;
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
		own->count = 0;                                                \
		old = *at;                                                     \
		*at = (uint##bits##_t)(expression);                            \
		return old;                                                    \
	}

#define ATOMICS(bits)                                                                            \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *at, int order); \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *at, int order)  \
	{                                                                                        \
		before_read();                                                                   \
		return *at;                                                                      \
	}                                                                                        \
	void __tsan_atomic##bits##_store(                                                        \
		volatile uint##bits##_t *at, uint##bits##_t value, int order);                   \
	void __tsan_atomic##bits##_store(                                                        \
		volatile uint##bits##_t *at, uint##bits##_t value, int order)                    \
	{                                                                                        \
		before_write();                                                                  \
		if (buffered && own != nobodys && order != __ATOMIC_SEQ_CST) {                   \
			put((void *)(uintptr_t)at, value, bits / 8);                             \
			return;                                                                  \
		}                                                                                \
		own->count = 0;                                                                  \
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
		own->count = 0;                                                                  \
		old = *at;                                                                       \
		if (old == expected)                                                             \
			*at = next;                                                              \
		return old;                                                                      \
	}
ATOMICS(8)
ATOMICS(16)
ATOMICS(32)
ATOMICS(64)
