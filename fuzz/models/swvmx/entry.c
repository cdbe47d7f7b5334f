/* VM entry, VM exit, and what a pCPU remembers of translations. */
#include "fuzz/models/swvmx/swvmx.h"
#include "vtx/ept.h"
#include "vtx/exits.h"
#include <stdlib.h>
#include <string.h>

#define F(vmcs, name)    (vmcs)->f[VMCS_INDEX_##name]
#define ENTRY_QUAL_PDPTE 2u
#define ENTRY_QUAL_LINK  4u

static enum vmx_result refuse(struct swvmx_vmcs *vmcs, enum swvmx_error error)
{
	F(vmcs, INSTRUCTION_ERROR) = error;
	return VMX_FAIL_VALID;
}

/* A failed entry is an exit that changes nothing but where the guest stopped (SDM 27.8). */
static void fail_entry(struct swvmx_vmcs *vmcs, uint32_t reason, uint64_t qualification)
{
	F(vmcs, EXIT_REASON) = reason | EXIT_ENTRY_FAILED;
	F(vmcs, EXIT_QUALIFICATION) = qualification;
	swvmx_current()->tables_short = true;
}

uint64_t swvmx_guest_qualification(enum swvmx_check check)
{
	if (check >= G_PDPTE_0 && check <= G_PDPTE_3)
		return ENTRY_QUAL_PDPTE;
	if (check == G_LINK || check == G_LINK_REVISION)
		return ENTRY_QUAL_LINK;
	return 0;
}

static void look_up(const struct swvmx_vmcs *vmcs, struct swvmx_referenced *to)
{
	const uint64_t link = F(vmcs, LINK);
	const void *table;

	*to = (struct swvmx_referenced){.link_header = ~0u};
	if (swvmx_at(hpa(link)) && link != vmcs->region.v && !(link & 0xfff))
		memcpy(&to->link_header, swvmx_at(hpa(link)), sizeof(to->link_header));
	if (swvmx_proc2(vmcs->f) & PROC2_EPT)
		return; /* they are fields */
	table = swvmx_at(hpa(F(vmcs, GUEST_CR3) & 0xffffffe0));
	if (table)
		memcpy(to->pdptes, table, sizeof(to->pdptes));
}

unsigned swvmx_check_list(const uint64_t *f, struct swvmx_failures *failures)
{
	for (unsigned i = 0; i < f[VMCS_INDEX_ENTRY_MSR_LOAD_COUNT] && i < 512; i++) {
		struct swvmx_msr_entry entry = {0};
		const void *at = swvmx_at(hpa(f[VMCS_INDEX_ENTRY_MSR_LOAD] + 16ull * i));

		if (at)
			memcpy(&entry, at, sizeof(entry));
		swvmx_check_msr(&entry, failures);
		if (failures->count)
			return i + 1;
	}
	return 0;
}

unsigned swvmx_vpid(const struct swvmx_vmcs *vmcs)
{
	return swvmx_proc2(vmcs->f) & PROC2_VPID ? F(vmcs, VPID) % SWVMX_VPIDS : 0;
}

/* A chance for the guest's own translations: without VPID, entries and exits drop them. */
static void drop_linear(const struct swvmx_vmcs *vmcs)
{
	if (!(swvmx_proc2(vmcs->f) & PROC2_VPID))
		swvmx_current()->linear_epoch[0] = 0;
}

void swvmx_exit(struct swvmx_vmcs *vmcs, uint32_t reason, uint64_t qualification)
{
	F(vmcs, EXIT_REASON) = reason;
	F(vmcs, EXIT_QUALIFICATION) = qualification;
}

bool swvmx_ports_exit(const struct swvmx_vmcs *vmcs, uint16_t port, unsigned bytes)
{
	const uint8_t *bitmaps[] = {
		swvmx_at(hpa(F(vmcs, IO_BITMAP_A))), swvmx_at(hpa(F(vmcs, IO_BITMAP_B)))};

	if (!(F(vmcs, PROC_CONTROLS) & PROC_IO_BITMAPS))
		return F(vmcs, PROC_CONTROLS) & PROC_IO;
	if (!bitmaps[0] || !bitmaps[1])
		abort(); /* bitmaps that are no memory */
	for (unsigned at = port; at < port + bytes; at++)
		if (at > 0xffff || bitmaps[at >> 15][(at & 0x7fff) / 8] >> (at & 7) & 1)
			return true;
	return false;
}

