/* Context entries and second-level tables: VT-d 4.1, sections 3.4, 3.7 and 9. */
#include "lib/checked.h"
#include "vmkdev/vtd.h"

#define BITS_PER_LEVEL 9u
#define ENTRIES        512u

static struct vtd_entry *context_of(struct vtd_unit *unit, uint16_t source)
{
	struct vtd_entry *bus = unit->contexts[source >> 8];

	return bus ? &bus[source & 0xff] : NULL;
}

static enum vmk_status add_bus(struct vtd_unit *unit, unsigned bus)
{
	struct hpa address;

	unit->contexts[bus] = unit->ops->page_alloc(unit->context, &address);
	if (!unit->contexts[bus])
		return VMK_NO_MEMORY;
	vtd_write_back(unit, unit->contexts[bus], PAGE_SIZE);
	unit->root[bus].low = address.v | ROOT_PRESENT;
	vtd_write_back(unit, &unit->root[bus], sizeof(unit->root[bus]));
	return VMK_OK;
}

enum vmk_status vtd_domain_create(struct vtd_unit *unit, uint16_t id, struct vtd_domain *domain)
{
	if (id == 0 || id >= vtd_domain_count(unit))
		return VMK_BAD_PARAM;
	*domain = (struct vtd_domain){.unit = unit, .id = id, .levels = unit->levels};
	if (!unit->ops->page_alloc(unit->context, &domain->table))
		return VMK_NO_MEMORY;
	vtd_write_back(unit, unit->ops->page_at(unit->context, domain->table), PAGE_SIZE);
	return VMK_OK;
}

static enum vmk_status forget_context(struct vtd_domain *domain, uint16_t source,
	enum vmk_status (*send)(struct vtd_unit *, const struct vtd_entry *, unsigned), uint16_t id)
{
	struct vtd_entry descriptors[] = {
		{INV_CONTEXT_DEVICE | (uint64_t)id << 16 | (uint64_t)source << 32, 0},
		{INV_IOTLB_DOMAIN | (uint64_t)domain->id << 16, 0},
	};

	return send(domain->unit, descriptors, ARRAY_SIZE(descriptors));
}

enum vmk_status vtd_attach(struct vtd_domain *domain, uint16_t source)
{
	struct vtd_unit *unit = domain->unit;
	struct vtd_entry *entry;
	enum vmk_status status = VMK_OK;

	if (unit->broken)
		return VMK_IO_ERROR;
	if (!unit->contexts[source >> 8])
		status = add_bus(unit, source >> 8);
	if (status != VMK_OK)
		return status;
	entry = context_of(unit, source);
	if (entry->low & CONTEXT_PRESENT)
		return VMK_EXISTS;
	/* Present last: the unit may look at it at any time. */
	entry->high = CONTEXT_DOMAIN(domain->id) | CONTEXT_AW(domain->levels);
	__atomic_store_n(&entry->low, domain->table.v | CONTEXT_PRESENT, __ATOMIC_RELEASE);
	vtd_write_back(unit, entry, sizeof(*entry));
	/* What is not there is cached under domain 0 (6.2.2.1). */
	return forget_context(domain, source, vtd_seen, 0);
}

enum vmk_status vtd_detach(struct vtd_domain *domain, uint16_t source)
{
	struct vtd_entry *entry = context_of(domain->unit, source);

	if (!entry || !(entry->low & CONTEXT_PRESENT))
		return VMK_NOT_FOUND;
	__atomic_store_n(&entry->low, 0, __ATOMIC_RELEASE);
	entry->high = 0;
	vtd_write_back(domain->unit, entry, sizeof(*entry));
	return forget_context(domain, source, vtd_submit, domain->id);
}

/* The last-level entry for `bus`; with `create`, tables on the way are made. NULL: no memory, or
 * not there. */
