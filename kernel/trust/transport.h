/*
 * How commands reach a TPM: one face over its two register interfaces, FIFO (trust/tis.h) and CRB
 * (trust/crb.h), of the TCG PC Client Platform TPM Profile (PTP) 1.05.
 */
#ifndef TRUST_TRANSPORT_H
#define TRUST_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>
#include <vmkapi/status.h>

#define TPM_BASE       0xfed40000ul /* locality 0; each further locality is 4 KiB above */
#define TPM_BYTES      0x5000u
#define TPM_LOCALITIES 5u
#define TPM_PAGE       0x1000u /* registers of one locality */
/* The largest command or response that a PC Client TPM has to take. */
#define TPM_COMMAND_MAX 4096u
#define TPM_HEADER      10u /* tag, size, code: TPM 2.0 part 1, section 18 */

/* INTERFACE_ID, PTP 1.05 section 6.5.2.4: at the same place in both interfaces. */
#define TPM_INTERFACE_ID      0x30u
#define TPM_INTERFACE_TYPE(x) ((x) & 0xfu)
#define TPM_INTERFACE_FIFO    0u
#define TPM_INTERFACE_CRB     1u

/* What the functions mean and answer stands at their namesakes in trust/tis.h. */
struct tpm_transport_ops {
	enum vmk_status (*request)(void *driver, unsigned locality);
	enum vmk_status (*send)(void *driver, const uint8_t *command, size_t bytes);
	enum vmk_status (*receive)(
		void *driver, uint8_t *response, size_t room, size_t *got, uint32_t duration_ms);
	const char *(*why)(const void *driver);
};

struct tpm_transport {
	const struct tpm_transport_ops *ops;
	void *driver; /* must outlive the transport */
};

/*
 * Defines NAME_transport() for a driver `struct NAME` with NAME_request(), NAME_send(),
 * NAME_receive() and a `why`.
 */
#define TPM_TRANSPORT(name)                                                                       \
	static enum vmk_status transport_request(void *driver, unsigned locality)                 \
	{                                                                                         \
		return name##_request(driver, locality);                                          \
	}                                                                                         \
	static enum vmk_status transport_send(void *driver, const uint8_t *command, size_t bytes) \
	{                                                                                         \
		return name##_send(driver, command, bytes);                                       \
	}                                                                                         \
	static enum vmk_status transport_receive(                                                 \
		void *driver, uint8_t *response, size_t room, size_t *got, uint32_t duration_ms)  \
	{                                                                                         \
		return name##_receive(driver, response, room, got, duration_ms);                  \
	}                                                                                         \
	static const char *transport_why(const void *driver)                                      \
	{                                                                                         \
		return ((const struct name *)driver)->why;                                        \
	}                                                                                         \
	struct tpm_transport name##_transport(struct name *driver)                                \
	{                                                                                         \
		static const struct tpm_transport_ops ops = {                                     \
			transport_request, transport_send, transport_receive, transport_why};     \
                                                                                                  \
		return (struct tpm_transport){&ops, driver};                                      \
	}

/* The length that a command's or response's header gives. */
static inline uint32_t tpm_length(const uint8_t header[TPM_HEADER])
{
	return (uint32_t)header[2] << 24 | (uint32_t)header[3] << 16 | (uint32_t)header[4] << 8 |
	       header[5];
}

#endif
