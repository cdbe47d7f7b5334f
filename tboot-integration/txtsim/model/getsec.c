#include "tboot-integration/txtsim/model/getsec.h"

#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/platform.h"
#include "tboot-integration/txtsim/model/sinit.h"

#define CR0_PE (1u << 0)
#define CR0_NE (1u << 5)
#define CR0_NW (1u << 29)
#define CR0_CD (1u << 30)

/* Chipset present, and leaves 2 to 8. */
#define CAPABILITIES 0x1fdu

static const char *leaf_name(uint32_t leaf)
{
	switch (leaf) {
	case GETSEC_CAPABILITIES:
		return "CAPABILITIES";
	case GETSEC_SENTER:
		return "SENTER";
	case GETSEC_SEXIT:
		return "SEXIT";
	case GETSEC_PARAMETERS:
		return "PARAMETERS";
	case GETSEC_SMCTRL:
		return "SMCTRL";
	case GETSEC_WAKEUP:
		return "WAKEUP";
	default:
		return "unknown";
	}
}

/* PARAMETERS: ACM versions, ACM size, memory types, SENTER controls, extensions, end. */
static enum getsec_action parameters(struct getsec_state *s)
{
	static const uint32_t table[][3] = {{1, 0xffffffffu, 0}, {0x40002, 0, 0}, {0x4103, 0, 0},
		{0xf04, 0, 0}, {0x65, 0, 0}, {0, 0, 0}};
	const uint32_t last = sizeof(table) / sizeof(table[0]) - 1;
	const uint32_t *row = table[s->ebx < last ? s->ebx : last];

	s->eax = row[0];
	s->ebx = row[1];
	s->ecx = row[2];
	return GETSEC_DONE;
}

static enum getsec_action senter(struct txt *t, struct getsec_state *s)
{
	struct sinit_launch launch;

	/* TXT_RESET.STS: no launch until the power is cycled. */
	if (s->cpu != 0 || txt_launched(t) || t->reg[TXT_REG_ESTS] & TXT_ESTS_RESET)
		return GETSEC_FAULT;
	if ((s->cr0 & (CR0_PE | CR0_NE | CR0_CD | CR0_NW)) != (CR0_PE | CR0_NE))
		return GETSEC_FAULT;
	if (!sinit_run(t, s->ebx, s->ecx, s->edx, &launch))
		return GETSEC_RESET;
	s->ebx = launch.entry;
	s->ecx = launch.page_table;
	return GETSEC_LAUNCH;
}

static enum getsec_action sexit(struct txt *t)
{
	if (!txt_launched(t))
		return GETSEC_FAULT;
	t->reg[TXT_REG_STS] &= ~(uint64_t)TXT_STS_SENTER_DONE;
	t->reg[TXT_REG_STS] |= TXT_STS_SEXIT_DONE;
	txt_log(t, "SEXIT: the measured environment has ended");
	return GETSEC_DONE;
}

/* JOIN data: GDT limit, GDT base, code selector, entry point; four dwords in RAM. */
static enum getsec_action wakeup(struct txt *t, struct getsec_state *s)
{
	uint64_t at = t->reg[TXT_REG_MLE_JOIN];
	uint8_t raw[16];

	if (!txt_launched(t))
		return GETSEC_FAULT;
	if (!txt_read_memory(t, at, raw, sizeof(raw))) {
		txt_fail(t, TXT_ERR_JOIN_FORMAT, at);
		return GETSEC_RESET;
	}
	s->join_gdt_limit = le32(raw);
	s->join_gdt_base = le32(raw + 4);
	s->join_selector = le32(raw + 8);
	s->join_entry = le32(raw + 12);
	/* The selector must name a GDT entry, with the data segment after it inside the limit. */
	if (s->join_selector == 0 || s->join_selector & 7 || s->join_gdt_limit > 0xffff ||
		s->join_selector > s->join_gdt_limit || s->join_gdt_limit - s->join_selector < 15) {
		txt_fail(t, TXT_ERR_JOIN_FORMAT, s->join_selector);
		return GETSEC_RESET;
	}
	return GETSEC_WAKE;
}

enum getsec_action txt_getsec(struct txt *t, struct getsec_state *s)
{
	if (t->config.trace)
		txt_log(t, "cpu%u GETSEC[%s] eax=%x ebx=%x ecx=%x edx=%x", s->cpu,
			leaf_name(s->eax), s->eax, s->ebx, s->ecx, s->edx);
	if (s->eax == GETSEC_CAPABILITIES) {
		s->eax = s->ebx == 0 ? CAPABILITIES : 0;
		return GETSEC_DONE;
	}
	if (s->eax == GETSEC_PARAMETERS)
		return parameters(s);
	if (s->cpl != 0)
		return GETSEC_FAULT;
	switch (s->eax) {
	case GETSEC_SENTER:
		return senter(t, s);
	case GETSEC_SEXIT:
		return sexit(t);
	case GETSEC_SMCTRL:
		return s->ebx == 0 ? GETSEC_DONE : GETSEC_FAULT;
	case GETSEC_WAKEUP:
		return wakeup(t, s);
	default:
		return GETSEC_FAULT;
	}
}