static uint64_t *entry_of(struct vtd_domain *domain, uint64_t bus, bool create)
{
	struct vtd_unit *unit = domain->unit;
	uint64_t *table = unit->ops->page_at(unit->context, domain->table);

	for (unsigned level = domain->levels - 1; level > 0; level--) {
		uint64_t *entry =
			&table[bus >> (PAGE_SHIFT + BITS_PER_LEVEL * level) & (ENTRIES - 1)];
		struct hpa below = hpa(*entry & TABLE_ADDRESS);

		if (!(*entry & SL_READ)) {
			if (!create || !unit->ops->page_alloc(unit->context, &below))
				return NULL;
			vtd_write_back(unit, unit->ops->page_at(unit->context, below), PAGE_SIZE);
			__atomic_store_n(entry, below.v | SL_READ | SL_WRITE, __ATOMIC_RELEASE);
			vtd_write_back(unit, entry, sizeof(*entry));
		}
		table = unit->ops->page_at(unit->context, below);
	}
	return &table[bus >> PAGE_SHIFT & (ENTRIES - 1)];
}

static bool is_range(const struct vtd_domain *domain, uint64_t bus, uint64_t bytes)
{
	uint64_t end;

	return bytes && !(bus % PAGE_SIZE) && !(bytes % PAGE_SIZE) &&
	       checked_add(bus, bytes, &end) && end <= 1ull << domain->unit->width;
}

static void clear(struct vtd_domain *domain, uint64_t bus, uint64_t bytes)
{
	for (uint64_t at = bus; at < bus + bytes; at += PAGE_SIZE) {
		uint64_t *entry = entry_of(domain, at, false);

		if (!entry)
			continue;
		__atomic_store_n(entry, 0, __ATOMIC_RELEASE);
		vtd_write_back(domain->unit, entry, sizeof(*entry));
	}
}

static struct vtd_entry forget_domain(const struct vtd_domain *domain)
{
	struct vtd_entry descriptor = {INV_IOTLB_DOMAIN | (uint64_t)domain->id << 16, 0};

	if (domain->unit->cap & CAP_DRAIN_READS)
		descriptor.low |= INV_IOTLB_DRAIN_READS;
	if (domain->unit->cap & CAP_DRAIN_WRITES)
		descriptor.low |= INV_IOTLB_DRAIN_WRITES;
	return descriptor;
}

/* Nothing saw the entries before the invalidation that ends vtd_map(), unless by guessing: so a
 * partial mapping is undone as a whole one. */
static enum vmk_status undo(
	struct vtd_domain *domain, uint64_t bus, uint64_t bytes, enum vmk_status status)
{
	enum vmk_status undone = bytes ? vtd_unmap(domain, bus, bytes) : VMK_OK;

	return undone == VMK_OK ? status : undone;
}

enum vmk_status vtd_map(struct vtd_domain *domain, uint64_t bus, struct hpa memory, uint64_t bytes)
{
	uint64_t flags = SL_READ | SL_WRITE | (domain->unit->ecap & ECAP_SC ? SL_SNOOP : 0);
	struct vtd_entry forget = forget_domain(domain);

	if (domain->unit->broken)
		return VMK_IO_ERROR;
	if (!is_range(domain, bus, bytes) || memory.v % PAGE_SIZE ||
		(memory.v | (memory.v + bytes - 1)) & ~(TABLE_ADDRESS | (PAGE_SIZE - 1)))
		return VMK_BAD_PARAM;
	if (bytes > VTD_MAP_MAX)
		return VMK_TOO_LARGE;
	for (uint64_t done = 0; done < bytes; done += PAGE_SIZE) {
		uint64_t *entry = entry_of(domain, bus + done, true);

		if (!entry || *entry)
			return undo(domain, bus, done, entry ? VMK_EXISTS : VMK_NO_MEMORY);
		__atomic_store_n(entry, (memory.v + done) | flags, __ATOMIC_RELEASE);
		vtd_write_back(domain->unit, entry, sizeof(*entry));
	}
	return vtd_seen(domain->unit, &forget, 1);
}

enum vmk_status vtd_unmap(struct vtd_domain *domain, uint64_t bus, uint64_t bytes)
{
	struct vtd_entry forget = forget_domain(domain);

	if (!is_range(domain, bus, bytes))
		return VMK_BAD_PARAM;
	clear(domain, bus, bytes);
	if (!domain->unit->sequence) /* not enabled yet */
		return domain->unit->broken ? VMK_IO_ERROR : VMK_OK;
	return vtd_submit(domain->unit, &forget, 1);
}
