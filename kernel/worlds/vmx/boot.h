/*
 * What firmware and boot loader do on a real board: a guest's kernel goes into its memory as its
 * boot protocol wants it, and vCPU 0 gets an entry. The files are signed, but a signature says who,
 * not what: everything in them is bounded.
 *
 * Guest memory below 1 MiB: 0x500 GDT, 0x1000 boot information (one page), 0x9000 page tables,
 * 0x10000 command line, 0x7c00 flat images, 0xe0000 ACPI tables.
 */
#ifndef VMX_BOOT_H
#define VMX_BOOT_H

#include "worlds/vmx/gmem.h"
#include <vmkapi/status.h>
#include <vmkuser/vm.h>

#define BOOT_GDT         0x500u
#define BOOT_INFO        0x1000u
#define BOOT_INFO_BYTES  0x1000u
#define BOOT_STACK       0x9000u /* grows down; the page tables begin there */
#define BOOT_TABLES      0x9000u
#define BOOT_COMMAND     0x10000u
#define BOOT_COMMAND_MAX 2048u /* with its zero */
#define BOOT_LOW_END     0x9fc00u
#define BOOT_ACPI        0xe0000u
#define BOOT_ACPI_BYTES  0x20000u
#define BOOT_HIGH        0x100000u
#define BOOT_FLAT        0x7c00u
#define BOOT_FLAT_MAX    0x80000u

/* A file of the VM's image: read() gives `bytes` at an offset within it, or false. */
struct boot_file {
	uint64_t bytes;
	bool (*read)(void *context, uint64_t offset, void *to, size_t bytes);
	void *context;
};
struct boot_request {
	const struct gmem *memory;       /* boot_load() refuses one that ends below BOOT_HIGH */
	struct boot_file kernel, initrd; /* initrd.bytes 0: there is none */
	const char *command_line;
	uint64_t rsdp; /* of the ACPI tables */
};
/* What of guest-physical memory is what (ACPI 6.5, 15.4: address range types). */
enum { BOOT_RAM = 1, BOOT_RESERVED = 2 };
struct boot_range {
	uint64_t first, bytes;
	uint32_t type;
};
#define BOOT_RANGES 4u

/*
 * Loads the kernel by what it is: Linux bzImage (64-bit entry), Multiboot 2, Multiboot 1, ELF with
 * a PVH note, and whatever else fits at 0000:7c00 in real mode. On failure *why (static text) says
 * what is wrong with it.
 */
enum vmk_status boot_load(
	const struct boot_request *request, struct vmk_vm_entry *entry, const char **why);

/* --- for the loaders --- */
bool boot_read(const struct boot_file *file, uint64_t offset, void *to, size_t bytes);
/* A part of the file into guest memory, `memory_bytes` of it in all, the rest zeroed. */
bool boot_place(const struct boot_request *request, const struct boot_file *file, uint64_t offset,
	uint64_t bytes, uint64_t gpa, uint64_t memory_bytes);
unsigned boot_memory_map(const struct gmem *memory, struct boot_range ranges[BOOT_RANGES]);
/* The initrd as high as it can be below `limit` and RAM's end, above `above`; *at is 0 without one.
 */
enum vmk_status boot_place_initrd(const struct boot_request *request, uint64_t above,
	uint64_t limit, uint64_t *at, const char **why);
/* The command line to BOOT_COMMAND; false if it is longer than `max` with its zero. */
bool boot_place_command(const struct boot_request *request, size_t max);

/* Each gives VMK_NOT_FOUND when the file is of another kind. */
enum vmk_status bzimage_load(
	const struct boot_request *request, struct vmk_vm_entry *entry, const char **why);
enum vmk_status multiboot1_load(
	const struct boot_request *request, struct vmk_vm_entry *entry, const char **why);
enum vmk_status multiboot2_load(
	const struct boot_request *request, struct vmk_vm_entry *entry, const char **why);
enum vmk_status pvh_load(
	const struct boot_request *request, struct vmk_vm_entry *entry, const char **why);

#endif
