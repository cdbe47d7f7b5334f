#include "tboot-integration/txtsim/model/acm.h"

#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/registers.h"

#define RSA_F4 0x10001u

static const struct acm_layout layouts[] = {
	{ACM_HEADER_VERSION_2048, 256, 384, 388, 161, 143},
	{ACM_HEADER_VERSION_3072, 384, 0, 512, 224, 208},
};

const struct acm_layout *acm_layout_of_version(uint32_t version)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		if (layouts[i].version == version)
			return &layouts[i];
	}
	return NULL;
}

const struct acm_layout *acm_layout_of_key(uint32_t key_bytes)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		if (layouts[i].key_bytes == key_bytes)
			return &layouts[i];
	}
	return NULL;
}

uint32_t acm_user_area(const struct acm_layout *layout)
{
	return 4 * (layout->header_dwords + layout->scratch_dwords);
}

const struct acm_layout *acm_check(const uint8_t *acm, size_t size)
{
	const struct acm_layout *layout;

	if (size < ACM_PUBLIC_KEY)
		return NULL;
	layout = acm_layout_of_version(le32(acm + ACM_HEADER_VERSION));
	if (!layout || size <= acm_user_area(layout) || size % 4)
		return NULL;
	if (le16(acm + ACM_MODULE_TYPE) != ACM_TYPE_CHIPSET ||
		le32(acm + ACM_VENDOR) != TXT_VENDOR_ID ||
		le16(acm + ACM_CHIPSET_ID) != TXT_DEVICE_ID || le32(acm + ACM_SIZE) != size / 4 ||
		le32(acm + ACM_HEADER_LEN) != layout->header_dwords ||
		le32(acm + ACM_SCRATCH_SIZE) != layout->scratch_dwords ||
		le32(acm + ACM_KEY_SIZE) != layout->key_bytes / 4)
		return NULL;
	return layout;
}

void acm_digest(const uint8_t *acm, size_t size, const struct acm_layout *l, struct digests *out)
{
	struct digest_stream *s = digest_begin();

	digest_update(s, acm, ACM_PUBLIC_KEY);
	digest_update(s, acm + acm_user_area(l), size - acm_user_area(l));
	digest_end(s, out);
}

void acm_key_digest(const uint8_t *acm, const struct acm_layout *layout, struct digests *out)
{
	digest_of(acm + ACM_PUBLIC_KEY, layout->key_bytes, out);
}

bool acm_verify(const uint8_t *acm, size_t size, const struct acm_layout *layout)
{
	uint32_t exponent = layout->exponent_at ? le32(acm + layout->exponent_at) : RSA_F4;
	struct digests digest;

	/* Other exponents are legal in RSA; no SINIT uses one, and hostile ones cost time. */
	if (exponent != RSA_F4)
		return false;
	acm_digest(acm, size, layout, &digest);
	return rsa_verify(acm + ACM_PUBLIC_KEY, acm + layout->signature_at, layout->key_bytes,
		exponent, digest.sha256, RSA_PADDING_PKCS1);
}
