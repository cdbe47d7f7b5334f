/*
 * Which instructions of an MLE are watched. Each breakpoint makes QEMU slow on the whole page
 * around it (one instruction at a time), so only what matters is watched: TCG's own CR4 never has
 * SMXE, hence only code that names that bit can tell the difference. A pattern that is not an
 * instruction does no harm: nobody's instruction begins there.
 */
#include <string.h>

#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/qemu/edge.h"

/* How far the constant may be from the instruction that uses it. */
#define NEAR     24u
#define PAGE     4096u
#define CR4_SMXE 0x4000u

static void add(struct edge *e, uint32_t address, enum site_kind kind, uint8_t reg)
{
	struct site *site = &e->sites[e->site_count];

	if (e->site_count == EDGE_SITES_MAX)
		return;
	*site = (struct site){.address = address, .kind = kind, .reg = reg};
	e->site_count++;
}

/* A constant of 32 bits that means SMXE alone, or everything but SMXE; or its byte in AH. */
static bool names_smxe(const uint8_t *p)
{
	uint32_t value = le32(p);

	return value == CR4_SMXE || value == ~CR4_SMXE ||
	       ((p[0] & 0xfc) == 0xc4 && p[1] == CR4_SMXE >> 8);
}

static bool smxe_near(const uint8_t *from, const uint8_t *to)
{
	for (; from + 4 <= to; from++) {
		if (names_smxe(from))
			return true;
	}
	return false;
}

/* mov $0x3a, %ecx: IA32_FEATURE_CONTROL */
static bool feature_control_near(const uint8_t *from, const uint8_t *to)
{
	return memmem(from, (size_t)(to - from), "\xb9\x3a\x00\x00\x00", 5);
}

static void look(struct edge *e, const uint8_t *p, uint32_t address)
{
	/* mov %eax, %cr0; mov $0, %ax; mov %ax, %ds: the last steps from protected to real mode */
	static const uint8_t real_mode[] = {0x0f, 0x22, 0xc0, 0xb8, 0x00, 0x00, 0x8e, 0xd8};

	if (p[0] != 0x0f)
		return;
	if (p[1] == 0x37)
		add(e, address, SITE_GETSEC, 0);
	else if (p[1] == 0x32 && feature_control_near(p - NEAR, p))
		add(e, address, SITE_RDMSR, 0);
	else if (p[1] == 0x20 && (p[2] & 0xf8) == 0xe0 && smxe_near(p + 3, p + 3 + NEAR))
		add(e, address, SITE_CR4_READ, p[2] & 7);
	else if (p[1] == 0x22 && (p[2] & 0xf8) == 0xe0 && smxe_near(p - NEAR, p))
		add(e, address, SITE_CR4_WRITE, p[2] & 7);
	else if (!memcmp(p, real_mode, sizeof(real_mode)))
		add(e, address + 3, SITE_REAL_MODE, 0);
}

void sites_find(struct edge *e, const struct mle_image *image)
{
	e->site_count = 0;
	for (unsigned i = 0; i < image->range_count; i++) {
		uint32_t begin = image->ranges[i].begin, end = image->ranges[i].end;
		const uint8_t *p;

		if (begin < NEAR || end - begin < 2)
			continue;
		p = guest_ram(&e->guest, begin - NEAR, (size_t)(end - begin) + 3 * NEAR);
		for (uint32_t at = 0; p && at < end - begin; at++)
			look(e, p + NEAR + at, begin + at);
	}
	if (e->site_count == EDGE_SITES_MAX)
		edge_log(e, "more than %u instructions to watch: the others are left alone",
			EDGE_SITES_MAX);
}

/* GETSEC is where everything begins; other sites may share a page with the code before it. */
static bool needed(const struct site *site, uint32_t entry)
{
	return site->kind == SITE_GETSEC || site->address / PAGE != entry / PAGE;
}

void sites_watch(struct edge *e, uint32_t entry)
{
	for (unsigned i = 0; i < e->site_count; i++) {
		struct site *site = &e->sites[i];
		bool wanted = !entry || needed(site, entry);

		if (wanted == site->watched)
			continue;
		if (wanted)
			gdb_break(&e->gdb, site->address);
		else
			gdb_unbreak(&e->gdb, site->address);
		site->watched = wanted;
	}
	e->all_watched = !entry;
}

void sites_forget(struct edge *e)
{
	for (unsigned i = 0; i < e->site_count; i++) {
		if (e->sites[i].watched)
			gdb_unbreak(&e->gdb, e->sites[i].address);
	}
	e->site_count = 0;
	e->all_watched = false;
}
