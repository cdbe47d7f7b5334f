/* A unit's life: probe, enable in the specification's order, hand back. */
#include "vmkdev/vtd.h"

/* 11.4.4: hardware answers within microseconds; nobody says how many. */
#define WAIT_MS     1000u
#define GSTS_FLAGS  0x96ffffffu /* what may be written back to GCMD (11.4.4.1) */
#define QUEUE_256   0u          /* IQA.QS: 2^QS pages of 256 descriptors */
#define IRTA_SIZE   7u          /* 2^(S+1) entries */
#define VERSION_MAX 15u

enum vmk_status vtd_fail(struct vtd_unit *unit, const char *why)
{
	if (!unit->broken)
		unit->why = why;
	unit->broken = true;
	return VMK_IO_ERROR;
}

void vtd_write_back(struct vtd_unit *unit, const void *from, size_t bytes)
{
	if (!(unit->ecap & ECAP_C))
		unit->ops->write_back(unit->context, from, bytes);
}

static uint32_t read32(struct vtd_unit *unit, uint32_t offset)
{
	return unit->ops->read32(unit->context, offset);
}

/* Until `mask` of a register reads as `value`; false after WAIT_MS. */
static bool wait_for(struct vtd_unit *unit, uint32_t offset, uint32_t mask, uint32_t value)
{
	uint64_t start = unit->ops->now_ms(unit->context);

	while ((read32(unit, offset) & mask) != value) {
		if (unit->ops->now_ms(unit->context) - start > WAIT_MS)
			return (read32(unit, offset) & mask) == value;
		unit->ops->pause(unit->context);
	}
	return true;
}

/* One bit at a time: 11.4.4.1. */
static enum vmk_status command(struct vtd_unit *unit, uint32_t bit, bool on, const char *why)
{
	uint32_t flags = read32(unit, VTD_GSTS) & GSTS_FLAGS;
	bool done = bit != GCMD_WBF && on;

	unit->ops->write32(unit->context, VTD_GCMD, on ? flags | bit : flags & ~bit);
	if (!wait_for(unit, VTD_GSTS, bit, done ? bit : 0))
		return vtd_fail(unit, why);
	return VMK_OK;
}

enum vmk_status vtd_seen(struct vtd_unit *unit, const struct vtd_entry *descriptors, unsigned count)
{
	if (unit->broken)
		return VMK_IO_ERROR;
	if (!unit->sequence) /* not enabled yet: it has seen nothing */
		return VMK_OK;
	if (unit->cap & CAP_CM)
		return vtd_submit(unit, descriptors, count);
	if (unit->cap & CAP_RWBF)
		return command(unit, GCMD_WBF, true, "its write buffer cannot be flushed");
	return VMK_OK;
}

enum vmk_status vtd_probe(struct vtd_unit *unit, const struct vtd_ops *ops, void *context)
{
	uint32_t version;

	*unit = (struct vtd_unit){.ops = ops, .context = context};
	version = read32(unit, VTD_VER);
	unit->cap = ops->read64(context, VTD_CAP);
	unit->ecap = ops->read64(context, VTD_ECAP);
	if (version == UINT32_MAX || unit->cap == UINT64_MAX || !(version >> 4 & VERSION_MAX))
		return vtd_fail(unit, "there is no unit at its address");
	if (CAP_FAULT_OFFSET(unit->cap) + CAP_FAULT_COUNT(unit->cap) * FRCD_BYTES > VTD_REGISTERS)
		return vtd_fail(unit, "its fault records lie outside its registers");
	unit->levels = unit->cap & CAP_SAGAW_48 ? 4 : 3;
	unit->width = MIN(CAP_WIDTH(unit->cap), 12 + 9 * unit->levels);
	if (!(unit->cap & (CAP_SAGAW_39 | CAP_SAGAW_48)) || unit->width < 32)
		unit->why = "it has neither 3 nor 4 levels of tables";
	else if (!(unit->ecap & ECAP_QI))
		unit->why = "it has no invalidation queue";
	else
		return VMK_OK;
	unit->broken = true;
	return VMK_UNSUPPORTED;
}

unsigned vtd_domain_count(const struct vtd_unit *unit)
{
	return 1u << MIN(CAP_DOMAIN_BITS(unit->cap), 16u);
}

bool vtd_remaps_interrupts(const struct vtd_unit *unit)
{
	return unit->ecap & ECAP_IR;
}

bool vtd_has_extended_ids(const struct vtd_unit *unit)
{
	return unit->ecap & ECAP_EIM;
}

/* What firmware may have left on, in the order in which 6.5.2 and 11.4.4 allow it. */
static enum vmk_status switch_off(struct vtd_unit *unit)
{
	static const uint32_t bits[] = {GCMD_IRE, GCMD_TE, GCMD_QIE};
	enum vmk_status status = VMK_OK;

