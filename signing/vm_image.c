/* vmksign vm-image: puts named files into the payload of a VM's package (kernel/vmkvm/image.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signing/commands.h"
#include "signing/file.h"
#include "vmkmod/package_format.h"
#include "vmkvm/image.h"

struct part {
	const char *name; /* not terminated */
	size_t length;
	struct bytes content;
};

static void put_le(uint8_t *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

/* NAME=FILE. */
static bool read_part(const char *argument, struct part *part)
{
	const char *equals = strchr(argument, '=');

	if (!equals || !vm_image_name_is_good(argument, (size_t)(equals - argument))) {
		fprintf(stderr,
			"vmksign: %s: expected NAME=FILE, NAME of at most %u letters, digits, "
			"'.', '_' and '-'\n",
			argument, VMK_VM_NAME_MAX - 1);
		return false;
	}
	part->name = argument;
	part->length = (size_t)(equals - argument);
	return file_read(equals + 1, PACKAGE_PAYLOAD_MAX, &part->content);
}

static size_t list_bytes(unsigned count)
{
	return sizeof(struct vm_image_header) + count * sizeof(struct vm_image_entry);
}

static size_t image_bytes(const struct part *parts, unsigned count)
{
	size_t end = list_bytes(count);

	for (unsigned i = 0; i < count; i++)
		end = ALIGN_UP(end, VM_IMAGE_ALIGN) + parts[i].content.size;
	return end;
}

static void fill(uint8_t *to, const struct part *parts, unsigned count)
{
	uint8_t *entry = to + sizeof(struct vm_image_header);
	size_t at = list_bytes(count);

	memcpy(to, VM_IMAGE_MAGIC, VM_IMAGE_MAGIC_BYTES);
	put_le(to + offsetof(struct vm_image_header, version), VM_IMAGE_VERSION, 4);
	put_le(to + offsetof(struct vm_image_header, files), count, 4);
	for (unsigned i = 0; i < count; i++, entry += sizeof(struct vm_image_entry)) {
		const struct bytes *content = &parts[i].content;

		at = ALIGN_UP(at, VM_IMAGE_ALIGN);
		memcpy(entry, parts[i].name, parts[i].length);
		put_le(entry + offsetof(struct vm_image_entry, offset), at, 8);
		put_le(entry + offsetof(struct vm_image_entry, bytes), content->size, 8);
		if (content->size)
			memcpy(to + at, content->data, content->size);
		at += content->size;
	}
}

static bool write_image(const char *out, const struct part *parts, unsigned count)
{
	const size_t bytes = image_bytes(parts, count);
	uint8_t *image = calloc(1, bytes);
	struct vm_image parsed;
	const char *why;
	bool good = false;

	if (!image)
		return false;
	fill(image, parts, count);
	/* What the kernel would refuse is never written. */
	if (vm_image_parse(image, bytes, &parsed, &why) != VMK_OK)
		fprintf(stderr, "vmksign: %s: %s\n", out, why);
	else
		good = file_write(out, image, bytes, 0644);
	free(image);
	return good;
}

int command_vm_image(int argc, char **argv)
{
	struct part parts[VM_IMAGE_FILES_MAX] = {0};
	unsigned count = 0;
	bool good = true;

	if (argc < 4 || strcmp(argv[1], "--out") != 0 || argc - 3 > (int)VM_IMAGE_FILES_MAX)
		return 2;
	for (int i = 3; good && i < argc; i++)
		good = read_part(argv[i], &parts[count++]);
	good = good && write_image(argv[2], parts, count);
	for (unsigned i = 0; i < count; i++)
		bytes_free(&parts[i].content);
	return good ? 0 : 1;
}
