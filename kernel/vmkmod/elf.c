#include "vmkmod/elf.h"

#include "lib/reader.h"

#define EHDR_BYTES        64u
#define PHDR_BYTES        56u
#define PHDRS_MAX         16u
#define DYN_BYTES         16u
#define RELA_BYTES        24u
#define WORD_BYTES        8u

#define ET_DYN            3u
#define EM_X86_64         62u
#define EV_CURRENT        1u

#define PT_LOAD           1u
#define PT_DYNAMIC        2u
#define PT_INTERP         3u
#define PT_GNU_STACK      0x6474e551u
#define PT_GNU_RELRO      0x6474e552u
#define PF_X              1u
#define PF_W              2u
#define PF_R              4u

#define DT_NULL           0u
#define DT_NEEDED         1u
#define DT_PLTRELSZ       2u
#define DT_RELA           7u
#define DT_RELASZ         8u
#define DT_RELAENT        9u
#define DT_REL            17u
#define DT_TEXTREL        22u
#define DT_RELRSZ         35u
#define DT_RELR           36u
#define DT_RELRENT        37u

#define R_X86_64_RELATIVE 8u

struct phdr {
	uint32_t type, flags;
	uint64_t offset, address, file_bytes, bytes, align;
};

struct parser {
	const uint8_t *data;
	size_t size;
	struct elf_image *image;
	const char *why;
	uint64_t phdr_offset;
	unsigned phdr_count;
	struct phdr phdrs[PHDRS_MAX];
};

static enum vmk_status bad(struct parser *p, const char *why)
{
	p->why = why;
	return VMK_BAD_FORMAT;
}

/* gABI, "ELF Header". */
static enum vmk_status parse_header(struct parser *p)
{
	static const uint8_t ident[8] = {0x7f, 'E', 'L', 'F', 2, 1, 1, 0};
	struct reader r = reader_of(p->data, p->size);
	const uint8_t *id = reader_bytes(&r, 16);
	uint16_t type, machine, header_size, entry_size;
	uint32_t version;

	if (!id || memcmp(id, ident, sizeof(ident)) != 0)
		return bad(p, "not a 64-bit little-endian ELF file");
	type = reader_le16(&r);
	machine = reader_le16(&r);
	version = reader_le32(&r);
	p->image->entry = reader_le64(&r);
	p->phdr_offset = reader_le64(&r);
	reader_skip(&r, 8 + 4); /* e_shoff, e_flags: sections are for linkers */
	header_size = reader_le16(&r);
	entry_size = reader_le16(&r);
	p->phdr_count = reader_le16(&r);
	if (r.failed)
		return bad(p, "the file ends inside its header");
	if (type != ET_DYN || machine != EM_X86_64 || version != EV_CURRENT)
		return bad(p, "not a position-independent x86-64 image");
	if (header_size != EHDR_BYTES || entry_size != PHDR_BYTES)
		return bad(p, "unexpected header sizes");
	if (p->phdr_count == 0 || p->phdr_count > PHDRS_MAX)
		return bad(p, "no or too many program headers");
	return VMK_OK;
}

static enum vmk_status parse_phdrs(struct parser *p)
{
	struct reader r = reader_of(p->data, p->size);

	if (!reader_seek(&r, p->phdr_offset))
		return bad(p, "program headers outside the file");
	for (unsigned i = 0; i < p->phdr_count; i++) {
		struct phdr *h = &p->phdrs[i];

		h->type = reader_le32(&r);
		h->flags = reader_le32(&r);
		h->offset = reader_le64(&r);
		h->address = reader_le64(&r);
		reader_skip(&r, 8); /* p_paddr */
		h->file_bytes = reader_le64(&r);
		h->bytes = reader_le64(&r);
		h->align = reader_le64(&r);
	}
	return r.failed ? bad(p, "program headers outside the file") : VMK_OK;
}

static enum vmk_status add_segment(struct parser *p, const struct phdr *h)
{
	struct elf_image *image = p->image;
	struct elf_segment *s;
	uint64_t end;

