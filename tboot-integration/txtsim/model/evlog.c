#include "tboot-integration/txtsim/model/evlog.h"

#include "tboot-integration/txtsim/model/bytes.h"
#include "tboot-integration/txtsim/model/tpmcmd.h"

enum { EV_NO_ACTION = 3, SPEC_ID_SIZE = 37, EVENT1_HEADER = 32 };

void evlog_init(struct evlog *log)
{
	uint8_t *event = log->bytes + EVENT1_HEADER;

	memset(log, 0, sizeof(*log));
	put_le32(log->bytes + 4, EV_NO_ACTION);
	put_le32(log->bytes + 28, SPEC_ID_SIZE);
	memcpy(event, "Spec ID Event03", 16);
	event[21] = 2; /* specVersionMajor */
	event[23] = 1; /* uintnSize */
	put_le32(event + 24, 2);
	put_le16(event + 28, TPM_ALG_SHA1);
	put_le16(event + 30, 20);
	put_le16(event + 32, TPM_ALG_SHA256);
	put_le16(event + 34, 32);
	log->size = EVENT1_HEADER + SPEC_ID_SIZE;
}

void evlog_add(struct evlog *log, uint32_t pcr, uint32_t type, const struct digests *digests,
	const void *data, uint32_t size)
{
	const uint32_t fixed = 72;
	uint8_t *p = log->bytes + log->size;

	if (size > EVLOG_DATA_MAX || fixed + size > EVLOG_MAX - log->size) {
		log->overflow = true;
		return;
	}
	put_le32(p, pcr);
	put_le32(p + 4, type);
	put_le32(p + 8, 2);
	put_le16(p + 12, TPM_ALG_SHA1);
	memcpy(p + 14, digests->sha1, 20);
	put_le16(p + 34, TPM_ALG_SHA256);
	memcpy(p + 36, digests->sha256, 32);
	put_le32(p + 68, size);
	if (size)
		memcpy(p + 72, data, size);
	log->size += fixed + size;
}
