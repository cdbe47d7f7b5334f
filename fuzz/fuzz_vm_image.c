/* sources: kernel/vmkvm/image.c */
/* A VM's image: what is accepted lies within the input, in order, under names of its own. */
#include <stdlib.h>
#include <string.h>

#include "vmkvm/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = data;
	struct vm_image image;
	const char *why;

	if (vm_image_parse(data, size, &image, &why) != VMK_OK)
		return 0;
	if (image.count == 0 || image.count > VM_IMAGE_FILES_MAX)
		abort();
	for (unsigned i = 0; i < image.count; i++) {
		const struct vm_file *f = &image.files[i];

		if (f->data < end || f->bytes > (size_t)(data + size - f->data))
			abort();
		if (!vm_image_name_is_good(f->name, strlen(f->name)))
			abort();
		end = f->data + f->bytes;
	}
	if (end != data + size)
		abort();
	return 0;
}
