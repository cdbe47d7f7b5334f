#include "vmkdev/requester.h"

static bool is_bridge(const struct pci_function *f)
{
	return f->header_type == PCI_HEADER_BRIDGE;
}

/* The bridge whose secondary bus is `bus`; NULL for a root bus. Bus numbers are hostile: a bridge
 * counts only if it stands on a bus before its secondary one, so that every walk up ends. */
static const struct pci_function *bridge_to(
	const struct pci_function *functions, unsigned count, uint8_t bus)
{
	for (unsigned i = 0; i < count; i++) {
		if (is_bridge(&functions[i]) && functions[i].secondary == bus &&
			functions[i].address.bus < bus)
			return &functions[i];
	}
	return NULL;
}

uint16_t requester_of(
	const struct pci_function *functions, unsigned count, const struct pci_function *function)
{
	uint16_t source = pci_requester(function->address);
	const struct pci_function *bridge = bridge_to(functions, count, function->address.bus);

	for (; bridge; bridge = bridge_to(functions, count, bridge->address.bus)) {
		if (bridge->express == PCI_EXPRESS_TO_PCI)
			source = (uint16_t)(bridge->secondary << 8);
		else if (bridge->express == PCI_CONVENTIONAL)
			source = pci_requester(bridge->address);
	}
	return source;
}

static const struct pci_function *function_at(
	const struct pci_function *functions, unsigned count, struct pci_address a)
{
	for (unsigned i = 0; i < count; i++) {
		if (pci_requester(functions[i].address) == pci_requester(a))
			return &functions[i];
	}
	return NULL;
}

/* The address at a path's end; false if a bridge on it is not there. VT-d 4.1, 8.3.1. */
static bool follow(const struct dmar_scope *scope, const struct pci_function *functions,
	unsigned count, struct pci_address *end)
{
	uint8_t bus = scope->bus;

	for (unsigned i = 0; i < scope->path_count; i++) {
		const struct pci_function *bridge;

		*end = (struct pci_address){bus, scope->path[i].slot, scope->path[i].function};
		if (i + 1 == scope->path_count)
			return true;
		bridge = function_at(functions, count, *end);
		if (!bridge || !is_bridge(bridge))
			return false;
		bus = bridge->secondary;
	}
	return false;
}

bool scope_covers(const struct dmar_scope *scope, const struct pci_function *functions,
	unsigned count, const struct pci_function *function)
{
	const struct pci_function *at = function;
	struct pci_address end;

	if (scope->type != DMAR_ENDPOINT && scope->type != DMAR_BRIDGE)
		return false;
	if (!follow(scope, functions, count, &end))
		return false;
	for (; at; at = bridge_to(functions, count, at->address.bus)) {
		if (pci_requester(at->address) == pci_requester(end))
			return true;
		if (scope->type == DMAR_ENDPOINT)
			return false;
	}
	return false;
}

int unit_of(const struct dmar *dmar, const struct pci_function *functions, unsigned count,
	const struct pci_function *function)
{
	int rest = -1;

	for (unsigned i = 0; i < dmar->unit_count; i++) {
		const struct dmar_unit *unit = &dmar->units[i];

		if (unit->segment != 0)
			continue;
		if (unit->include_all)
			rest = (int)i;
		for (unsigned s = 0; s < unit->scope_count; s++) {
			if (scope_covers(&dmar->scopes[unit->first_scope + s], functions, count,
				    function))
				return (int)i;
		}
	}
	return rest;
}

bool ioapic_requester(const struct dmar *dmar, const struct pci_function *functions, unsigned count,
	unsigned ioapic_id, uint16_t *source)
{
	for (unsigned i = 0; i < dmar->unit_count; i++) {
		const struct dmar_unit *unit = &dmar->units[i];

		for (unsigned s = 0; unit->segment == 0 && s < unit->scope_count; s++) {
			const struct dmar_scope *scope = &dmar->scopes[unit->first_scope + s];
			struct pci_address end;

			if (scope->type != DMAR_IOAPIC || scope->id != ioapic_id ||
				!follow(scope, functions, count, &end))
				continue;
			*source = pci_requester(end);
			return true;
		}
	}
	return false;
}
