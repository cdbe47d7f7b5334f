#include "trust/measure.h"

#include "trust/hash.h"

#include <string.h>

enum vmk_status measure_init(struct measure *m, const struct measure_ops *ops, void *tpm,
	void *buffer, size_t room, bool sha1, bool sha256, enum vmk_launch launch)
{
	enum vmk_status status;

	*m = (struct measure){.ops = ops, .tpm = tpm, .launch = launch, .closed = VMK_NOT_MEASURED};
	status = evlog_write_begin(&m->log, buffer, room, sha1, sha256);
	if (status != VMK_OK) {
		m->closed = status;
		return status;
	}
	m->open = launch != VMK_LAUNCH_NONE;
	return VMK_OK;
}

enum vmk_status measure_pcr(enum vmk_launch launch, enum vmk_event_type type, unsigned *pcr)
{
	switch (type) {
#define X(symbol, number, drtm, srtm, name)                         \
	case symbol:                                                \
		*pcr = launch == VMK_LAUNCH_SRTM ? (srtm) : (drtm); \
		return VMK_OK;
		VMK_EVENTS(X)
#undef X
	default:
		return VMK_BAD_PARAM;
	}
}

static enum vmk_status close(struct measure *m, enum vmk_status status)
{
	m->open = false;
	m->closed = status;
	return status;
}

enum vmk_status measure_event(struct measure *m, enum vmk_event_type type, const char *text)
{
	uint8_t sha1[SHA1_BYTES], sha256[SHA256_BYTES];
	size_t bytes = strlen(text) + 1;
	enum vmk_status status;
	unsigned pcr;

	if (!m->open)
		return m->closed;
	status = measure_pcr(m->launch, type, &pcr);
	if (status != VMK_OK)
		return status;
	if (!evlog_write_fits(&m->log, bytes))
		return close(m, VMK_NO_RESOURCES);
	hash_sha1(text, bytes, sha1);
	hash_sha256(text, bytes, sha256);
	/* Extended first: a record that no PCR knows of would look like a lie. */
	status = m->ops->extend(m->tpm, pcr, sha1, sha256);
	if (status != VMK_OK)
		return close(m, status);
	return evlog_write_event(&m->log, pcr, (uint32_t)type, sha1, sha256, text, bytes);
}
