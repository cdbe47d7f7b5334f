/* Fault records: VT-d 4.1, sections 7.2 and 11.4.14. */
#include "vmkdev/vtd.h"

#define REASON_INTERRUPT     0x20u
#define REASON_INTERRUPT_END 0x28u

static uint32_t record_offset(const struct vtd_unit *unit, unsigned index)
{
	return CAP_FAULT_OFFSET(unit->cap) + index * FRCD_BYTES;
}

static bool take_record(struct vtd_unit *unit, unsigned index, struct vtd_fault *fault)
{
	uint32_t at = record_offset(unit, index);
	uint64_t low, high = unit->ops->read64(unit->context, at + 8);

	if (!(high & FRCD_F))
		return false;
	low = unit->ops->read64(unit->context, at);
	*fault = (struct vtd_fault){
		.source = FRCD_SOURCE(high),
		.reason = FRCD_REASON(high),
		.is_read = high & FRCD_IS_READ,
		.address = low & ~(PAGE_SIZE - 1),
	};
	if (fault->reason >= REASON_INTERRUPT && fault->reason < REASON_INTERRUPT_END)
		fault->address = low >> 48; /* the index that the request had */
	/* F is cleared by writing it as one. */
	unit->ops->write32(unit->context, at + 12, (uint32_t)(FRCD_F >> 32));
	return true;
}

/* From the oldest on; FSTS says where it is, and is not believed. */
bool vtd_next_fault(struct vtd_unit *unit, struct vtd_fault *fault)
{
	unsigned count = CAP_FAULT_COUNT(unit->cap);
	uint32_t status = unit->ops->read32(unit->context, VTD_FSTS);

	if (status == UINT32_MAX)
		return false;
	for (unsigned i = 0; status & FSTS_PPF && i < count; i++) {
		if (take_record(unit, (FSTS_INDEX(status) + i) % count, fault))
			return true;
	}
	if (status & FSTS_PFO)
		unit->ops->write32(unit->context, VTD_FSTS, FSTS_PFO);
	return false;
}

/* Section 7.1.3, table 7-1. */
const char *vtd_fault_reason(uint8_t reason)
{
	static const struct {
		uint8_t reason;
		const char *text;
	} reasons[] = {
		{0x1, "nothing of its bus may reach memory"},
		{0x2, "it may reach no memory"},
		{0x3, "its context entry is wrong"},
		{0x4, "the address is beyond the width of its domain"},
		{0x5, "it may not write there"},
		{0x6, "it may not read there"},
		{0x7, "its tables cannot be read"},
		{0x8, "the root table cannot be read"},
		{0x9, "the context table cannot be read"},
		{0xa, "the root entry is wrong"},
		{0xb, "the context entry is wrong"},
		{0xc, "its tables are wrong"},
		{0xd, "a translated request, which it may not make"},
		{0x20, "the interrupt is wrong in itself"},
		{0x21, "the interrupt has no entry"},
		{0x22, "the interrupt is not one that is allowed"},
		{0x23, "the interrupt table cannot be read"},
		{0x24, "the interrupt's entry is wrong"},
		{0x25, "the interrupt is in the old format, which is blocked"},
		{0x26, "the interrupt is another device's"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (reasons[i].reason == reason)
			return reasons[i].text;
	}
	return "for a reason that is not known";
}

void vtd_route_faults(struct vtd_unit *unit, uint64_t address, uint32_t data)
{
	unit->ops->write32(unit->context, VTD_FEDATA, data);
	unit->ops->write32(unit->context, VTD_FEADDR, (uint32_t)address);
	unit->ops->write32(unit->context, VTD_FEUADDR, (uint32_t)(address >> 32));
	unit->ops->write32(unit->context, VTD_FECTL, 0);
}
