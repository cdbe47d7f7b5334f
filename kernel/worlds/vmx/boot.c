#include "worlds/vmx/boot.h"
#include "lib/types.h"
#include <string.h>

#define COPY_BYTES 65536u

bool boot_read(const struct boot_file *file, uint64_t offset, void *to, size_t bytes)
{
	if (offset > file->bytes || bytes > file->bytes - offset)
		return false;
	return bytes == 0 || file->read(file->context, offset, to, bytes);
}

bool boot_place(const struct boot_request *request, const struct boot_file *file, uint64_t offset,
	uint64_t bytes, uint64_t gpa, uint64_t memory_bytes)
{
	uint8_t *to = gmem_map(request->memory, gpa, memory_bytes);

	if (!to || bytes > memory_bytes)
		return false;
	for (uint64_t done = 0; done < bytes; done += COPY_BYTES)
		if (!boot_read(file, offset + done, to + done,
			    (size_t)MIN(bytes - done, (uint64_t)COPY_BYTES)))
			return false;
	memset(to + bytes, 0, memory_bytes - bytes);
	return true;
}

/* What is placed without a look whether it fits: boot_load() has seen that memory goes further. */
_Static_assert(BOOT_GDT < BOOT_INFO && BOOT_INFO + BOOT_INFO_BYTES <= BOOT_TABLES &&
		       BOOT_COMMAND + BOOT_COMMAND_MAX <= BOOT_LOW_END && BOOT_LOW_END <= BOOT_HIGH,
	"below 1 MiB");

unsigned boot_memory_map(const struct gmem *memory, struct boot_range ranges[BOOT_RANGES])
{
	unsigned n = 0;

	ranges[n++] = (struct boot_range){0, BOOT_LOW_END, BOOT_RAM};
	ranges[n++] = (struct boot_range){BOOT_ACPI, BOOT_ACPI_BYTES, BOOT_RESERVED};
	ranges[n++] = (struct boot_range){BOOT_HIGH, memory->low_bytes - BOOT_HIGH, BOOT_RAM};
	if (memory->high_bytes)
		ranges[n++] = (struct boot_range){VMK_VM_HIGH_BASE, memory->high_bytes, BOOT_RAM};
	return n;
}

enum vmk_status boot_place_initrd(const struct boot_request *request, uint64_t above,
	uint64_t limit, uint64_t *at, const char **why)
{
	const uint64_t bytes = request->initrd.bytes;
	const uint64_t end = MIN(limit, request->memory->low_bytes);

	*at = 0;
	if (!bytes)
		return VMK_OK;
	*why = "the VM's memory does not hold the kernel and its initrd";
	if (bytes > end)
		return VMK_NO_MEMORY;
	*at = ALIGN_DOWN(end - bytes, PAGE_SIZE);
	if (*at < above)
		return VMK_NO_MEMORY;
	*why = "the initrd cannot be read";
	return boot_place(request, &request->initrd, 0, bytes, *at, bytes) ? VMK_OK : VMK_IO_ERROR;
}

bool boot_place_command(const struct boot_request *request, size_t max)
{
	const size_t bytes = strlen(request->command_line) + 1;

	return bytes <= MIN(max, BOOT_COMMAND_MAX) &&
	       gmem_write(request->memory, BOOT_COMMAND, request->command_line, bytes);
}

/* As a BIOS would: the image at 0000:7c00. */
static enum vmk_status flat_load(
	const struct boot_request *request, struct vmk_vm_entry *entry, const char **why)
{
	const struct boot_file *file = &request->kernel;

	*why = "no boot protocol is known by this kernel, and it is too large for a flat image";
	if (!file->bytes || file->bytes > BOOT_FLAT_MAX)
		return VMK_BAD_FORMAT;
	*why = "the flat image cannot be read into the VM's memory";
	if (!boot_place(request, file, 0, file->bytes, BOOT_FLAT, file->bytes))
		return VMK_IO_ERROR;
	*entry = (struct vmk_vm_entry){.mode = VMK_VM_REAL, .rip = BOOT_FLAT, .rsp = BOOT_FLAT};
	return VMK_OK;
}

enum vmk_status boot_load(
	const struct boot_request *request, struct vmk_vm_entry *entry, const char **why)
{
	static enum vmk_status (*const loaders[])(const struct boot_request *,
		struct vmk_vm_entry *,
		const char **) = {bzimage_load, multiboot2_load, multiboot1_load, pvh_load};

	*why = "the VM has no memory above the first MiB";
	if (request->memory->low_bytes <= BOOT_HIGH)
		return VMK_NO_MEMORY;
	for (size_t i = 0; i < ARRAY_SIZE(loaders); i++) {
		enum vmk_status status = loaders[i](request, entry, why);

		if (status != VMK_NOT_FOUND)
			return status;
	}
	return flat_load(request, entry, why);
}
