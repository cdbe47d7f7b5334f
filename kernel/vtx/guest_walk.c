#include "vtx/guest_walk.h"

#define CR0_WP    (1ull << 16)
#define CR0_PG    (1ull << 31)
#define CR4_PSE   (1ull << 4)
#define CR4_PAE   (1ull << 5)
#define CR4_SMEP  (1ull << 20)
#define CR4_SMAP  (1ull << 21)
#define EFER_LMA  (1ull << 10)
#define EFER_NXE  (1ull << 11)
#define RFLAGS_AC (1ull << 18)

#define PTE_P     (1ull << 0)
#define PTE_W     (1ull << 1)
#define PTE_U     (1ull << 2)
#define PTE_PS    (1ull << 7)
#define PTE_NX    (1ull << 63)
#define ADDRESS   0x000ffffffffff000ull

/* Page-fault error code, SDM figure 4-12. */
#define PF_PRESENT  (1u << 0)
#define PF_WRITE    (1u << 1)
#define PF_USER     (1u << 2)
#define PF_RESERVED (1u << 3)
#define PF_FETCH    (1u << 4)

/* What a paging mode looks like. */
struct mode {
	unsigned levels, bits, entry_bytes, top_bits;
};

struct walk {
	const struct guest_paging *paging;
	struct mode mode;
	uint64_t linear, rights; /* P, W, U of all levels together; NX if any has it */
	enum guest_access access;
	uint32_t error; /* bits that say what was tried */
};

static struct mode mode_of(const struct guest_paging *p)
{
	if (p->efer & EFER_LMA)
		return (struct mode){4, 9, 8, 9};
	if (p->cr4 & CR4_PAE)
		return (struct mode){3, 9, 8, 2};
	return (struct mode){2, 10, 4, 10};
}

static uint32_t error_of(const struct guest_paging *p, enum guest_access access)
{
	uint32_t error = p->cpl == 3 ? PF_USER : 0;
	const bool fetch_shows =
		(p->cr4 & CR4_SMEP) || ((p->cr4 & CR4_PAE) && (p->efer & EFER_NXE));

	if (access == GUEST_WRITE)
		error |= PF_WRITE;
	if (access == GUEST_FETCH && fetch_shows)
		error |= PF_FETCH;
	return error;
}

static bool nx_is_on(const struct guest_paging *p)
{
	return (p->efer & EFER_NXE) && (p->cr4 & CR4_PAE);
}

/* Reserved bits that matter for a guest with at most 52 address bits. */
static bool has_reserved(const struct walk *w, uint64_t entry, unsigned level, bool leaf)
{
	const bool pdpte = w->mode.levels == 3 && level == 2;

	if (w->mode.entry_bytes == 4)
		return false;
	if ((entry & PTE_NX) && !nx_is_on(w->paging))
		return true;
	if (pdpte)
		return entry & (PTE_NX | 0x1e6);
	if ((entry & PTE_PS) && level == 3)
		return true;
	return leaf && level > 0 &&
	       (entry & (ADDRESS & ((1ull << (12 + 9 * level)) - 1) & ~0x1000ull));
}

static bool is_leaf(const struct walk *w, uint64_t entry, unsigned level)
{
	if (level == 0)
		return true;
	if (w->mode.entry_bytes == 4)
		return (entry & PTE_PS) && (w->paging->cr4 & CR4_PSE);
	if (w->mode.levels == 3 && level == 2)
		return false;
	return (entry & PTE_PS) && level < 3;
}

static uint64_t leaf_address(const struct walk *w, uint64_t entry, unsigned level)
{
	const unsigned shift = 12 + w->mode.bits * level;
	const uint64_t low = (1ull << shift) - 1;
	uint64_t base = entry & ADDRESS & ~low;

	/* PSE-36: bits 20:13 are address bits 39:32. */
	if (w->mode.entry_bytes == 4 && level == 1)
		base = (entry & 0xffc00000u) | (entry >> 13 & 0xff) << 32;
	return base | (w->linear & low);
}

/* SDM 4.6. */
static bool is_allowed(const struct walk *w)
{
	const struct guest_paging *p = w->paging;
	const bool user_page = w->rights & PTE_U, user = p->cpl == 3;

	if (user && !user_page)
		return false;
	if (w->access == GUEST_FETCH)
		return !(w->rights & PTE_NX) && !(!user && user_page && (p->cr4 & CR4_SMEP));
	if (!user && user_page && (p->cr4 & CR4_SMAP) && !(p->rflags & RFLAGS_AC))
		return false;
	if (w->access == GUEST_WRITE && !(w->rights & PTE_W))
		return !user && !(p->cr0 & CR0_WP);
	return true;
}

static enum walk_result fault(const struct walk *w, uint32_t why, uint32_t *error)
{
	*error = w->error | why;
	return WALK_FAULT;
}

static bool is_canonical(uint64_t linear)
{
	return (uint64_t)((int64_t)(linear << 16) >> 16) == linear;
}

static uint64_t root_of(const struct walk *w)
{
	return w->mode.levels == 3 ? w->paging->cr3 & 0xffffffe0u : w->paging->cr3 & ADDRESS;
}

static unsigned index_at(const struct walk *w, unsigned level)
{
	const unsigned bits = level == w->mode.levels - 1 ? w->mode.top_bits : w->mode.bits;

	return (unsigned)(w->linear >> (12 + w->mode.bits * level)) & ((1u << bits) - 1);
}

static void combine(struct walk *w, uint64_t entry, unsigned level)
{
	/* PAE's topmost entries have no rights of their own. */
	if (w->mode.levels == 3 && level == 2)
		return;
	w->rights &= (entry & (PTE_W | PTE_U)) | PTE_NX;
	if (nx_is_on(w->paging))
		w->rights |= entry & PTE_NX;
}

enum walk_result guest_walk(const struct guest_paging *paging, uint64_t linear,
	enum guest_access access, struct gpa *to, uint32_t *error)
{
	struct walk w = {.paging = paging,
		.mode = mode_of(paging),
		.linear = linear,
		.rights = PTE_W | PTE_U,
		.access = access,
		.error = error_of(paging, access)};
	uint64_t table = root_of(&w);

	*error = 0;
	if (!(paging->cr0 & CR0_PG)) {
		to->v = (uint32_t)linear;
		return WALK_OK;
	}
	if (w.mode.levels == 4 && !is_canonical(linear))
		return fault(&w, 0, error);
	if (w.mode.levels < 4)
		w.linear = (uint32_t)linear;
	for (unsigned level = w.mode.levels; level-- > 0;) {
		uint64_t entry = 0;

		if (!paging->read(paging->context,
			    (struct gpa){table + index_at(&w, level) * w.mode.entry_bytes}, &entry,
			    w.mode.entry_bytes))
			return WALK_NO_MEMORY;
		if (!(entry & PTE_P))
			return fault(&w, 0, error);
		if (has_reserved(&w, entry, level, is_leaf(&w, entry, level)))
			return fault(&w, PF_PRESENT | PF_RESERVED, error);
		combine(&w, entry, level);
		if (is_leaf(&w, entry, level)) {
			if (!is_allowed(&w))
				return fault(&w, PF_PRESENT, error);
			to->v = leaf_address(&w, entry, level);
			return WALK_OK;
		}
		table = entry & (w.mode.entry_bytes == 4 ? 0xfffff000u : ADDRESS);
	}
	return WALK_NO_MEMORY;
}
