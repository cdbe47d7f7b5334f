/*
 * vmkimage: turns the linked 64-bit kernel into what boot loaders take.
 *   vmkimage symbols IN.elf OUT.bin   the compact symbol table that the image embeds
 *   vmkimage container IN.elf OUT.elf an ELF32 executable around the same segments (tboot and GRUB
 *                                     refuse 64-bit ones), after checking what the linker made
 */
#include "kernel/boot/symbols_format.h"
#include "kernel/boot/image.h"
#include "lib/reader.h"
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENTS_MAX     8
#define IMAGE_BYTES_MAX  (16u << 20)
#define PAGE             4096u
#define MULTIBOOT_WINDOW 32768u
#define HEADER_BYTES     PAGE

struct input {
	const char *name;
	uint8_t *data;
	size_t bytes;
	Elf64_Ehdr ehdr;
};

struct symbol {
	uint32_t offset; /* from the start of the image */
	const char *name;
};

static _Noreturn void die(const char *name, const char *why)
{
	fprintf(stderr, "vmkimage: %s: %s\n", name, why);
	exit(1);
}

static struct input read_input(const char *name)
{
	struct input in = {.name = name};
	FILE *f = fopen(name, "rb");
	long size;

	if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET))
		die(name, "cannot be read");
	in.bytes = (size_t)size;
	in.data = malloc(in.bytes + 1);
	if (!in.data || fread(in.data, 1, in.bytes, f) != in.bytes)
		die(name, "cannot be read");
	in.data[in.bytes] = 0;
	fclose(f);
	if (in.bytes < sizeof(in.ehdr))
		die(name, "is too short for an ELF file");
	memcpy(&in.ehdr, in.data, sizeof(in.ehdr));
	if (memcmp(in.ehdr.e_ident, ELFMAG, SELFMAG) || in.ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
		in.ehdr.e_phentsize != sizeof(Elf64_Phdr) ||
		in.ehdr.e_shentsize != sizeof(Elf64_Shdr))
		die(name, "is no 64-bit ELF file");
	return in;
}

/* Bytes [offset, offset + bytes) of the file, checked. */
static const void *part(const struct input *in, uint64_t offset, uint64_t bytes)
{
	if (offset > in->bytes || bytes > in->bytes - offset)
		die(in->name, "has a table outside the file");
	return in->data + offset;
}

static void write_output(const char *name, const void *data, size_t bytes)
{
	FILE *f = fopen(name, "wb");

	if (!f || fwrite(data, 1, bytes, f) != bytes || fclose(f))
		die(name, "cannot be written");
}

static Elf64_Shdr section(const struct input *in, unsigned index)
{
	Elf64_Shdr s;

	if (index >= in->ehdr.e_shnum)
		die(in->name, "names a section that it does not have");
	memcpy(&s, part(in, in->ehdr.e_shoff + (uint64_t)index * sizeof(s), sizeof(s)), sizeof(s));
	return s;
}

static int by_offset(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Functions of the text, one name for each address, sorted. */
static size_t collect(const struct input *in, struct symbol **symbols)
{
	size_t count = 0;

	for (unsigned i = 0; i < in->ehdr.e_shnum; i++) {
		Elf64_Shdr table = section(in, i), names;
		const char *strings;

		if (table.sh_type != SHT_SYMTAB)
			continue;
		names = section(in, table.sh_link);
		strings = part(in, names.sh_offset, names.sh_size);
		if (!names.sh_size || strings[names.sh_size - 1])
			die(in->name, "has unterminated symbol names");
		*symbols = calloc(table.sh_size / sizeof(Elf64_Sym) + 1, sizeof(**symbols));
		for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= table.sh_size;
			at += sizeof(Elf64_Sym)) {
			Elf64_Sym s;

			memcpy(&s, part(in, table.sh_offset + at, sizeof(s)), sizeof(s));
			if (ELF64_ST_TYPE(s.st_info) != STT_FUNC || !s.st_shndx ||
				s.st_name >= names.sh_size || s.st_value < IMAGE_LINK_ADDRESS ||
				s.st_value - IMAGE_LINK_ADDRESS > IMAGE_BYTES_MAX ||
				!strncmp(strings + s.st_name, "__cfi_", 6))
				continue;
			(*symbols)[count].offset = (uint32_t)(s.st_value - IMAGE_LINK_ADDRESS);
			(*symbols)[count++].name = strings + s.st_name;
		}
	}
	if (!count)
		die(in->name, "has no function symbols");
	qsort(*symbols, count, sizeof(**symbols), by_offset);
	return count;
}

