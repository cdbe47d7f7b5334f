#include "tboot-integration/txtstat/acm.h"

#include "lib/reader.h"
#include "tboot-integration/txtsim/model/acm.h"
#include "tboot-integration/txtstat/heap.h"

#define VENDOR_INTEL 0x8086u

/* Section A.1, flags. */
enum { FLAG_PRE_PRODUCTION = 1 << 14, FLAG_DEBUG_SIGNED = 1 << 15 };
/* Section A.1.3: what the information table says of the module. */
enum { INFO_SINIT = 1, LIST_MAX = 64, INFO_BYTES = 40 };

static const uint8_t info_uuid[16] = {0xaa, 0x3a, 0xc0, 0x7f, 0xa7, 0x46, 0xdb, 0x18, 0x2e, 0xac,
	0x69, 0x8f, 0x8d, 0x41, 0x7f, 0x5a};

struct info {
	bool found;
	uint8_t type, version;
	uint16_t length;
	uint32_t chipsets, os_sinit_version, mle_version, capabilities;
	uint32_t acm_version; /* version and revision bytes */
	uint32_t processors, tpms;
};

static uint32_t field32(const void *acm, size_t size, size_t at)
{
	struct reader r = reader_of(acm, size);

	reader_seek(&r, at);
	return reader_le32(&r);
}

static uint16_t field16(const void *acm, size_t size, size_t at)
{
	return (uint16_t)field32(acm, size, at);
}

/* The information table opens the user area, which header and scratch area precede. */
static struct info read_info(const void *acm, size_t size)
{
	uint64_t at = 4 * ((uint64_t)field32(acm, size, ACM_HEADER_LEN) +
				  field32(acm, size, ACM_SCRATCH_SIZE));
	struct reader r = reader_of(acm, size);
	struct info info = {0};
	const uint8_t *uuid;

	reader_seek(&r, at);
	uuid = reader_bytes(&r, sizeof(info_uuid));
	if (!uuid || memcmp(uuid, info_uuid, sizeof(info_uuid)))
		return info;
	info.type = reader_u8(&r);
	info.version = reader_u8(&r);
	info.length = reader_le16(&r);
	info.chipsets = reader_le32(&r);
	info.os_sinit_version = reader_le32(&r);
	info.mle_version = reader_le32(&r);
	info.capabilities = reader_le32(&r);
	info.acm_version = reader_le32(&r);
	info.found = !r.failed;
	if (info.version >= 4)
		info.processors = reader_le32(&r);
	if (info.version >= 5)
		info.tpms = reader_le32(&r);
	return info;
}

struct chipset_entry {
	uint32_t flags;
	uint16_t vendor, device, revision;
	uint32_t extended;
};

static struct chipset_entry read_chipset(struct reader *r)
{
	struct chipset_entry e = {.flags = reader_le32(r)};

	e.vendor = reader_le16(r);
	e.device = reader_le16(r);
	e.revision = reader_le16(r);
	reader_skip(r, 2);
	e.extended = reader_le32(r);
	return e;
}

static uint32_t open_list(struct reader *r, const void *acm, size_t size, uint32_t at)
{
	*r = reader_of(acm, size);
	reader_seek(r, at);
	return at ? reader_le32(r) : 0;
}

static void report_chipsets(const struct report *r, const void *acm, size_t size, uint32_t at)
{
	struct reader list;
	uint32_t count = open_list(&list, acm, size, at);

	report_list(r, "chipsets");
	for (uint32_t i = 0; i < count && i < LIST_MAX; i++) {
		struct chipset_entry e = read_chipset(&list);

		if (list.failed)
			break;
		report_group(r, NULL);
		report_hex(r, "vendor", e.vendor);
		report_hex(r, "device", e.device);
		report_hex(r, e.flags & 1 ? "revision_mask" : "revision", e.revision);
		report_hex(r, "extended", e.extended);
		report_end(r);
	}
	report_end(r);
}

static void report_processors(const struct report *r, const void *acm, size_t size, uint32_t at)
{
	struct reader list;
	uint32_t count = open_list(&list, acm, size, at);

	report_list(r, "processors");
	for (uint32_t i = 0; i < count && i < LIST_MAX; i++) {
		uint32_t fms = reader_le32(&list), mask = reader_le32(&list);
		uint64_t platform = reader_le64(&list), platform_mask = reader_le64(&list);

		if (list.failed)
			break;
		report_group(r, NULL);
		report_hex(r, "family_model_stepping", fms);
		report_hex(r, "mask", mask);
		report_hex(r, "platform_id", platform);
		report_hex(r, "platform_mask", platform_mask);
		report_end(r);
	}
	report_end(r);
}