	for (unsigned i = 0; i < ARRAY_SIZE(bits) && status == VMK_OK; i++) {
		if (read32(unit, VTD_GSTS) & bits[i])
			status = command(unit, bits[i], false,
				"what firmware left enabled cannot be switched off");
	}
	return status;
}

static bool has_regions(const struct vtd_unit *unit)
{
	return unit->cap & (CAP_PLMR | CAP_PHMR);
}

enum vmk_status vtd_prepare(struct vtd_unit *unit)
{
	const struct vtd_ops *ops = unit->ops;
	void *context = unit->context;

	if (unit->broken)
		return VMK_IO_ERROR;
	unit->had_regions = has_regions(unit) && read32(unit, VTD_PMEN) & PMEN_PRS;
	unit->root = ops->page_alloc(context, &unit->root_address);
	unit->queue = ops->page_alloc(context, &unit->queue_address);
	unit->completed = ops->page_alloc(context, &unit->completed_address);
	if (unit->root && unit->queue && unit->completed)
		return VMK_OK;
	vtd_fail(unit, "there is no memory for its tables");
	return VMK_NO_MEMORY;
}

static enum vmk_status start_queue(struct vtd_unit *unit)
{
	/* Errors of an earlier owner's queue would stop this one (11.4.9.1): written as ones. */
	unit->ops->write32(unit->context, VTD_FSTS, FSTS_QUEUE | FSTS_PFO);
	unit->queue_tail = 0;
	unit->ops->write64(unit->context, VTD_IQT, 0);
	unit->ops->write64(unit->context, VTD_IQA, unit->queue_address.v | QUEUE_256);
	return command(unit, GCMD_QIE, true, "its invalidation queue cannot be enabled");
}

/* 6.6: a new root is followed by invalidation of everything that was cached of the old. */
enum vmk_status vtd_enable(struct vtd_unit *unit)
{
	static const struct vtd_entry everything[] = {
		{INV_CONTEXT_GLOBAL, 0}, {INV_IOTLB_GLOBAL, 0}};
	enum vmk_status status;

	if (unit->broken || !unit->queue)
		return VMK_IO_ERROR;
	status = switch_off(unit);
	vtd_write_back(unit, unit->root, PAGE_SIZE);
	unit->ops->write64(unit->context, VTD_RTADDR, unit->root_address.v);
	if (status == VMK_OK && unit->cap & CAP_RWBF)
		status = command(unit, GCMD_WBF, true, "its write buffer cannot be flushed");
	if (status == VMK_OK)
		status = command(unit, GCMD_SRTP, true, "it does not take a root table");
	if (status == VMK_OK)
		status = start_queue(unit);
	if (status == VMK_OK)
		status = vtd_submit(unit, everything, ARRAY_SIZE(everything));
	if (status == VMK_OK)
		status = command(unit, GCMD_TE, true, "its translation cannot be enabled");
	return status;
}

enum vmk_status vtd_enable_interrupts(struct vtd_unit *unit, struct hpa table, bool x2)
{
	static const struct vtd_entry everything = {INV_INTERRUPT_GLOBAL, 0};
	uint64_t extended = x2 && vtd_has_extended_ids(unit) ? IRTA_EIME : 0;
	enum vmk_status status;

	if (unit->broken)
		return VMK_IO_ERROR;
	if (!vtd_remaps_interrupts(unit))
		return VMK_UNSUPPORTED;
	unit->ops->write64(unit->context, VTD_IRTA, table.v | extended | IRTA_SIZE);
	status = command(unit, GCMD_SIRTP, true, "it does not take an interrupt table");
	if (status == VMK_OK)
		status = vtd_submit(unit, &everything, 1);
	if (status == VMK_OK)
		status = command(unit, GCMD_CFI, false,
			"it lets interrupts in compatibility format through");
	if (status == VMK_OK)
		status = command(unit, GCMD_IRE, true, "interrupt remapping cannot be enabled");
	return status;
}

enum vmk_status vtd_drop_regions(struct vtd_unit *unit)
{
	if (!has_regions(unit))
		return VMK_OK;
	unit->ops->write32(unit->context, VTD_PMEN, read32(unit, VTD_PMEN) & ~PMEN_EPM);
	if (!wait_for(unit, VTD_PMEN, PMEN_PRS, 0))
		return vtd_fail(unit, "its protected memory regions stay on");
	return VMK_OK;
}

void vtd_hand_back(struct vtd_unit *unit)
{
	if (!unit->queue)
		return;
	if (unit->had_regions) {
		unit->ops->write32(unit->context, VTD_PMEN, read32(unit, VTD_PMEN) | PMEN_EPM);
		wait_for(unit, VTD_PMEN, PMEN_PRS, PMEN_PRS);
	}
	unit->ops->write32(unit->context, VTD_FECTL, FECTL_IM);
	switch_off(unit);
}