static int make_symbols(const struct input *in, const char *out)
{
	struct symbol *symbols = NULL;
	size_t count = collect(in, &symbols), used = 0, names = 0, bytes;
	struct symbols_header header = {.magic = SYMBOLS_MAGIC};
	struct symbols_entry *entries = calloc(count, sizeof(*entries));
	uint8_t *blob;

	for (size_t i = 0; i < count; i++) {
		if (i && symbols[i].offset == symbols[i - 1].offset)
			continue;
		entries[used].offset = symbols[i].offset;
		entries[used++].name = (uint32_t)names;
		names += strlen(symbols[i].name) + 1;
	}
	header.count = (uint32_t)used;
	header.names_bytes = (uint32_t)names;
	bytes = sizeof(header) + used * sizeof(*entries) + names;
	blob = calloc(1, bytes);
	memcpy(blob, &header, sizeof(header));
	memcpy(blob + sizeof(header), entries, used * sizeof(*entries));
	names = sizeof(header) + used * sizeof(*entries);
	for (size_t i = 0; i < count; i++) {
		if (i && symbols[i].offset == symbols[i - 1].offset)
			continue;
		memcpy(blob + names, symbols[i].name, strlen(symbols[i].name) + 1);
		names += strlen(symbols[i].name) + 1;
	}
	write_output(out, blob, bytes);
	free(blob);
	free(entries);
	free(symbols);
	return 0;
}

/* What the kernel's relocator and W^X rest on. */
static void check_segment(const struct input *in, const Elf64_Phdr *p)
{
	if (p->p_flags & PF_W && p->p_flags & PF_X)
		die(in->name, "has a segment that is writable and executable");
	if (p->p_vaddr % PAGE || p->p_vaddr < IMAGE_LINK_ADDRESS ||
		p->p_vaddr - IMAGE_LINK_ADDRESS > IMAGE_BYTES_MAX || p->p_memsz > IMAGE_BYTES_MAX ||
		p->p_filesz > p->p_memsz)
		die(in->name, "has a segment outside the image");
}

static void check_relocations(const struct input *in)
{
	for (unsigned i = 0; i < in->ehdr.e_shnum; i++) {
		Elf64_Shdr s = section(in, i);

		if (s.sh_type != SHT_RELA)
			continue;
		for (uint64_t at = 0; at + sizeof(Elf64_Rela) <= s.sh_size;
			at += sizeof(Elf64_Rela)) {
			Elf64_Rela r;

			memcpy(&r, part(in, s.sh_offset + at, sizeof(r)), sizeof(r));
			if (ELF64_R_TYPE(r.r_info) != R_X86_64_RELATIVE)
				die(in->name, "has a relocation other than RELATIVE");
		}
	}
}

static int make_container(const struct input *in, const char *out)
{
	Elf32_Ehdr e = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
				EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_386,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(e),
		.e_ehsize = sizeof(e),
		.e_phentsize = sizeof(Elf32_Phdr)};
	uint8_t *file = calloc(1, HEADER_BYTES + IMAGE_BYTES_MAX);
	size_t bytes = HEADER_BYTES;

	check_relocations(in);
	e.e_entry = (uint32_t)in->ehdr.e_entry;
	for (unsigned i = 0; i < in->ehdr.e_phnum; i++) {
		Elf64_Phdr p;
		Elf32_Phdr q = {.p_type = PT_LOAD, .p_align = PAGE};

		memcpy(&p, part(in, in->ehdr.e_phoff + i * sizeof(p), sizeof(p)), sizeof(p));
		if (p.p_type != PT_LOAD)
			continue;
		check_segment(in, &p);
		if (e.e_phnum == SEGMENTS_MAX || bytes + p.p_filesz > IMAGE_BYTES_MAX)
			die(in->name, "is too large");
		q.p_offset = (uint32_t)bytes;
		q.p_vaddr = q.p_paddr = (uint32_t)p.p_vaddr;
		q.p_filesz = (uint32_t)p.p_filesz;
		q.p_memsz = (uint32_t)p.p_memsz;
		q.p_flags = p.p_flags;
		memcpy(file + e.e_phoff + e.e_phnum++ * sizeof(q), &q, sizeof(q));
		memcpy(file + bytes, part(in, p.p_offset, p.p_filesz), p.p_filesz);
		bytes = (bytes + p.p_filesz + PAGE - 1) & ~(size_t)(PAGE - 1);
	}
	memcpy(file, &e, sizeof(e));
	if (memcmp(file + HEADER_BYTES, "\xd6\x50\x52\xe8", 4))
		die(in->name, "does not begin with its Multiboot2 header");
	_Static_assert(HEADER_BYTES < MULTIBOOT_WINDOW, "the loader looks no further");
	write_output(out, file, bytes);
	free(file);
	return 0;
}

int main(int argc, char **argv)
{
	struct input in;
	int status;

	if (argc != 4 || (strcmp(argv[1], "symbols") && strcmp(argv[1], "container"))) {
		fprintf(stderr, "usage: vmkimage symbols|container IN.elf OUT\n");
		return 2;
	}
	in = read_input(argv[2]);
	status = !strcmp(argv[1], "symbols") ? make_symbols(&in, argv[3])
					     : make_container(&in, argv[3]);
	free(in.data);
	return status;
}
