/*
 * Writing ACPI Machine Language (ACPI 6.5, chapter 20): objects nest between aml_open_*() and
 * aml_close(). Nothing is written beyond the buffer; `full` says that it was too small.
 */
#ifndef VMX_AML_H
#define VMX_AML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AML_DEPTH 8u

struct aml {
	uint8_t *bytes; /* not owned */
	size_t size, at;
	size_t open[AML_DEPTH]; /* where the lengths of the open objects stand */
	unsigned depth;
	bool full;
};

void aml_bytes(struct aml *aml, const void *from, size_t count);
void aml_integer(struct aml *aml, uint64_t value);
/* Name (name, ...): the object follows. Names are segments of four characters, "\\" before them
 * for the root. */
void aml_name(struct aml *aml, const char *name);
void aml_open_scope(struct aml *aml, const char *name);
void aml_open_device(struct aml *aml, const char *name);
void aml_open_package(struct aml *aml, uint8_t elements);
/* A buffer that is as long as its bytes; closed by aml_close_buffer(). At most 255 bytes. */
void aml_open_buffer(struct aml *aml);
void aml_close_buffer(struct aml *aml);
void aml_close(struct aml *aml);
/* The 32-bit form of an EISA identifier, as in "PNP0A03" (ACPI 6.5, 19.6.37). */
uint32_t aml_eisa_id(const char text[8]);

#endif
