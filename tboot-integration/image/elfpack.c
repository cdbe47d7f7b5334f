#include "tboot-integration/image/elfpack.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

enum {
	PAGE = 4096,
	RUN_MIN = 16 * PAGE, /* fewer zeros than this are not worth a segment */
	SEGMENTS_MAX = 32,
	/*
	 * Empty section headers, as many as tboot's own file has. The loader describes them in the
	 * Multiboot2 information; tboot drops that description and needs its room for the memory
	 * map that it makes longer. Without it an unmeasured boot ends in "grow_mb2_tag slack".
	 */
	SECTIONS = 18,
};

struct plan {
	Elf32_Phdr segments[SEGMENTS_MAX];
	unsigned count;
};

/* The end of the run of zero pages that begins at `at`, which is `at` if there is none. */
static uint32_t zeros_end(const uint8_t *bytes, uint32_t at, uint32_t end)
{
	static const uint8_t zeros[PAGE];

	while (at < end) {
		uint32_t page = end - at < PAGE ? end - at : PAGE;

		if (memcmp(bytes + at, zeros, page))
			break;
		at += page;
	}
	return at;
}

/* The next long run of zeros in [*at, end); false if there is none. Steps by pages of memory. */
static bool find_zeros(const uint8_t *bytes, uint32_t *at, uint32_t end, uint32_t *run_end)
{
	while (*at < end) {
		*run_end = zeros_end(bytes, *at, end);
		if (*run_end - *at >= RUN_MIN || (*run_end == end && *run_end > *at))
			return true;
		*at = *run_end > *at ? *run_end : *at + (end - *at < PAGE ? end - *at : PAGE);
	}
	return false;
}

/* Splits one segment; its last piece takes what the segment has of memory beyond the file. */
static void split(struct plan *plan, const uint8_t *file, const Elf32_Phdr *whole)
{
	const uint8_t *bytes = file + whole->p_offset;
	uint32_t start = 0, at, run_end;

	for (;;) {
		Elf32_Phdr *piece = &plan->segments[plan->count++];
		bool more;

		*piece = *whole;
		piece->p_offset += start;
		piece->p_vaddr += start;
		piece->p_paddr += start;
		piece->p_filesz = whole->p_filesz - start;
		piece->p_memsz = whole->p_memsz - start;
		at = start + PAGE - piece->p_vaddr % PAGE;
		more = plan->count < SEGMENTS_MAX && at < whole->p_filesz &&
		       find_zeros(bytes, &at, whole->p_filesz, &run_end);
		if (!more)
			return;
		piece->p_filesz = at - start;
		if (run_end == whole->p_filesz)
			return;
		piece->p_memsz = run_end - start;
		start = run_end;
	}
}

static const char *check(const uint8_t *file, size_t size, Elf32_Ehdr *elf)
{
	if (size < sizeof(*elf))
		return "shorter than an ELF header";
	memcpy(elf, file, sizeof(*elf));
	if (memcmp(elf->e_ident, ELFMAG, SELFMAG) || elf->e_ident[EI_CLASS] != ELFCLASS32 ||
		elf->e_ident[EI_DATA] != ELFDATA2LSB || elf->e_type != ET_EXEC)
		return "no ELF32 little-endian executable";
	if (elf->e_phentsize != sizeof(Elf32_Phdr) || elf->e_phoff > size || !elf->e_phnum ||
		elf->e_phnum > SEGMENTS_MAX ||
		elf->e_phnum > (size - elf->e_phoff) / sizeof(Elf32_Phdr))
		return "program headers are missing, too many or outside the file";
	return NULL;
}

static const char *make_plan(
	const uint8_t *file, size_t size, const Elf32_Ehdr *elf, struct plan *plan)
{
	for (unsigned i = 0; i < elf->e_phnum; i++) {
		Elf32_Phdr p;

		memcpy(&p, file + elf->e_phoff + i * sizeof(p), sizeof(p));
		if (p.p_type != PT_LOAD)
			continue;
		if (p.p_offset > size || p.p_filesz > size - p.p_offset || p.p_filesz > p.p_memsz ||
			p.p_memsz > UINT32_MAX - p.p_vaddr || p.p_memsz > UINT32_MAX - p.p_paddr)
			return "a segment lies outside the file or wraps around";
		if (plan->count == SEGMENTS_MAX)
			return "more segments than this version takes";
		split(plan, file, &p);
	}
	return plan->count ? NULL : "nothing to load";
}

/* The place in the file of the next segment: behind `at`, on the same offset in its page. */
static size_t place(size_t at, const Elf32_Phdr *p)
{
	return (at + PAGE - 1) / PAGE * PAGE + p->p_vaddr % PAGE;
}

enum vmk_status elfpack(
	const uint8_t *file, size_t size, uint8_t *out, size_t room, size_t *used, const char **why)
{
	struct plan plan = {0};
	Elf32_Ehdr elf;
	size_t at, sections;

	*why = check(file, size, &elf);
	if (!*why)
		*why = make_plan(file, size, &elf, &plan);
	if (*why)
		return VMK_BAD_FORMAT;
	sections = sizeof(elf) + plan.count * sizeof(Elf32_Phdr);
	at = sections + SECTIONS * sizeof(Elf32_Shdr);
	*why = "no room for the output";
	if (at > room)
		return VMK_TOO_LARGE;
	memset(out, 0, at);
	for (unsigned i = 0; i < plan.count; i++) {
		Elf32_Phdr *p = &plan.segments[i];
		size_t to = place(at, p);

		if (to > room || p->p_filesz > room - to)
			return VMK_TOO_LARGE;
		memset(out + at, 0, to - at);
		memcpy(out + to, file + p->p_offset, p->p_filesz);
		p->p_offset = (Elf32_Off)to;
		at = to + p->p_filesz;
	}
	elf.e_phoff = sizeof(elf);
	elf.e_phnum = (Elf32_Half)plan.count;
	elf.e_shoff = (Elf32_Off)sections;
	elf.e_shentsize = sizeof(Elf32_Shdr);
	elf.e_shnum = SECTIONS;
	elf.e_shstrndx = SHN_UNDEF;
	memcpy(out, &elf, sizeof(elf));
	memcpy(out + sizeof(elf), plan.segments, plan.count * sizeof(Elf32_Phdr));
	*used = at;
	return VMK_OK;
}
