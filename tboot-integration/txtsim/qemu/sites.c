/* A pattern that is not an instruction does no harm: nobody's instruction begins there. */
#include <string.h>

#include "tboot-integration/txtsim/qemu/edge.h"

/* The longest pattern. */
#define WINDOW 8u

static void add(struct edge *e, uint32_t address, enum site_kind kind, uint8_t reg)
{
	if (e->site_count == EDGE_SITES_MAX)
		return;
	e->sites[e->site_count++] = (struct site){.address = address, .kind = kind, .reg = reg};
}

static void look(struct edge *e, const uint8_t *p, uint32_t address)
{
	/* mov %eax, %cr0; mov $0, %ax; mov %ax, %ds: the last steps from protected to real mode */
	static const uint8_t real_mode[WINDOW] = {0x0f, 0x22, 0xc0, 0xb8, 0x00, 0x00, 0x8e, 0xd8};

	if (p[0] != 0x0f)
		return;
	if (p[1] == 0x37)
		add(e, address, SITE_GETSEC, 0);
	else if (p[1] == 0x32)
		add(e, address, SITE_RDMSR, 0);
	else if (p[1] == 0x20 && (p[2] & 0xf8) == 0xe0)
		add(e, address, SITE_CR4_READ, p[2] & 7);
	else if (p[1] == 0x22 && (p[2] & 0xf8) == 0xe0)
		add(e, address, SITE_CR4_WRITE, p[2] & 7);
	else if (!memcmp(p, real_mode, sizeof(real_mode)))
		add(e, address + 3, SITE_REAL_MODE, 0);
}

void sites_find(struct edge *e, const struct mle_image *image)
{
	e->site_count = 0;
	for (unsigned i = 0; i < image->range_count; i++) {
		uint32_t begin = image->ranges[i].begin, end = image->ranges[i].end;
		const uint8_t *p = guest_ram(&e->guest, begin, (size_t)(end - begin) + WINDOW);

		for (uint32_t at = 0; p && at < end - begin; at++)
			look(e, p + at, begin + at);
	}
	if (e->site_count == EDGE_SITES_MAX)
		edge_log(e, "more than %u instructions to watch: the others are left alone",
			EDGE_SITES_MAX);
}
