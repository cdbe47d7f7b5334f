#include "policy/predict/vlp.h"

#include "lib/reader.h"
#include "policy/predict/buffer.h"

#define VLP_VERSION     2u
#define VLP_ALG_SHA256  0x0bu
#define VLP_CTL_EXTEND  1u
#define VLP_DIGEST_SIZE 32u

/* Measured on real hosts and in emulation alike: its digest is 71be5852... */
const uint8_t vlp_default[] = {
	2, 0, VLP_ALG_SHA256, 1, 0, 0, 0, 0, 0, 0, 0, 3, /* three entries */
	0, VLP_PCR_NONE, 0, 0, 0, 0, 0, 0,               /* module 0: into PCR 17 in any case */
	VLP_MODULE_ANY, 17, 0, 0, 0, 0, 0, 0,            /* the others */
	VLP_MODULE_NV_RAW, 22, 0, 0x10, 0, 0, 0x40,
	0, /* NV 0x40000010, a geographic tag, if there */
};
const size_t vlp_default_size = sizeof(vlp_default);

enum vmk_status vlp_parse(const void *data, size_t size, struct vlp *vlp, const char **why)
{
	struct reader r = reader_of(data, size);
	uint8_t version = reader_u8(&r), alg;

	*vlp = (struct vlp){.type = reader_u8(&r)};
	alg = reader_u8(&r);
	vlp->control = reader_le32(&r);
	reader_skip(&r, 4);
	vlp->entry_count = reader_u8(&r);
	*why = "the Verified Launch Policy is not version 2 with SHA-256";
	if (r.failed || version != VLP_VERSION || alg != VLP_ALG_SHA256)
		return VMK_BAD_FORMAT;
	*why = "the Verified Launch Policy has too many entries";
	if (vlp->entry_count > VLP_ENTRIES_MAX)
		return VMK_TOO_LARGE;
	for (unsigned i = 0; i < vlp->entry_count; i++) {
		uint8_t hashes;

		vlp->entries[i].module = reader_u8(&r);
		vlp->entries[i].pcr = reader_u8(&r);
		reader_skip(&r, 5); /* hash type, NV index */
		hashes = reader_u8(&r);
		reader_skip(&r, (size_t)hashes * VLP_DIGEST_SIZE);
		*why = "the Verified Launch Policy names a PCR that does not exist";
		if (!r.failed && vlp->entries[i].pcr > 23 && vlp->entries[i].pcr != VLP_PCR_NONE)
			return VMK_BAD_FORMAT;
	}
	*why = "the Verified Launch Policy's length is wrong";
	if (r.failed || reader_left(&r))
		return VMK_TRUNCATED;
	*why = NULL;
	return VMK_OK;
}

void vlp_digest(const struct vlp *vlp, const void *data, size_t size, uint8_t digest[32])
{
	uint8_t inner[32] = {0};
	const uint8_t control[4] = {(uint8_t)vlp->control, (uint8_t)(vlp->control >> 8),
		(uint8_t)(vlp->control >> 16), (uint8_t)(vlp->control >> 24)};

	if (vlp->control & VLP_CTL_EXTEND)
		sha256_of(data, size, inner);
	sha256_of_two(control, sizeof(control), inner, sizeof(inner), digest);
}

unsigned vlp_module_pcrs(const struct vlp *vlp, unsigned number, uint8_t pcrs[2])
{
	const struct vlp_entry *found = NULL;
	unsigned count = 0;

	if (number == 0)
		pcrs[count++] = 17;
	for (unsigned i = 0; i < vlp->entry_count && !found; i++)
		if (vlp->entries[i].module == number || vlp->entries[i].module == VLP_MODULE_ANY)
			found = &vlp->entries[i];
	if (found && found->pcr != VLP_PCR_NONE)
		pcrs[count++] = found->pcr;
	return count;
}