	if (image->segment_count == ELF_SEGMENTS_MAX)
		return bad(p, "too many segments");
	if (h->offset > p->size || h->file_bytes > p->size - h->offset)
		return bad(p, "a segment's bytes lie outside the file");
	if (h->bytes == 0 || h->file_bytes > h->bytes)
		return bad(p, "a segment's file size exceeds its memory size");
	if (h->address > ELF_SPAN_MAX || h->bytes > ELF_SPAN_MAX - h->address)
		return bad(p, "the image spans more than 64 MiB");
	if ((h->flags & PF_W) && (h->flags & PF_X))
		return bad(p, "a segment is writable and executable");
	if (!(h->flags & PF_R))
		return bad(p, "a segment is not readable");
	if (h->align > PAGE_SIZE || (h->align & (h->align - 1)))
		return bad(p, "a segment's alignment is no power of two up to a page");
	if (h->align > 1 && h->address % PAGE_SIZE != h->offset % PAGE_SIZE)
		return bad(p, "a segment is misaligned");
	if (ALIGN_DOWN(h->address, PAGE_SIZE) < image->span)
		return bad(p, "segments overlap or are not in ascending order");
	end = ALIGN_UP(h->address + h->bytes, PAGE_SIZE);
	s = &image->segments[image->segment_count++];
	*s = (struct elf_segment){
		.address = ALIGN_DOWN(h->address, PAGE_SIZE),
		.bytes = end - ALIGN_DOWN(h->address, PAGE_SIZE),
		.writable = h->flags & PF_W,
		.executable = h->flags & PF_X,
		.relocatable = h->flags & PF_W,
		.data_at = h->address,
		.data = p->data + h->offset,
		.data_bytes = h->file_bytes,
	};
	image->span = end;
	return VMK_OK;
}

static enum vmk_status add_segments(struct parser *p)
{
	for (unsigned i = 0; i < p->phdr_count; i++) {
		const struct phdr *h = &p->phdrs[i];
		enum vmk_status status = VMK_OK;

		if (h->type == PT_LOAD)
			status = add_segment(p, h);
		else if (h->type == PT_INTERP)
			status = bad(p, "it asks for an interpreter");
		else if (h->type == PT_GNU_STACK && (h->flags & PF_X))
			status = bad(p, "it asks for an executable stack");
		if (status != VMK_OK)
			return status;
	}
	return p->image->segment_count ? VMK_OK : bad(p, "there are no segments");
}

/* Makes [s->address, middle) read-only and leaves the rest writable. */
static enum vmk_status split_segment(struct parser *p, unsigned index, uint64_t middle)
{
	struct elf_image *image = p->image;
	struct elf_segment *s = &image->segments[index], *rest = s + 1;
	uint64_t data_before;

	if (image->segment_count == ELF_SEGMENTS_MAX)
		return bad(p, "too many segments");
	memmove(rest + 1, rest, (image->segment_count - index - 1) * sizeof(*s));
	image->segment_count++;
	*rest = *s;
	data_before = MIN(s->data_bytes, middle - s->data_at);
	s->bytes = middle - s->address;
	s->data_bytes = data_before;
	s->writable = false;
	rest->address = rest->data_at = middle;
	rest->bytes -= s->bytes;
	rest->data += data_before;
	rest->data_bytes -= data_before;
	return VMK_OK;
}

/* PT_GNU_RELRO: data that is constant once relocated, at the start of a writable segment. */
static enum vmk_status protect_relro(struct parser *p, const struct phdr *h)
{
	struct elf_image *image = p->image;

	if (h->bytes > ELF_SPAN_MAX || h->address > ELF_SPAN_MAX)
		return bad(p, "PT_GNU_RELRO lies outside the image");
	for (unsigned i = 0; i < image->segment_count; i++) {
		struct elf_segment *s = &image->segments[i];
		uint64_t end = h->address + h->bytes;

		if (!s->writable || h->address != s->data_at)
			continue;
		if (ALIGN_UP(end, PAGE_SIZE) == s->address + s->bytes) {
			s->writable = false;
			return VMK_OK;
		}
		end = ALIGN_DOWN(end, PAGE_SIZE);
		if (end <= s->data_at || end >= s->address + s->bytes)
			break;
		return split_segment(p, i, end);
	}
	return bad(p, "PT_GNU_RELRO is not the start of a writable segment");
}

static enum vmk_status protect_all_relro(struct parser *p)
{
	bool seen = false;

