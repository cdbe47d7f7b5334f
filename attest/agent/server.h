/*
 * The attester: a datagram in, at most one datagram out. Everything that parses what a stranger
 * sent is here, as plain C over explicit state; sockets, clocks and the TPM are behind the
 * operations. attest/PROTOCOL.md is the specification.
 */
#ifndef AGENT_SERVER_H
#define AGENT_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include <vmkapi/status.h>
#include <vmkuser/syscall.h>

#include "agent/answers.h"
#include "agent/bucket.h"
#include "agent/echo.h"
#include "wire/tap.h"

struct agent_ops {
	enum vmk_status (*quote)(void *context, const struct vmk_quote_request *request,
		struct vmk_quote_reply *reply);
	/*
	 * Copies up to `size` bytes of the log from `offset` on into `buffer` (NULL when size is 0)
	 * and sets *total to the log's size in bytes; bytes past the end are not written.
	 * VMK_NOT_FOUND or VMK_NOT_PRESENT: this host has no such log.
	 */
	enum vmk_status (*log_read)(void *context, enum vmk_trust_log log, uint64_t offset,
		void *buffer, size_t size, uint64_t *total);
	enum vmk_status (*random)(void *context, void *buffer, size_t size);
	/* One line for the host's log, without a newline. */
	void (*note)(void *context, const char *line);
};

struct agent_limits {
	struct bucket_rate source; /* new answers for one address */
	struct bucket_rate tpm;    /* answers in all that the TPM is asked for */
	struct bucket_rate note;   /* lines about refusals */
};
extern const struct agent_limits agent_default_limits;

struct agent_stats {
	uint64_t datagrams, challenges, answers, blocks, quotes, refusals, silent;
};

/* Large (the answers); its owner keeps it in static memory. */
struct agent {
	const struct agent_ops *ops;
	void *context;
	struct agent_limits limits;
	struct agent_stats stats;
	uint8_t echo_key[16];
	uint16_t next_id; /* of non-confirmable answers */
	struct bucket_table sources;
	struct bucket tpm, notes;
	uint64_t notes_dropped;
	struct vmk_quote_request quote_request;
	struct vmk_quote_reply quote_reply;
	struct answers answers;
};

/* Fails only when the random source does. `ops` and `context` must outlive the agent. */
enum vmk_status agent_init(struct agent *agent, const struct agent_ops *ops, void *context,
	const struct agent_limits *limits);

/*
 * Handles one datagram. Writes the answer, if there is one, into `reply` (at least
 * COAP_DATAGRAM_MAX bytes) and returns its size, 0 for none. now_ns: monotonic.
 */
size_t agent_receive(struct agent *agent, const struct agent_address *from, uint64_t now_ns,
	const void *datagram, size_t size, void *reply, size_t capacity);

/*
 * Makes the body of the answer to a request: the quote, then the logs (read afterwards, so that
 * they cover it). On failure *why says what failed, in constant words.
 */
enum vmk_status agent_make_body(struct agent *agent, const struct tap_request *request,
	struct answer *answer, const char **why);

/* True when every log that the request names is one of the protocol's. */
bool agent_knows_logs(const struct tap_request *request);
/* True when the answer may cost TPM commands: a quote, or logs that only the TPM can give. */
bool agent_asks_tpm(const struct tap_request *request);

#endif
