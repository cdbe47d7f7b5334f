/*
 * A remapping unit in memory, as the specification has it: registers, a queue that it works off,
 * tables that it walks, and caches that keep what they saw until they are told to forget it. Faults
 * are switched on one by one.
 */
#ifndef TESTS_VTD_UNIT_H
#define TESTS_VTD_UNIT_H

#include "vmkdev/vtd.h"
#include <stdlib.h>
#include <string.h>

#define SIM_PAGES   64
#define SIM_BASE    0x10000000ull
#define SIM_CACHE   64
#define SIM_RECORDS 4

struct sim {
	uint8_t registers[VTD_REGISTERS];
	unsigned pages_used, pages_max;
	struct {
		bool valid;
		uint16_t source, domain;
		uint64_t address, to;
		bool writable;
	} cache[SIM_CACHE];
	unsigned cached;
	uint64_t now;
	unsigned context_invalidations, iotlb_invalidations, interrupt_invalidations, flushes;
	char order[128]; /* what was switched on and off */
	/* what does not work */
	uint32_t stuck;     /* GCMD bits that never show in GSTS */
	bool queue_stalls;  /* nothing is worked off */
	bool queue_errors;  /* FSTS.IQE at once */
	bool regions_stuck; /* PMEN.PRS stays */
	uint8_t pages[SIM_PAGES][PAGE_SIZE] __attribute__((aligned(4096))); /* cleared when given */
};

static uint64_t sim_get(const struct sim *s, uint32_t offset, unsigned bytes)
{
	uint64_t v = 0;

	memcpy(&v, s->registers + offset, bytes);
	return v;
}

static void sim_put(struct sim *s, uint32_t offset, uint64_t v, unsigned bytes)
{
	memcpy(s->registers + offset, &v, bytes);
}

static void *sim_at(struct sim *s, uint64_t address)
{
	if (address < SIM_BASE || address >= SIM_BASE + sizeof(s->pages))
		return NULL;
	return (uint8_t *)s->pages + (address - SIM_BASE);
}

static void sim_note(struct sim *s, const char *what)
{
	strncat(s->order, what, sizeof(s->order) - strlen(s->order) - 1);
}

static void sim_forget(struct sim *s, uint64_t low)
{
	bool global = (low >> 4 & 3) == 1;

	for (unsigned i = 0; i < s->cached; i++) {
		if (global || s->cache[i].domain == (uint16_t)(low >> 16))
			s->cache[i].valid = false;
	}
}

static void sim_work(struct sim *s)
{
	uint64_t head = sim_get(s, VTD_IQH, 8) >> 4, tail = sim_get(s, VTD_IQT, 8) >> 4;
	struct vtd_entry *queue = sim_at(s, sim_get(s, VTD_IQA, 8) & ~0xfffull);

	if (s->queue_errors)
		sim_put(s, VTD_FSTS, 1u << 4, 4);
	if (!queue || s->queue_stalls || s->queue_errors || !(sim_get(s, VTD_GSTS, 4) & GCMD_QIE))
		return;
	for (; head != tail; head = (head + 1) % VTD_QUEUE) {
		const struct vtd_entry *d = &queue[head];

		switch (d->low & 0xf) {
		case 1:
			s->context_invalidations++;
			sim_forget(s, d->low);
			break;
		case 2:
			s->iotlb_invalidations++;
			sim_forget(s, d->low);
			break;
		case 4:
			s->interrupt_invalidations++;
			break;
		case 5:
			if (sim_at(s, d->high))
				*(uint32_t *)sim_at(s, d->high) = (uint32_t)(d->low >> 32);
			break;
		default:
			abort();
		}
	}
	sim_put(s, VTD_IQH, head << 4, 8);
}

static void sim_command(struct sim *s, uint32_t command)
{
	static const struct {
		uint32_t bit;
		const char *on, *off;
	} bits[] = {{GCMD_TE, "+TE ", "-TE "}, {GCMD_IRE, "+IRE ", "-IRE "},
		{GCMD_QIE, "+QIE ", "-QIE "}, {GCMD_SRTP, "+SRTP ", ""},
		{GCMD_SIRTP, "+SIRTP ", ""}};
	uint32_t before = (uint32_t)sim_get(s, VTD_GSTS, 4);
	uint32_t once = before & (GCMD_SRTP | GCMD_SIRTP);
	uint32_t after = ((command & ~GCMD_WBF) | once) & ~s->stuck;

	for (unsigned i = 0; i < ARRAY_SIZE(bits); i++) {
		if ((after & ~before) & bits[i].bit)
			sim_note(s, bits[i].on);
		if ((before & ~after) & bits[i].bit)
			sim_note(s, bits[i].off);
	}
	if (command & GCMD_WBF)
		s->flushes++;
	sim_put(s, VTD_GSTS, after | (command & s->stuck & GCMD_WBF), 4);
}

static uint32_t sim_read32(void *context, uint32_t offset)
{
	return (uint32_t)sim_get(context, offset, 4);
}