	for (unsigned i = 0; i < p->phdr_count; i++) {
		enum vmk_status status;

		if (p->phdrs[i].type != PT_GNU_RELRO || p->phdrs[i].bytes == 0)
			continue;
		if (seen)
			return bad(p, "there are two PT_GNU_RELRO");
		seen = true;
		status = protect_relro(p, &p->phdrs[i]);
		if (status != VMK_OK)
			return status;
	}
	return VMK_OK;
}

/* The file's bytes behind an address of the image, or NULL if they are not all there. */
static const uint8_t *bytes_at(const struct elf_image *image, uint64_t address, uint64_t bytes)
{
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct elf_segment *s = &image->segments[i];

		if (address >= s->data_at && address - s->data_at <= s->data_bytes &&
			bytes <= s->data_bytes - (address - s->data_at))
			return s->data + (address - s->data_at);
	}
	return NULL;
}

struct dynamic {
	uint64_t rela, rela_bytes, rela_entry, relr, relr_bytes, relr_entry;
};

static enum vmk_status read_dynamic(struct parser *p, const struct phdr *h, struct dynamic *d)
{
	struct reader r = reader_of(p->data, p->size);
	struct reader table;

	reader_seek(&r, h->offset);
	table = reader_sub(&r, h->file_bytes);
	if (table.failed)
		return bad(p, "PT_DYNAMIC lies outside the file");
	while (reader_left(&table) >= DYN_BYTES) {
		uint64_t tag = reader_le64(&table), value = reader_le64(&table);

		switch (tag) {
		case DT_NULL:
			return VMK_OK;
		case DT_RELA:
			d->rela = value;
			break;
		case DT_RELASZ:
			d->rela_bytes = value;
			break;
		case DT_RELAENT:
			d->rela_entry = value;
			break;
		case DT_RELR:
			d->relr = value;
			break;
		case DT_RELRSZ:
			d->relr_bytes = value;
			break;
		case DT_RELRENT:
			d->relr_entry = value;
			break;
		case DT_NEEDED:
			return bad(p, "it needs a shared library");
		case DT_TEXTREL:
			return bad(p, "it relocates its code");
		case DT_REL:
		case DT_PLTRELSZ:
			return bad(p, "it has relocations other than RELA and RELR");
		}
	}
	return bad(p, "PT_DYNAMIC has no end");
}

static enum vmk_status find_relocations(struct parser *p, const struct dynamic *d)
{
	struct elf_image *image = p->image;

	if (d->rela_bytes) {
		if (d->rela_entry != RELA_BYTES || d->rela_bytes % RELA_BYTES)
			return bad(p, "DT_RELA has an odd size");
		image->rela = bytes_at(image, d->rela, d->rela_bytes);
		if (!image->rela)
			return bad(p, "DT_RELA lies outside the image");
		image->rela_bytes = d->rela_bytes;
	}
	if (d->relr_bytes) {
		if (d->relr_entry != WORD_BYTES || d->relr_bytes % WORD_BYTES)
			return bad(p, "DT_RELR has an odd size");
		image->relr = bytes_at(image, d->relr, d->relr_bytes);
		if (!image->relr)
			return bad(p, "DT_RELR lies outside the image");
		image->relr_bytes = d->relr_bytes;
	}
	return VMK_OK;
}

static enum vmk_status parse_dynamic(struct parser *p)
{
	for (unsigned i = 0; i < p->phdr_count; i++) {
		struct dynamic d = {0};
		enum vmk_status status;

		if (p->phdrs[i].type != PT_DYNAMIC)
			continue;
		status = read_dynamic(p, &p->phdrs[i], &d);
		return status == VMK_OK ? find_relocations(p, &d) : status;
	}
	return VMK_OK;
}

static enum vmk_status check_entry(struct parser *p)
{
	struct elf_image *image = p->image;
	uint64_t phdrs_bytes = (uint64_t)p->phdr_count * PHDR_BYTES;

	image->phdr_count = p->phdr_count;
	image->phdr_size = PHDR_BYTES;
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct elf_segment *s = &image->segments[i];
		uint64_t offset = (uint64_t)(s->data - p->data);

		if (p->phdr_offset >= offset && p->phdr_offset - offset <= s->data_bytes &&
			phdrs_bytes <= s->data_bytes - (p->phdr_offset - offset)) {
			image->phdr = s->data_at + (p->phdr_offset - offset);
			break;
		}
	}
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct elf_segment *s = &image->segments[i];

		if (s->executable && image->entry >= s->data_at &&
			image->entry - s->data_at < s->data_bytes)
			return VMK_OK;
	}
	return bad(p, "the entry point is not in an executable segment");
}

