/* Which Bochs is this? Its ABI is that of one package version, known by the ELF build id. */
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tboot-integration/txtsim/bochs/known.h"
#include "tboot-integration/txtsim/bochs/plugin.h"

static const struct {
	const char *build_id;
	const char *package;
} known[] = {
#define X(id, name) {id, name},
	BOCHS_KNOWN(X)
#undef X
};

static size_t aligned(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static bool find_in_notes(const char *p, const char *end, char *text)
{
	while ((size_t)(end - p) >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const void *)p;
		const unsigned char *id =
			(const void *)(p + sizeof(*note) + aligned(note->n_namesz));

		if (note->n_type == NT_GNU_BUILD_ID && note->n_descsz == BUILD_ID_BYTES) {
			for (unsigned i = 0; i < BUILD_ID_BYTES; i++)
				snprintf(text + 2 * i, 3, "%02x", id[i]);
			return true;
		}
		p = (const char *)id + aligned(note->n_descsz);
	}
	return false;
}

/* The main program is the object without a name. */
static int visit(struct dl_phdr_info *info, size_t size, void *text)
{
	if (info->dlpi_name && *info->dlpi_name)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		const char *start = (const char *)(info->dlpi_addr + segment->p_vaddr);

		if (segment->p_type == PT_NOTE &&
			find_in_notes(start, start + segment->p_memsz, text))
			return 1;
	}
	return 0;
}

void identity_check(void)
{
	char text[2 * BUILD_ID_BYTES + 1] = "none";

	dl_iterate_phdr(visit, text);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(text, known[i].build_id)) {
			edge_log("Bochs build %s: %s", text, known[i].package);
			return;
		}
	}
	if (!getenv("TXTSIM_ANY_BOCHS"))
		edge_die("unknown Bochs (build id %s): install %s, or set TXTSIM_ANY_BOCHS=1 to "
			 "let the self-test decide",
			text, known[0].package);
	edge_log("Bochs build %s is unknown; TXTSIM_ANY_BOCHS is set", text);
}
