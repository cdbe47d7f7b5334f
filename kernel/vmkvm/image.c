#include "vmkvm/image.h"

#include "lib/reader.h"
#include <string.h>

static enum vmk_status refuse(const char **why, enum vmk_status status, const char *text)
{
	*why = text;
	return status;
}

bool vm_image_name_is_good(const char *name, size_t length)
{
	if (length == 0 || length >= VMK_VM_NAME_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		const char c = name[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    c == '.' || c == '_' || c == '-'))
			return false;
	}
	return true;
}

static bool all_zero(const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i])
			return false;
	return true;
}

static bool is_taken(const struct vm_image *image, const char *name)
{
	for (unsigned i = 0; i < image->count; i++)
		if (strcmp(image->files[i].name, name) == 0)
			return true;
	return false;
}

/* Every offset has exactly one right value, so that a file has no place where bytes could hide. */
static const char *take_entry(struct reader *r, struct vm_image *image, size_t total, size_t *end)
{
	struct vm_file *file = &image->files[image->count];
	char name[VMK_VM_NAME_MAX];
	uint64_t offset, bytes;
	size_t length;

	reader_copy(r, name, sizeof(name));
	offset = reader_le64(r);
	bytes = reader_le64(r);
	if (r->failed)
		return "VM image: it ends inside the list of files";
	length = strnlen(name, sizeof(name));
	if (!vm_image_name_is_good(name, length) || !all_zero(name + length, sizeof(name) - length))
		return "VM image: a file's name";
	if (is_taken(image, name))
		return "VM image: two files have one name";
	if (offset != ALIGN_UP(*end, VM_IMAGE_ALIGN))
		return "VM image: a file's offset";
	if (offset > total || bytes > total - offset)
		return "VM image: it ends inside a file";
	memcpy(file->name, name, sizeof(name));
	file->data = r->data + offset;
	file->bytes = bytes;
	*end = offset + bytes;
	image->count++;
	return NULL;
}

enum vmk_status vm_image_parse(
	const void *data, size_t bytes, struct vm_image *image, const char **why)
{
	struct reader r = reader_of(data, bytes);
	const uint8_t *magic = reader_bytes(&r, VM_IMAGE_MAGIC_BYTES);
	const uint32_t version = reader_le32(&r), files = reader_le32(&r);
	size_t end;

	*why = "";
	image->count = 0;
	if (r.failed)
		return refuse(why, VMK_TRUNCATED, "VM image: shorter than its header");
	if (memcmp(magic, VM_IMAGE_MAGIC, VM_IMAGE_MAGIC_BYTES) != 0)
		return refuse(why, VMK_BAD_FORMAT, "VM image: magic");
	if (version != VM_IMAGE_VERSION)
		return refuse(why, VMK_UNSUPPORTED, "VM image: format version");
	if (files == 0 || files > VM_IMAGE_FILES_MAX)
		return refuse(why, VMK_BAD_FORMAT, "VM image: number of files");
	end = sizeof(struct vm_image_header) + files * sizeof(struct vm_image_entry);
	for (uint32_t i = 0; i < files; i++) {
		*why = take_entry(&r, image, bytes, &end);
		if (*why)
			return r.failed ? VMK_TRUNCATED : VMK_BAD_FORMAT;
	}
	*why = "";
	return end == bytes ? VMK_OK : refuse(why, VMK_BAD_FORMAT, "VM image: bytes behind it");
}
