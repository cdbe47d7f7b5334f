/* Interrupt remapping: one table for all units, whose entries are numbered as irq.c's slots. */
#include "arch/x86/apic.h"
#include "arch/x86/irq.h"
#include "lib/log.h"
#include "vmkdev/iommu_state.h"
#include "vmkdev/vtd_edge.h"

#define LOG_MODULE   "Iommu"
#define XAPIC_ID(id) (((id) & 0xffu) << 8) /* where an 8-bit id is (VT-d 4.1, 9.10) */

static struct vtd_entry *table;

static enum vmk_status forget(void)
{
	enum vmk_status status = VMK_OK;

	for (unsigned i = 0; i < iommu.dmar.unit_count; i++) {
		vtd_write_back(&iommu.units[i], table, VTD_INTERRUPTS * sizeof(*table));
		if (vtd_forget_interrupts(&iommu.units[i]) != VMK_OK)
			status = VMK_IO_ERROR;
	}
	return status;
}

static bool extended(void)
{
	for (unsigned i = 0; i < iommu.dmar.unit_count; i++) {
		if (!vtd_has_extended_ids(&iommu.units[i]))
			return false;
	}
	return apic_is_x2();
}

static enum vmk_status set(
	unsigned index, uint16_t source, unsigned vector, uint32_t apic_id, bool level_triggered)
{
	enum vmk_status status;
	uint64_t saved;

	if (index >= VTD_INTERRUPTS || (!extended() && apic_id > 0xff))
		return VMK_BAD_PARAM;
	saved = spin_lock(&iommu_lock);
	/* Present last: units may look at any time. */
	table[index].low = 0;
	table[index].high = source | IRTE_VERIFY_SOURCE;
	__atomic_store_n(&table[index].low,
		IRTE_PRESENT | IRTE_VECTOR(vector) | (level_triggered ? IRTE_LEVEL : 0) |
			IRTE_DESTINATION(extended() ? apic_id : XAPIC_ID(apic_id)),
		__ATOMIC_RELEASE);
	status = forget();
	spin_unlock(&iommu_lock, saved);
	return status;
}

static void clear(unsigned index)
{
	uint64_t saved = spin_lock(&iommu_lock);

	__atomic_store_n(&table[index].low, 0, __ATOMIC_RELEASE);
	forget();
	spin_unlock(&iommu_lock, saved);
}

static bool ioapic_source(unsigned ioapic_id, uint16_t *source)
{
	return ioapic_requester(
		&iommu.dmar, iommu.functions, iommu.device_count, ioapic_id, source);
}

static const struct irq_remap_ops remap_ops = {
	.set = set, .clear = clear, .ioapic_source = ioapic_source};

bool iommu_remap_interrupts(const char **why)
{
	struct hpa address;

	for (unsigned i = 0; i < iommu.dmar.unit_count; i++) {
		if (!iommu.dmar.interrupt_remapping || !vtd_remaps_interrupts(&iommu.units[i]))
			return true;
	}
	table = vtd_edge_ops.page_alloc(NULL, &address);
	if (!table) {
		*why = "no memory for the interrupt table";
		return false;
	}
	for (unsigned i = 0; i < iommu.dmar.unit_count; i++) {
		vtd_write_back(&iommu.units[i], table, VTD_INTERRUPTS * sizeof(*table));
		if (vtd_enable_interrupts(&iommu.units[i], address, extended()) != VMK_OK) {
			*why = iommu.units[i].why;
			return false;
		}
	}
	iommu.interrupts = true;
	irq_remap(&remap_ops);
	return true;
}