enum vmk_status elf_parse(const void *data, size_t bytes, struct elf_image *image, const char **why)
{
	static enum vmk_status (*const steps[])(struct parser *) = {parse_header, parse_phdrs,
		add_segments, protect_all_relro, parse_dynamic, check_entry};
	struct parser parser = {.data = data, .size = data ? bytes : 0, .image = image};
	enum vmk_status status = VMK_OK;

	*image = (struct elf_image){0};
	for (unsigned i = 0; status == VMK_OK && i < ARRAY_SIZE(steps); i++)
		status = steps[i](&parser);
	*why = parser.why;
	return status;
}

struct placement {
	const struct elf_image *image;
	uintptr_t base;
	const struct elf_place_ops *ops;
	void *context;
	const char *why;
};

static enum vmk_status relocate_word(struct placement *p, uint64_t address, uint64_t value)
{
	const struct elf_image *image = p->image;

	if (value > image->span) {
		p->why = "a relocation points outside the image";
		return VMK_BAD_FORMAT;
	}
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct elf_segment *s = &image->segments[i];
		uint64_t word = p->base + value;

		if (s->relocatable && address >= s->address &&
			address - s->address <= s->bytes - WORD_BYTES)
			return p->ops->write(p->context, p->base + address, &word, sizeof(word));
	}
	p->why = "a relocation is outside writable data";
	return VMK_BAD_FORMAT;
}

/* RELR: the addend is the word in place. */
static enum vmk_status relocate_in_place(struct placement *p, uint64_t address)
{
	const uint8_t *at = bytes_at(p->image, address, WORD_BYTES);
	struct reader word = reader_of(at, WORD_BYTES);

	return relocate_word(p, address, at ? reader_le64(&word) : 0);
}

static enum vmk_status apply_rela(struct placement *p)
{
	struct reader r = reader_of(p->image->rela, p->image->rela_bytes);

	while (reader_left(&r)) {
		uint64_t address = reader_le64(&r), info = reader_le64(&r);
		uint64_t addend = reader_le64(&r);
		enum vmk_status status;

		if (info != R_X86_64_RELATIVE) {
			p->why = info >> 32 ? "a relocation names a symbol: there is nothing to "
					      "link against"
					    : "a relocation is not R_X86_64_RELATIVE";
			return VMK_BAD_FORMAT;
		}
		status = relocate_word(p, address, addend);
		if (status != VMK_OK)
			return status;
	}
	return VMK_OK;
}

/* gABI, "Relative relocation table": an even word is an address; an odd one is a bitmap of the 63
 * words that follow. */
static enum vmk_status apply_relr(struct placement *p)
{
	struct reader r = reader_of(p->image->relr, p->image->relr_bytes);
	uint64_t next = 0;

	while (reader_left(&r)) {
		uint64_t entry = reader_le64(&r);
		enum vmk_status status = VMK_OK;

		if (!(entry & 1)) {
			status = relocate_in_place(p, entry);
			next = entry + WORD_BYTES;
		} else {
			for (unsigned bit = 1; status == VMK_OK && bit < 64; bit++)
				if (entry >> bit & 1)
					status =
						relocate_in_place(p, next + (bit - 1) * WORD_BYTES);
			next += 63 * WORD_BYTES;
		}
		if (status != VMK_OK)
			return status;
	}
	return VMK_OK;
}

enum vmk_status elf_place(const struct elf_image *image, uintptr_t base,
	const struct elf_place_ops *ops, void *context, const char **why)
{
	struct placement p = {
		.image = image, .base = base, .ops = ops, .context = context, .why = "no memory"};
	enum vmk_status status = VMK_OK;

	for (unsigned i = 0; status == VMK_OK && i < image->segment_count; i++) {
		const struct elf_segment *s = &image->segments[i];

		status = ops->map(context, base + s->address, s->bytes, s->writable, s->executable);
		if (status == VMK_OK && s->data_bytes)
			status = ops->write(context, base + s->data_at, s->data, s->data_bytes);
	}
	if (status == VMK_OK)
		status = apply_rela(&p);
	if (status == VMK_OK)
		status = apply_relr(&p);
	*why = status == VMK_OK ? NULL : p.why;
	return status;
}