static bool is_full(const uint64_t *page)
{
	uint64_t all = ~0ull;

	for (unsigned i = 0; i < 4096 / sizeof(*page); i++)
		all &= page[i];
	return all == ~0ull;
}

bool swvmx_all_ports_exit(const struct swvmx_vmcs *vmcs)
{
	const uint64_t *a = swvmx_at(hpa(F(vmcs, IO_BITMAP_A))),
		       *b = swvmx_at(hpa(F(vmcs, IO_BITMAP_B)));

	if (!(F(vmcs, PROC_CONTROLS) & PROC_IO_BITMAPS))
		return F(vmcs, PROC_CONTROLS) & PROC_IO;
	return a && b && is_full(a) && (a == b || is_full(b));
}

static enum vmx_result check_all(struct swvmx_vmcs *vmcs)
{
	struct swvmx_failures *failures = &swvmx.failures;
	struct swvmx_referenced referenced;

	if (vmcs->unchecked & SWVMX_CONTROLS_CHANGE)
		swvmx_check_controls(&swvmx.cpu, vmcs->f, failures);
	else if (vmcs->unchecked & SWVMX_EVENT_CHANGES)
		swvmx_check_event(&swvmx.cpu, vmcs->f, failures);
	if (failures->count)
		return refuse(vmcs, SWVMX_CONTROLS);
	if (vmcs->unchecked & SWVMX_HOST_CHANGES)
		swvmx_check_host(&swvmx.cpu, vmcs->f, failures);
	if (failures->count)
		return refuse(vmcs, SWVMX_HOST);
	vmcs->unchecked = 0;
	look_up(vmcs, &referenced);
	swvmx_check_guest_again(&swvmx.cpu, vmcs->f, &referenced, failures);
	return VMX_OK;
}

static struct swvmx_translation *cached(uint64_t eptp, uint64_t page)
{
	struct swvmx_translation *t = &swvmx_current()->tlb[page % SWVMX_TLB];

	return t->entry && t->page == page && (t->eptp ^ eptp) >> 12 == 0 ? t : NULL;
}

/* A leaf's entry for a 4 KiB page, 0 if there is none (SDM 29.3.2). Aborts at misconfigurations. */
static uint64_t walk(uint64_t eptp, uint64_t gpa)
{
	uint64_t table = eptp & ~0xfffull, access = EPT_ACCESS;

	for (int shift = 39; shift >= 12; shift -= 9) {
		const uint64_t *entries = swvmx_at(hpa(table));
		uint64_t entry;

		if (!entries)
			abort(); /* a table that is no memory */
		entry = entries[gpa >> shift & 511];
		if (!(entry & EPT_ACCESS))
			return 0;
		if (!swvmx_in_width(&swvmx.cpu, entry & 0xffffffffff000ull) ||
			(entry & 3) == EPT_WRITE)
			abort();
		access &= entry;
		if (shift > 12 && !(entry & EPT_LARGE)) {
			if (entry & 0x78)
				abort();
			table = entry & 0xffffffffff000ull;
			continue;
		}
		if (shift > 30 || (entry & 0xffffffffff000ull & ((1ull << shift) - 1)))
			abort();
		return ((entry & 0xffffffffff000ull) | (gpa & ((1ull << shift) - 1) & ~0xfffull)) |
		       access;
	}
	return 0;
}

/* The guest may use all that this pCPU holds, so at an entry it must not hold more than the tables
 * say by now (SDM 29.4.3.3, 29.4.3.4). */