static void report_tpms(const struct report *r, const void *acm, size_t size, uint32_t at)
{
	struct reader list = reader_of(acm, size);
	uint32_t capabilities;
	uint16_t count;

	if (!at || !reader_seek(&list, at))
		return;
	capabilities = reader_le32(&list);
	count = reader_le16(&list);
	report_group(r, "tpm");
	report_hex(r, "capabilities", capabilities);
	report_flag(r, "discrete_1.2", capabilities >> 2 & 1);
	report_flag(r, "discrete_2.0", capabilities >> 3 & 1);
	report_flag(r, "firmware_2.0", capabilities >> 5 & 1);
	report_list(r, "algorithms");
	for (uint16_t i = 0; i < count && i < LIST_MAX && reader_left(&list) >= 2; i++)
		report_hex(r, NULL, reader_le16(&list));
	report_end(r);
	report_end(r);
}

static const char *info_type_name(uint8_t type)
{
	switch (type) {
	case 0:
		return "BIOS ACM";
	case INFO_SINIT:
		return "SINIT";
	case 8:
		return "BIOS revocation ACM";
	case 9:
		return "SINIT revocation ACM";
	default:
		return "unknown";
	}
}

static void report_info(const struct report *r, const void *acm, size_t size)
{
	struct info info = read_info(acm, size);

	if (!info.found)
		return;
	report_group(r, "info");
	report_text(r, "type", info_type_name(info.type));
	report_number(r, "version", info.version);
	report_number(r, "os_sinit_data_version", info.os_sinit_version);
	report_hex(r, "min_mle_header_version", info.mle_version);
	report_number(r, "acm_version", info.acm_version & 0xff);
	report_hex(r, "acm_revision", info.acm_version >> 8);
	report_launch_capabilities(r, info.capabilities);
	report_chipsets(r, acm, size, info.chipsets);
	report_processors(r, acm, size, info.processors);
	report_tpms(r, acm, size, info.tpms);
	report_end(r);
}

static const char *signature_name(uint32_t version)
{
	switch (version) {
	case ACM_HEADER_VERSION_2048:
		return "RSA-2048";
	case ACM_HEADER_VERSION_3072:
		return "RSA-3072";
	case 0x40000:
		return "RSA-3072 and XMSS";
	default:
		return "unknown";
	}
}

void acmstat_report(const struct report *r, const void *acm, size_t size)
{
	uint16_t flags = field16(acm, size, ACM_FLAGS);
	uint32_t version = field32(acm, size, ACM_HEADER_VERSION);
	const char *fault = acmstat_not_sinit(acm, size);

	report_group(r, "acm");
	report_flag(r, "usable_sinit", !fault);
	if (fault)
		report_text(r, "fault", fault);
	if (size >= ACM_PUBLIC_KEY) {
		report_number(r, "module_type", field16(acm, size, ACM_MODULE_TYPE));
		report_number(r, "module_subtype", field16(acm, size, ACM_MODULE_SUBTYPE));
		report_hex(r, "header_version", version);
		report_text(r, "signature", signature_name(version));
		report_hex(r, "chipset", field16(acm, size, ACM_CHIPSET_ID));
		report_flag(r, "pre_production", flags & FLAG_PRE_PRODUCTION);
		report_flag(r, "debug_signed", flags & FLAG_DEBUG_SIGNED);
		report_hex(r, "vendor", field32(acm, size, ACM_VENDOR));
		report_hex(r, "date", field32(acm, size, ACM_DATE));
		report_number(r, "bytes", 4 * (uint64_t)field32(acm, size, ACM_SIZE));
		report_number(r, "txt_svn", field16(acm, size, ACM_TXT_SVN));
		report_number(r, "se_svn", field16(acm, size, ACM_SE_SVN));
		report_hex(r, "entry", field32(acm, size, ACM_ENTRY));
		report_info(r, acm, size);
	}
	report_end(r);
}

const char *acmstat_not_sinit(const void *acm, size_t size)
{
	struct info info;
	struct reader list;

	if (size < ACM_PUBLIC_KEY)
		return "the file is shorter than a module's header";
	if (field16(acm, size, ACM_MODULE_TYPE) != ACM_TYPE_CHIPSET)
		return "the file is no authenticated code module (its module type is not 2)";
	if (field32(acm, size, ACM_VENDOR) != VENDOR_INTEL)
		return "the module's vendor is not Intel (8086)";
	if (4 * (uint64_t)field32(acm, size, ACM_SIZE) != size)
		return "the file is not as long as the module's header says: cut off, or not "
		       "unpacked";
	info = read_info(acm, size);
	if (!info.found)
		return "the module has no chipset information table";
	if (info.type != INFO_SINIT)
		return "the module is not a SINIT (a BIOS or revocation module?)";
	if (!open_list(&list, acm, size, info.chipsets) || list.failed)
		return "the module names no chipset";
	return NULL;
}

bool acmstat_fits(const void *acm, size_t size, const struct acmstat_chipset *chipset)
{
	struct info info = read_info(acm, size);
	struct reader list;
	uint32_t count = open_list(&list, acm, size, info.chipsets);

	for (uint32_t i = 0; i < count && i < LIST_MAX; i++) {
		struct chipset_entry e = read_chipset(&list);

		if (list.failed)
			return false;
		if (e.vendor != chipset->vendor || e.device != chipset->device)
			continue;
		if (e.flags & 1 ? (e.revision & chipset->revision) != 0
				: e.revision == chipset->revision)
			return true;
	}
	return false;
}
