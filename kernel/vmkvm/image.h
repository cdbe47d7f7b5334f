/*
 * A VM's image, the payload of a package of kind vm: named files one behind another. Format:
 * signing/README.md. Parsing is pure and bounded; all integers are little-endian.
 */
#ifndef VMKVM_IMAGE_H
#define VMKVM_IMAGE_H

#include "lib/types.h"
#include <vmkapi/status.h>
#include <vmkuser/vm.h>

#define VM_IMAGE_MAGIC       "MERLONVM"
#define VM_IMAGE_MAGIC_BYTES 8u
#define VM_IMAGE_VERSION     1u
#define VM_IMAGE_FILES_MAX   16u
#define VM_IMAGE_ALIGN       16u /* of each file's offset */

struct vm_image_header {
	uint8_t magic[8];
	uint32_t version, files;
};
STATIC_ASSERT_SIZE(struct vm_image_header, 16);

/* `files` of them follow the header. */
struct vm_image_entry {
	char name[VMK_VM_NAME_MAX]; /* zero-terminated, the rest zero */
	uint64_t offset, bytes;
};
STATIC_ASSERT_SIZE(struct vm_image_entry, 48);

struct vm_file {
	char name[VMK_VM_NAME_MAX];
	const uint8_t *data; /* into the caller's buffer */
	size_t bytes;
};
struct vm_image {
	unsigned count;
	struct vm_file files[VM_IMAGE_FILES_MAX];
};

/* On failure *why (static text) says what is wrong. The buffer must outlive `image`. */
enum vmk_status vm_image_parse(
	const void *data, size_t bytes, struct vm_image *image, const char **why);
/* Letters, digits, '.', '_' and '-': what a file in an image may be called. */
bool vm_image_name_is_good(const char *name, size_t length);

#endif
