#include "policy/predict/pe.h"

#include "lib/reader.h"

#include <openssl/evp.h>
#include <stdlib.h>

/* PE Format, sections "COFF File Header", "Optional Header" and "Section Table". */
#define PE_OFFSET_AT       0x3cu
#define COFF_BYTES         20u
#define MAGIC_PE32         0x10bu
#define MAGIC_PE32_PLUS    0x20bu
#define CHECKSUM_AT        64u /* in the optional header */
#define HEADER_BYTES_AT    60u
#define CERTIFICATES_INDEX 4u /* in the data directories */
#define SECTION_BYTES      40u
#define SECTION_SIZE_AT    16u
#define SECTIONS_MAX       96u

/* Offsets in the file. */
struct range {
	uint64_t start, bytes;
};

struct pe {
	uint64_t checksum, certificate_entry; /* fields of 4 and 8 bytes that are left out */
	uint64_t header_bytes, certificate_bytes;
	unsigned section_count;
	struct range sections[SECTIONS_MAX]; /* in the order of the file's bytes */
};

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static const char *read_sections(struct reader *r, unsigned count, struct pe *pe)
{
	if (count > SECTIONS_MAX)
		return "more sections than an image has";
	for (unsigned i = 0; i < count; i++) {
		struct reader section = reader_sub(r, SECTION_BYTES);
		struct range range;

		reader_skip(&section, SECTION_SIZE_AT);
		range.bytes = reader_le32(&section);
		range.start = reader_le32(&section);
		if (section.failed)
			return "its section table is cut short";
		if (range.start > r->size || range.bytes > r->size - range.start)
			return "a section lies outside the file";
		if (range.bytes)
			pe->sections[pe->section_count++] = range;
	}
	qsort(pe->sections, pe->section_count, sizeof(pe->sections[0]), by_start);
	return NULL;
}

/* The directories stand 16 bytes later where addresses have 64 bits. */
static const char *read_optional(struct reader *r, uint64_t start, uint16_t bytes, struct pe *pe)
{
	struct reader optional = reader_sub(r, bytes);
	uint16_t magic = reader_le16(&optional);
	uint32_t directories;

	if (optional.failed || (magic != MAGIC_PE32 && magic != MAGIC_PE32_PLUS))
		return "its optional header is of an unknown kind";
	reader_seek(&optional, HEADER_BYTES_AT);
	pe->header_bytes = reader_le32(&optional);
	pe->checksum = start + CHECKSUM_AT;
	reader_seek(&optional, magic == MAGIC_PE32 ? 92 : 108);
	directories = reader_le32(&optional);
	reader_skip(&optional, CERTIFICATES_INDEX * 8);
	pe->certificate_entry = start + (magic == MAGIC_PE32 ? 96 : 112) + CERTIFICATES_INDEX * 8;
	reader_skip(&optional, 4);
	pe->certificate_bytes = reader_le32(&optional);
	if (optional.failed || directories <= CERTIFICATES_INDEX)
		return "it has no entry for certificates";
	return NULL;
}

static const char *read_headers(const struct buffer *file, struct pe *pe)
{
	struct reader r = reader_of(file->data, file->size);
	uint16_t sections, optional;
	const char *why;
	uint64_t start;

	*pe = (struct pe){0};
	reader_seek(&r, PE_OFFSET_AT);
	start = reader_le32(&r);
	reader_seek(&r, start);
	if (reader_le32(&r) != 0x4550 || r.failed)
		return "no PE signature";
	reader_skip(&r, 2);
	sections = reader_le16(&r);
	reader_skip(&r, 12);
	optional = reader_le16(&r);
	reader_skip(&r, 2);
	if (r.failed)
		return "its headers are cut short";
	why = read_optional(&r, start + 4 + COFF_BYTES, optional, pe);
	if (!why)
		why = read_sections(&r, sections, pe);
	if (!why && (pe->header_bytes > file->size || pe->certificate_entry + 8 > pe->header_bytes))
		why = "its headers end outside the file, or before their own fields";
	return why;
}

/* Headers without the two fields, sections in the file's order, what follows but for signatures. */
static const char *hash(EVP_MD_CTX *context, const struct buffer *file, const struct pe *pe)
{
	const uint8_t *data = file->data;
	uint64_t hashed = pe->header_bytes, end = file->size;
	bool ok = EVP_DigestUpdate(context, data, pe->checksum) &&
		  EVP_DigestUpdate(context, data + pe->checksum + 4,
			  pe->certificate_entry - pe->checksum - 4) &&
		  EVP_DigestUpdate(context, data + pe->certificate_entry + 8,
			  pe->header_bytes - pe->certificate_entry - 8);

	for (unsigned i = 0; ok && i < pe->section_count; i++) {
		ok = EVP_DigestUpdate(context, data + pe->sections[i].start, pe->sections[i].bytes);
		hashed += pe->sections[i].bytes;
	}
	if (hashed > end || pe->certificate_bytes > end - hashed)
		return "its sections overlap, or its certificates do not fit";
	end -= pe->certificate_bytes;
	ok = ok && EVP_DigestUpdate(context, data + hashed, end - hashed);
	return ok ? NULL : "it cannot be hashed";
}

enum vmk_status pe_digest(const struct buffer *file, uint8_t digest[32], const char **why)
{
	struct pe pe;
	EVP_MD_CTX *context;

	*why = read_headers(file, &pe);
	if (*why)
		return VMK_BAD_FORMAT;
	context = EVP_MD_CTX_new();
	*why = "out of memory";
	if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL))
		*why = hash(context, file, &pe);
	if (!*why && !EVP_DigestFinal_ex(context, digest, NULL))
		*why = "it cannot be hashed";
	EVP_MD_CTX_free(context);
	return *why ? VMK_BAD_FORMAT : VMK_OK;
}
