/*
 * CoAP messages: RFC 7252 section 3, with the block option of RFC 7959 and the Echo option of
 * RFC 9175. Pure, no allocation: a parsed message points into the datagram it came from.
 */
#ifndef WIRE_COAP_H
#define WIRE_COAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vmkapi/status.h>

#define COAP_PORT        5683
#define COAP_TOKEN_MAX   8
#define COAP_HEADER_SIZE 4
#define COAP_SZX_MAX     6 /* blocks of 16 << szx bytes; 7 is reserved on UDP (RFC 7959 2.2) */
#define COAP_BLOCK_MAX   (16u << COAP_SZX_MAX)
/* Room for a message with one full block and every option that this protocol uses. */
#define COAP_DATAGRAM_MAX 1472

enum coap_type { COAP_CON = 0, COAP_NON = 1, COAP_ACK = 2, COAP_RST = 3 };

#define COAP_CODE(class, detail) ((uint8_t)((class) << 5 | (detail)))
#define COAP_CODE_CLASS(code)    ((unsigned)(code) >> 5)
#define COAP_CODE_DETAIL(code)   ((unsigned)(code) & 31)

/* X(symbol, class, detail, name): RFC 7252 12.1, RFC 8132, RFC 7959 2.9, RFC 8516. */
#define COAP_CODES(X)                                                   \
	X(COAP_EMPTY, 0, 0, "Empty")                                    \
	X(COAP_GET, 0, 1, "GET")                                        \
	X(COAP_POST, 0, 2, "POST")                                      \
	X(COAP_PUT, 0, 3, "PUT")                                        \
	X(COAP_DELETE, 0, 4, "DELETE")                                  \
	X(COAP_FETCH, 0, 5, "FETCH")                                    \
	X(COAP_CONTENT, 2, 5, "Content")                                \
	X(COAP_BAD_REQUEST, 4, 0, "Bad Request")                        \
	X(COAP_UNAUTHORIZED, 4, 1, "Unauthorized")                      \
	X(COAP_BAD_OPTION, 4, 2, "Bad Option")                          \
	X(COAP_NOT_FOUND, 4, 4, "Not Found")                            \
	X(COAP_METHOD_NOT_ALLOWED, 4, 5, "Method Not Allowed")          \
	X(COAP_NOT_ACCEPTABLE, 4, 6, "Not Acceptable")                  \
	X(COAP_INCOMPLETE, 4, 8, "Request Entity Incomplete")           \
	X(COAP_REQUEST_TOO_LARGE, 4, 13, "Request Entity Too Large")    \
	X(COAP_UNSUPPORTED_FORMAT, 4, 15, "Unsupported Content-Format") \
	X(COAP_TOO_MANY_REQUESTS, 4, 29, "Too Many Requests")           \
	X(COAP_INTERNAL_ERROR, 5, 0, "Internal Server Error")           \
	X(COAP_UNAVAILABLE, 5, 3, "Service Unavailable")                \
	X(COAP_NO_PROXYING, 5, 5, "Proxying Not Supported")

enum coap_code {
#define X(symbol, class, detail, name) symbol = COAP_CODE(class, detail),
	COAP_CODES(X)
#undef X
};

/* Option numbers: RFC 7252 5.10, RFC 7959 6, RFC 9175 6. An odd number is critical (5.4.6). */
enum coap_option_number {
	COAP_OPT_URI_HOST = 3,
	COAP_OPT_ETAG = 4,
	COAP_OPT_URI_PORT = 7,
	COAP_OPT_URI_PATH = 11,
	COAP_OPT_CONTENT_FORMAT = 12,
	COAP_OPT_MAX_AGE = 14,
	COAP_OPT_ACCEPT = 17,
	COAP_OPT_BLOCK2 = 23,
	COAP_OPT_BLOCK1 = 27,
	COAP_OPT_SIZE2 = 28,
	COAP_OPT_PROXY_URI = 35,
	COAP_OPT_PROXY_SCHEME = 39,
	COAP_OPT_ECHO = 252,
};

#define COAP_FORMAT_CBOR 60
#define COAP_ETAG_MAX    8
#define COAP_ECHO_MAX    40

struct coap_message {
	enum coap_type type;
	uint8_t code;
	uint16_t id;
	uint8_t token_size;
	uint8_t token[COAP_TOKEN_MAX];
	const uint8_t *options; /* encoded; walk them with coap_next_option() */
	size_t options_size;
	const uint8_t *payload; /* NULL when there is none */
	size_t payload_size;
};

/*
 * Parses a datagram and checks every option's encoding, so that a later walk cannot fail.
 *   VMK_TRUNCATED    shorter than a header, or an option or token runs past the end
 *   VMK_UNSUPPORTED  a version other than 1: to be ignored silently (RFC 7252 section 3)
 *   VMK_BAD_FORMAT   reserved token length or option nibble, payload marker without payload, an
 *                    option number above 65535, or an empty message that is not 4 bytes
 * From 4 bytes on, type, code and id are set even on error, so that the caller can send a reset.
 */
enum vmk_status coap_parse(const void *datagram, size_t size, struct coap_message *message);

struct coap_option {
	uint32_t number;
	const uint8_t *value;
	size_t size;
	size_t next; /* where the walk goes on */
};

/* Steps to the next option; start with a zeroed *option. False at the end. */
bool coap_next_option(const struct coap_message *message, struct coap_option *option);
/* The first option with that number; false when there is none. */
bool coap_find_option(
	const struct coap_message *message, uint32_t number, struct coap_option *option);
/* A uint option's value (RFC 7252 3.2); false when it has more than `max_size` (<= 4) bytes. */
bool coap_option_uint(const struct coap_option *option, size_t max_size, uint32_t *value);
/* The first option with that number as a uint; false when absent or longer than 4 bytes. */
bool coap_find_uint(const struct coap_message *message, uint32_t number, uint32_t *value);

/* A block option's value (RFC 7959 2.2). */
struct coap_block {
	uint32_t number; /* < 2^20 */
	bool more;
	uint8_t szx;
};
/* False for the reserved szx 7 or a value above 24 bits. */
bool coap_block_decode(uint32_t value, struct coap_block *block);
uint32_t coap_block_encode(const struct coap_block *block);
static inline size_t coap_block_size(const struct coap_block *block)
{
	return (size_t)16 << block->szx;
}

/* Builds one message in the caller's buffer. Errors stick: only coap_finish() need be checked. */
struct coap_writer {
	uint8_t *buffer;
	size_t capacity, used;
	uint32_t last_option;
	bool failed;
};
void coap_begin(struct coap_writer *writer, void *buffer, size_t capacity, enum coap_type type,
	uint8_t code, uint16_t id, const void *token, size_t token_size);
/* Options must come in ascending order of number. */
void coap_put_option(struct coap_writer *writer, uint32_t number, const void *value, size_t size);
void coap_put_uint(struct coap_writer *writer, uint32_t number, uint32_t value);
/* Once, after the options; an empty payload writes nothing. */
void coap_put_payload(struct coap_writer *writer, const void *payload, size_t size);
/* The datagram's size in bytes; 0 when it did not fit or was built wrongly. */
size_t coap_finish(const struct coap_writer *writer);

/* "4.29 Too Many Requests"'s words; "?" for a code that is not in the table. */
const char *coap_code_name(uint8_t code);

#endif