static void sim_write32(void *context, uint32_t offset, uint32_t value)
{
	struct sim *s = context;
	uint32_t records = CAP_FAULT_OFFSET(sim_get(s, VTD_CAP, 8));

	if (offset == VTD_GCMD) {
		sim_command(s, value);
		return;
	}
	if (offset == VTD_FSTS)
		value = (uint32_t)sim_get(s, VTD_FSTS, 4) & ~value; /* written as ones */
	if (offset == VTD_PMEN) {
		sim_note(s, value & PMEN_EPM ? "+PMR " : "-PMR ");
		value = (value & PMEN_EPM) | (value >> 31 | s->regions_stuck);
	}
	if (offset >= records && value >> 31)
		value = (uint32_t)sim_get(s, offset, 4) & ~value;
	sim_put(s, offset, value, 4);
}

static uint64_t sim_read64(void *context, uint32_t offset)
{
	return sim_get(context, offset, 8);
}

static void sim_write64(void *context, uint32_t offset, uint64_t value)
{
	sim_put(context, offset, value, 8);
	if (offset == VTD_IQT)
		sim_work(context);
}

static void *sim_page_alloc(void *context, struct hpa *address)
{
	struct sim *s = context;

	if (s->pages_used == s->pages_max)
		return NULL;
	*address = hpa(SIM_BASE + s->pages_used * PAGE_SIZE);
	return memset(s->pages[s->pages_used++], 0, PAGE_SIZE);
}

static void *sim_page_at(void *context, struct hpa address)
{
	void *page = sim_at(context, address.v);

	if (!page)
		abort();
	return page;
}

static void sim_write_back(void *context, const void *from, size_t bytes)
{
}

static uint64_t sim_now(void *context)
{
	return ((struct sim *)context)->now;
}

static void sim_pause(void *context)
{
	((struct sim *)context)->now += 10;
}

static const struct vtd_ops sim_ops = {
	.read32 = sim_read32,
	.write32 = sim_write32,
	.read64 = sim_read64,
	.write64 = sim_write64,
	.page_alloc = sim_page_alloc,
	.page_at = sim_page_at,
	.write_back = sim_write_back,
	.now_ms = sim_now,
	.pause = sim_pause,
};

/* 39 and 48 bits, queue, interrupt remapping, extended ids, 4 fault records at 0x400, protected
 * regions on. */
static void sim_init(struct sim *s)
{
	memset(s, 0, offsetof(struct sim, pages));
	s->pages_max = SIM_PAGES;
	sim_put(s, VTD_VER, 0x10, 4);
	sim_put(s, VTD_CAP,
		6 | CAP_PLMR | CAP_SAGAW_39 | CAP_SAGAW_48 | 47ull << 16 | 0x40ull << 24 |
			(SIM_RECORDS - 1ull) << 40 | CAP_DRAIN_READS | CAP_DRAIN_WRITES,
		8);
	sim_put(s, VTD_ECAP, ECAP_C | ECAP_QI | ECAP_IR | ECAP_EIM, 8);
	sim_put(s, VTD_PMEN, PMEN_EPM | PMEN_PRS, 4);
}

/* Walks the tables as 3.7 has it; caches what it finds. False: blocked. */
static inline bool sim_translate(
	struct sim *s, uint16_t source, uint64_t address, bool write, uint64_t *to)
{
	const struct vtd_entry *root = sim_at(s, sim_get(s, VTD_RTADDR, 8)), *context;
	const uint64_t *table;
	uint64_t entry = 0;
	unsigned levels;

	for (unsigned i = 0; i < s->cached; i++) {
		if (s->cache[i].valid && s->cache[i].source == source &&
			s->cache[i].address == address >> PAGE_SHIFT) {
			*to = s->cache[i].to | (address & (PAGE_SIZE - 1));
			return !write || s->cache[i].writable;
		}
	}
	if (!(sim_get(s, VTD_GSTS, 4) & GCMD_TE)) {
		*to = address;
		return true;
	}
	if (!(root[source >> 8].low & ROOT_PRESENT))
		return false;
	context = sim_at(s, root[source >> 8].low & TABLE_ADDRESS);
	context += source & 0xff;
	levels = (unsigned)(context->high & 7) + 2;
	if (!(context->low & CONTEXT_PRESENT) || address >> (12 + 9 * levels))
		return false;
	table = sim_at(s, context->low & TABLE_ADDRESS);
	for (unsigned level = levels; level-- > 0;) {
		entry = table[address >> (12 + 9 * level) & 511];
		if (!(entry & (write ? SL_WRITE : SL_READ)))
			return false;
		table = sim_at(s, entry & TABLE_ADDRESS);
	}
	*to = (entry & TABLE_ADDRESS) | (address & (PAGE_SIZE - 1));
	if (s->cached < SIM_CACHE) {
		s->cache[s->cached].valid = true;
		s->cache[s->cached].source = source;
		s->cache[s->cached].domain = (uint16_t)(context->high >> 8);
		s->cache[s->cached].address = address >> PAGE_SHIFT;
		s->cache[s->cached].to = *to & ~(uint64_t)(PAGE_SIZE - 1);
		s->cache[s->cached++].writable = entry & SL_WRITE;
	}
	return true;
}

#endif
