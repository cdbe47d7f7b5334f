#include "kernel/worlds/hostile/calls.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmkuser/libvmkuser.h>

#include "kernel/worlds/hostile/generator.h"
#include "kernel/worlds/hostile/raw.h"

#define KERNEL_HALF   0xffff800000000000ull
#define LAST_PAGES    0xffffffffffff0000ull /* small negative numbers, and no kernel's */
#define LOOK_ALL_EACH 4096u

static struct {
	struct generator generator;
	uint64_t made, answers[VMK_STATUS_COUNT], leaks, broken;
} run;

static bool looks_like_kernel(uint64_t word)
{
	return word >= KERNEL_HALF && word < LAST_PAGES;
}

/* One line; the log may be full for a while. */
static void say(const char *text)
{
	while (vmku_log(text, strlen(text)) == VMK_NO_RESOURCES)
		vmku_wait(NULL, 0, 100000000, NULL);
}

static void complain(uint64_t *count, const char *what, const uint64_t call[7], uint64_t found)
{
	char line[200];

	if ((*count)++ > 4)
		return;
	snprintf(line, sizeof(line), "calls: %s 0x%llx after number %lld, call %llu", what,
		(unsigned long long)found, (long long)call[0], (unsigned long long)run.made);
	say(line);
}

/* Memory that the kernel fills with what may look like anything. */
static bool is_random(uint64_t number)
{
	return number == VMK_SYS_RANDOM || number == VMK_SYS_TRUST_LOG ||
	       number == VMK_SYS_TRUST_QUOTE || number == VMK_SYS_PORT_RECV;
}

static void look_at(const uint64_t call[7], size_t from, size_t bytes)
{
	const size_t end = from + bytes < ARENA_BYTES ? from + bytes : ARENA_BYTES;

	for (size_t at = from & ~7ull; at + 8 <= end; at += 8) {
		uint64_t *word = (uint64_t *)(void *)(run.generator.arena + at);

		if (!looks_like_kernel(*word))
			continue;
		complain(&run.leaks, "memory has", call, *word);
		*word = 0;
	}
}

/* Names and digests of modules may look like anything, too. */
static bool is_digest(const uint64_t call[7])
{
	return call[0] == VMK_SYS_INFO && call[2] == VMK_INFO_MODULE;
}

/* What the call may have written, beginning at each argument that points into the arena. */
static void look_behind(const uint64_t call[7])
{
	for (unsigned i = 1; i < 7; i++) {
		const uint64_t offset = call[i] - (uint64_t)(uintptr_t)run.generator.arena;

		if (offset >= ARENA_BYTES)
			continue;
		if (is_random(call[0]) || is_digest(call))
			memset(run.generator.arena + offset, 0, ARENA_BYTES - offset);
		else
			look_at(call, offset, 4096);
	}
}

static void check_registers(const uint64_t call[7], const struct raw *before, const struct raw *raw)
{
	for (unsigned i = RAW_ARGUMENT; i < RAW_LOST; i++)
		if (i != RAW_VALUE && raw->regs[i] != before->regs[i])
			complain(&run.broken, "a register was changed to", call, raw->regs[i]);
	if (raw->regs[RAW_NUMBER] >= VMK_STATUS_COUNT)
		complain(&run.broken, "status", call, raw->regs[RAW_NUMBER]);
	if (raw->regs[RAW_NUMBER] != VMK_OK && raw->regs[RAW_VALUE] != 0)
		complain(&run.broken, "a value with a failure", call, raw->regs[RAW_VALUE]);
	for (unsigned i = RAW_LOST; i < RAW_COUNT; i++)
		if (looks_like_kernel(raw->regs[i]))
			complain(&run.leaks, "a register has", call, raw->regs[i]);
	if (looks_like_kernel(raw->regs[RAW_VALUE]))
		complain(&run.leaks, "the value is", call, raw->regs[RAW_VALUE]);
}

/* The thread pointer may be any address afterwards: nothing but this function runs until it is set
 * again. */
__attribute__((no_stack_protector, noinline)) static void make(struct raw *raw, const void *tls)
{
	raw_call(raw);
	vmku_set_tls(tls);
}

static const void *thread_pointer(void)
{
	const void *tls;

	__asm__("movq %%fs:0, %0" : "=r"(tls));
	return tls;
}

static void one_call(const void *tls)
{
	struct generator *g = &run.generator;
	uint64_t call[7], address, bytes;
	struct raw before = {0}, raw;

	generator_call(g, call);
	memcpy(before.regs, call, sizeof(call));
	for (unsigned i = 0; i < RAW_LOST - RAW_KEPT; i++)
		before.regs[RAW_KEPT + i] = 0x1111111111111111ull * (i + 1);
	raw = before;
	make(&raw, tls);
	run.made++;
	check_registers(call, &before, &raw);
	run.answers[raw.regs[RAW_NUMBER] % VMK_STATUS_COUNT]++;
	look_behind(call); /* also what was begun and then refused */
	if (raw.regs[RAW_NUMBER] == VMK_OK) {
		generator_learn(g, call, raw.regs[RAW_VALUE], &address, &bytes);
		if (bytes)
			vmku_unmap((void *)(uintptr_t)address, bytes);
	}
	if (run.made % LOOK_ALL_EACH == 0)
		look_at(call, 0, ARENA_BYTES);
}

static void report(uint64_t seed)
{
	char line[400];
	int used = snprintf(line, sizeof(line),
		"calls: %llu made, seed %llx, %llu denied, %llu addresses leaked, %llu broken;",
		(unsigned long long)run.made, (unsigned long long)seed,
		(unsigned long long)run.answers[VMK_DENIED], (unsigned long long)run.leaks,
		(unsigned long long)run.broken);

	for (unsigned i = 0; i < VMK_STATUS_COUNT; i++)
		if (run.answers[i] && used < (int)sizeof(line))
			used += snprintf(line + used, sizeof(line) - (size_t)used, " %s %llu",
				vmk_status_name((enum vmk_status)i),
				(unsigned long long)run.answers[i]);
	say(line);
}

int hostile_calls(const char *count_and_seed)
{
	char *end, line[80];
	const uint64_t count = strtoull(count_and_seed, &end, 10);
	const void *tls = thread_pointer();
	uint32_t seed;
	void *arena;

	if (*end == '-')
		seed = (uint32_t)strtoul(end + 1, NULL, 16);
	else if (vmku_random(&seed, sizeof(seed)) != VMK_OK)
		return 1;
	if (vmku_map(ARENA_BYTES, VMK_PROT_READ | VMK_PROT_WRITE, &arena) != VMK_OK)
		return 1;
	snprintf(line, sizeof(line), "calls: %llu with seed %x", (unsigned long long)count, seed);
	say(line);
	generator_init(&run.generator, seed, arena);
	while (run.made < count)
		one_call(tls);
	report(seed);
	return run.leaks || run.broken;
}
