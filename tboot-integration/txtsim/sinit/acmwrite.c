#include "tboot-integration/txtsim/sinit/acmwrite.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <string.h>

#include "tboot-integration/txtsim/model/acm.h"
#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/registers.h"

#define SIGNATURE_MAX 384

/* Chipset ACM information table, version 7 (MLE Developer's Guide, table 10). */
enum info_table {
	INFO_UUID = 0,
	INFO_TYPE = 16,
	INFO_VERSION = 17,
	INFO_LENGTH = 18,
	INFO_CHIPSETS = 20,
	INFO_OS_SINIT_VERSION = 24,
	INFO_MIN_MLE_VERSION = 28,
	INFO_CAPABILITIES = 32,
	INFO_ACM_VERSION = 36,
	INFO_PROCESSORS = 40,
	INFO_TPMS = 44,
	INFO_SIZE = 52,
};

/* Where the lists follow the table, from the start of the user area. */
enum { CHIPSETS_AT = 0x100, PROCESSORS_AT = 0x140, TPMS_AT = 0x180 };

enum capability {
	CAP_WAKE_GETSEC = 1 << 0,
	CAP_PAGE_TABLE_IN_ECX = 1 << 2,
	CAP_DETAILS_AUTHORITIES = 1 << 5,
	CAP_CLIENT = 1 << 6,
	CAP_TCG_LOG = 1 << 9,
};

static void write_header(uint8_t *acm, const struct acm_layout *layout, uint32_t date)
{
	put_le16(acm + ACM_MODULE_TYPE, ACM_TYPE_CHIPSET);
	put_le32(acm + ACM_HEADER_LEN, layout->header_dwords);
	put_le32(acm + ACM_HEADER_VERSION, layout->version);
	put_le16(acm + ACM_CHIPSET_ID, TXT_DEVICE_ID);
	put_le32(acm + ACM_VENDOR, TXT_VENDOR_ID);
	put_le32(acm + ACM_DATE, date);
	put_le32(acm + ACM_SIZE, ACM_BYTES / 4);
	put_le16(acm + ACM_TXT_SVN, 1);
	put_le32(acm + ACM_GDT_LIMIT, 0x20);
	put_le32(acm + ACM_GDT_BASE, acm_user_area(layout) + 0x40);
	put_le32(acm + ACM_SEGMENT, 8);
	put_le32(acm + ACM_ENTRY, acm_user_area(layout) + 0x200);
	put_le32(acm + ACM_KEY_SIZE, layout->key_bytes / 4);
	put_le32(acm + ACM_SCRATCH_SIZE, layout->scratch_dwords);
}

static void write_info_table(uint8_t *acm, uint32_t at)
{
	static const uint8_t uuid[16] = {0xaa, 0x3a, 0xc0, 0x7f, 0xa7, 0x46, 0xdb, 0x18, 0x2e, 0xac,
		0x69, 0x8f, 0x8d, 0x41, 0x7f, 0x5a};
	uint8_t *info = acm + at;
	uint8_t *chipset = info + CHIPSETS_AT, *tpm = info + TPMS_AT;

	memcpy(info + INFO_UUID, uuid, sizeof(uuid));
	info[INFO_TYPE] = 1; /* SINIT */
	info[INFO_VERSION] = 7;
	put_le16(info + INFO_LENGTH, INFO_SIZE);
	put_le32(info + INFO_CHIPSETS, at + CHIPSETS_AT);
	put_le32(info + INFO_OS_SINIT_VERSION, 7);
	put_le32(info + INFO_MIN_MLE_VERSION, 0x20000);
	put_le32(info + INFO_CAPABILITIES, CAP_WAKE_GETSEC | CAP_PAGE_TABLE_IN_ECX |
						   CAP_DETAILS_AUTHORITIES | CAP_CLIENT |
						   CAP_TCG_LOG);
	info[INFO_ACM_VERSION] = 1;
	put_le32(info + INFO_PROCESSORS, at + PROCESSORS_AT);
	put_le32(info + INFO_TPMS, at + TPMS_AT);

	put_le32(chipset, 1);
	put_le32(chipset + 4, 1); /* the revision id is a mask */
	put_le16(chipset + 8, TXT_VENDOR_ID);
	put_le16(chipset + 10, TXT_DEVICE_ID);
	put_le16(chipset + 12, 0xffff);
	put_le32(info + PROCESSORS_AT, 1); /* one entry whose masks match every processor */
	put_le32(tpm,
		1u << 6 | 2u << 2 | 3u); /* discrete and integrated 2.0, both extend policies */
	put_le16(tpm + 4, 2);
	put_le16(tpm + 6, 4);   /* SHA-1 */
	put_le16(tpm + 8, 0xb); /* SHA-256 */
}

static const struct acm_layout *write_key(uint8_t *acm, EVP_PKEY *key)
{
	const struct acm_layout *layout = acm_layout_of_key((uint32_t)EVP_PKEY_get_size(key));
	BIGNUM *n = NULL, *e = NULL;
	bool good;

	good = layout && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) &&
	       EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) && BN_is_word(e, RSA_F4) &&
	       BN_bn2lebinpad(n, acm + ACM_PUBLIC_KEY, (int)layout->key_bytes) > 0;
	if (good && layout->exponent_at)
		put_le32(acm + layout->exponent_at, RSA_F4);
	BN_free(n);
	BN_free(e);
	return good ? layout : NULL;
}

static bool sign(uint8_t *acm, const struct acm_layout *layout, EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t size = layout->key_bytes;
	uint8_t signature[SIGNATURE_MAX];
	struct digests digest;
	bool good;

	acm_digest(acm, ACM_BYTES, layout, &digest);
	good = ctx && EVP_PKEY_sign_init(ctx) > 0 &&
	       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0 &&
	       EVP_PKEY_sign(ctx, signature, &size, digest.sha256, 32) > 0 &&
	       size == layout->key_bytes;
	for (size_t i = 0; good && i < size; i++)
		acm[layout->signature_at + i] = signature[size - 1 - i];
	EVP_PKEY_CTX_free(ctx);
	return good;
}

bool acm_write(uint8_t *acm, EVP_PKEY *key, uint32_t date_bcd)
{
	const struct acm_layout *layout;

	memset(acm, 0, ACM_BYTES);
	layout = write_key(acm, key);
	if (!layout)
		return false;
	write_header(acm, layout, date_bcd);
	write_info_table(acm, acm_user_area(layout));
	return sign(acm, layout, key) && acm_verify(acm, ACM_BYTES, layout);
}
