/*
 * The bytes of a package, shared by who writes them (vmksign) and who reads them (package.c). The
 * format is described in signing/README.md. All integers are little-endian.
 */
#ifndef VMKMOD_PACKAGE_FORMAT_H
#define VMKMOD_PACKAGE_FORMAT_H

#include <stdint.h>
#include "lib/types.h"

#define PACKAGE_MAGIC         "MERLONPK"
#define PACKAGE_MAGIC_BYTES   8u
#define PACKAGE_VERSION       1u
#define PACKAGE_PAYLOAD_ALIGN 16u /* of the payload's offset */
#define PACKAGE_ALIGN         8u  /* of the trailer and of each record */
#define PACKAGE_MANIFEST_MAX  4096u
#define PACKAGE_PAYLOAD_MAX   (64u << 20)
#define PACKAGE_RECORDS_MAX   8u
#define PACKAGE_RECORD_MAX    16384u                             /* bytes of one record */
#define PACKAGE_FILE_MAX      (PACKAGE_PAYLOAD_MAX + (1u << 20)) /* above every package's size */

struct package_header {
	uint8_t magic[8];
	uint32_t version;
	uint32_t header_bytes;
	uint64_t manifest_offset, manifest_bytes;
	uint64_t payload_offset, payload_bytes;
	uint64_t signed_bytes; /* header, manifest, payload and padding: all that is signed */
	uint64_t reserved;     /* 0 */
};
STATIC_ASSERT_SIZE(struct package_header, 64);
STATIC_ASSERT_OFFSET(struct package_header, manifest_offset, 16);
STATIC_ASSERT_OFFSET(struct package_header, signed_bytes, 48);

struct package_record_header {
	uint16_t type;
	uint16_t flags;
	uint32_t bytes; /* without this header and without padding */
};
STATIC_ASSERT_SIZE(struct package_record_header, 8);

enum package_record_type {
	PACKAGE_RECORD_CERTIFICATE = 1, /* X.509, DER; the signer's first, then intermediates */
	PACKAGE_RECORD_CMS = 2,         /* detached CMS SignedData, DER */
	PACKAGE_RECORD_SECOND = 3,      /* kept for a second, post-quantum signature */
};
enum { PACKAGE_RECORD_IGNORABLE = 1 }; /* a reader that does not know the type may pass it over */

#endif