static void check_translations(const struct swvmx_vmcs *vmcs)
{
	const struct swvmx_pcpu *p = swvmx_current();
	const unsigned vpid = swvmx_vpid(vmcs);

	for (unsigned used = p->tlb_used; used; used &= used - 1) {
		const struct swvmx_translation *t = &p->tlb[__builtin_ctz(used)];
		uint64_t now;

		if (!t->entry || (t->eptp ^ F(vmcs, EPTP)) >> 12)
			continue;
		now = walk(t->eptp, t->page << 12);
		if (!now || (now ^ t->entry) & ~0xfffull || (t->entry & ~now & EPT_ACCESS))
			abort(); /* INVEPT was due */
	}
	if (p->linear_epoch[vpid] && p->linear_epoch[vpid] != swvmx.vpid_epoch[vpid])
		abort(); /* INVVPID was due */
}

enum vmx_result vtx_enter(struct vtx_registers *registers, bool launched)
{
	struct swvmx_pcpu *p = swvmx_current();
	struct swvmx_vmcs *vmcs = p->current;
	enum vmx_result result;
	unsigned bad_msr;

	if (!p->vmxon)
		abort();
	if (swvmx.failures.count)
		memset(&swvmx.failures, 0, sizeof(swvmx.failures));
	if (!vmcs)
		return VMX_FAIL_INVALID;
	if (swvmx.chooser.entering)
		swvmx.chooser.entering(swvmx.chooser.context, vmcs, launched);
	if (vmcs->launched != launched)
		return refuse(vmcs, launched ? SWVMX_RESUME_NOT_LAUNCHED : SWVMX_LAUNCH_NOT_CLEAR);
	result = check_all(vmcs);
	if (result != VMX_OK)
		return result;
	if (swvmx.failures.count) {
		fail_entry(vmcs, EXIT_INVALID_GUEST_STATE,
			swvmx_guest_qualification(swvmx.failures.first));
		return VMX_OK;
	}
	bad_msr = swvmx_check_list(vmcs->f, &swvmx.failures);
	if (bad_msr) {
		fail_entry(vmcs, EXIT_MSR_LOADING, bad_msr);
		return VMX_OK;
	}
	vmcs->launched = true;
	swvmx.entries++;
	drop_linear(vmcs);
	check_translations(vmcs);
	F(vmcs, VECTORING_EVENT) = 0;
	F(vmcs, EXIT_EVENT) = 0;
	if (swvmx.chooser.run)
		swvmx.chooser.run(swvmx.chooser.context, vmcs, registers);
	/* SDM 28.2.4: delivered or in the vectoring information, but no longer here. */
	F(vmcs, ENTRY_EVENT) &= ~(uint64_t)EVENT_VALID;
	/* What was not checked at this entry was checked at the first; exits keep it valid. */
	vmcs->unchecked = 0;
	drop_linear(vmcs);
	p->tables_short = true;
	return VMX_OK;
}

bool swvmx_touch(struct swvmx_vmcs *vmcs, uint64_t gpa, uint64_t access, struct hpa *to,
	uint64_t *qualification)
{
	const uint64_t eptp = F(vmcs, EPTP), page = gpa >> 12;
	struct swvmx_translation *t = cached(eptp, page);
	uint64_t entry = t ? t->entry : walk(eptp, gpa);

	if ((entry & access) != access || !entry) {
		/* A violation drops the translation that caused it (29.4.3.1). */
		if (t)
			t->entry = 0;
		*qualification =
			access | (entry & EPT_ACCESS) << 3 | EPT_QUAL_LINEAR | EPT_QUAL_FINAL;
		return false;
	}
	swvmx_current()->tlb[page % SWVMX_TLB] = (struct swvmx_translation){eptp, page, entry};
	swvmx_current()->tlb_used |= 1u << page % SWVMX_TLB;
	*to = hpa((entry & ~0xfffull) | (gpa & 0xfff));
	return true;
}

void swvmx_touch_linear(struct swvmx_vmcs *vmcs)
{
	const unsigned vpid = swvmx_vpid(vmcs);
	uint64_t *held = &swvmx_current()->linear_epoch[vpid];

	if (*held && *held != swvmx.vpid_epoch[vpid])
		abort(); /* a translation from before the guest's last change */
	*held = swvmx.vpid_epoch[vpid];
}

void swvmx_change_linear(struct swvmx_vmcs *vmcs)
{
	const unsigned vpid = swvmx_vpid(vmcs);

	swvmx.vpid_epoch[vpid]++;
	swvmx_current()->linear_epoch[vpid] = 0;
}
