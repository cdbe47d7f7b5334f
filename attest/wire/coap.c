#include "wire/coap.h"

#include <string.h>

#include "lib/reader.h"

#define COAP_VERSION   1
#define PAYLOAD_MARKER 0xff
/* Option delta and length nibbles: RFC 7252 3.1. */
#define NIBBLE_EXT8     13
#define NIBBLE_EXT16    14
#define NIBBLE_RESERVED 15
#define EXT16_BASE      269

static bool read_extended(struct reader *in, unsigned nibble, uint32_t *value)
{
	if (nibble < NIBBLE_EXT8)
		*value = nibble;
	else if (nibble == NIBBLE_EXT8)
		*value = NIBBLE_EXT8 + (uint32_t)reader_u8(in);
	else if (nibble == NIBBLE_EXT16)
		*value = EXT16_BASE + (uint32_t)reader_be16(in);
	else
		return false;
	return true;
}

/* One option; `number` is the previous option's on entry. */
static enum vmk_status read_option(struct reader *in, struct coap_option *option)
{
	uint8_t head = reader_u8(in);
	uint32_t delta, size;

	if (!read_extended(in, head >> 4, &delta) || !read_extended(in, head & 15, &size))
		return VMK_BAD_FORMAT;
	option->value = reader_bytes(in, size);
	if (in->failed)
		return VMK_TRUNCATED;
	option->size = size;
	option->number += delta;
	return option->number <= UINT16_MAX ? VMK_OK : VMK_BAD_FORMAT;
}

static enum vmk_status read_options(struct reader *in, struct coap_message *message)
{
	struct coap_option option = {0};
	size_t start = in->at;

	while (reader_left(in) && in->data[in->at] != PAYLOAD_MARKER) {
		enum vmk_status status = read_option(in, &option);

		if (status != VMK_OK)
			return status;
	}
	message->options = in->data + start;
	message->options_size = in->at - start;
	return VMK_OK;
}

enum vmk_status coap_parse(const void *datagram, size_t size, struct coap_message *message)
{
	struct reader in = reader_of(datagram, size);
	uint8_t first = reader_u8(&in);
	enum vmk_status status;

	*message = (struct coap_message){.type = (enum coap_type)(first >> 4 & 3)};
	message->code = reader_u8(&in);
	message->id = reader_be16(&in);
	if (in.failed)
		return VMK_TRUNCATED;
	if (first >> 6 != COAP_VERSION)
		return VMK_UNSUPPORTED;
	if (message->code == COAP_EMPTY && (size != COAP_HEADER_SIZE || (first & 15)))
		return VMK_BAD_FORMAT;
	if ((first & 15) > COAP_TOKEN_MAX)
		return VMK_BAD_FORMAT;
	if (!reader_copy(&in, message->token, first & 15))
		return VMK_TRUNCATED;
	message->token_size = first & 15;
	status = read_options(&in, message);
	if (status != VMK_OK || !reader_left(&in))
		return status;
	reader_skip(&in, 1);
	message->payload_size = reader_left(&in);
	if (!message->payload_size)
		return VMK_BAD_FORMAT; /* RFC 7252 section 3: a marker without payload */
	message->payload = reader_bytes(&in, message->payload_size);
	return VMK_OK;
}

bool coap_next_option(const struct coap_message *message, struct coap_option *option)
{
	struct reader in = reader_of(message->options, message->options_size);

	if (option->next >= message->options_size || !reader_seek(&in, option->next))
		return false;
	if (read_option(&in, option) != VMK_OK)
		return false;
	option->next = in.at;
	return true;
}

bool coap_find_option(
	const struct coap_message *message, uint32_t number, struct coap_option *option)
{
	struct coap_option walk = {0};

	while (coap_next_option(message, &walk)) {
		if (walk.number != number)
			continue;
		*option = walk;
		return true;
	}
	return false;
}

bool coap_option_uint(const struct coap_option *option, size_t max_size, uint32_t *value)
{
	uint32_t v = 0;

	if (option->size > max_size || option->size > sizeof(v))
		return false;
	for (size_t i = 0; i < option->size; i++)
		v = v << 8 | option->value[i];
	*value = v;
	return true;
}

bool coap_find_uint(const struct coap_message *message, uint32_t number, uint32_t *value)
{
	struct coap_option option;

	return coap_find_option(message, number, &option) &&
	       coap_option_uint(&option, sizeof(*value), value);
}

bool coap_block_decode(uint32_t value, struct coap_block *block)
{
	if (value >> 24 || (value & 7) > COAP_SZX_MAX)
		return false;
	*block = (struct coap_block){
		.number = value >> 4,
		.more = value >> 3 & 1,
		.szx = value & 7,
	};
	return true;
}

uint32_t coap_block_encode(const struct coap_block *block)
{
	return block->number << 4 | (uint32_t)block->more << 3 | block->szx;
}

static void put_bytes(struct coap_writer *writer, const void *data, size_t size)
{
	if (writer->failed || size > writer->capacity - writer->used) {
		writer->failed = true;
		return;
	}
	if (size)
		memcpy(writer->buffer + writer->used, data, size);
	writer->used += size;
}

static void put_byte(struct coap_writer *writer, unsigned byte)
{
	uint8_t b = (uint8_t)byte;

	put_bytes(writer, &b, 1);
}

void coap_begin(struct coap_writer *writer, void *buffer, size_t capacity, enum coap_type type,
	uint8_t code, uint16_t id, const void *token, size_t token_size)
{
	*writer = (struct coap_writer){
		.buffer = buffer,
		.capacity = capacity,
		.failed = token_size > COAP_TOKEN_MAX,
	};
	put_byte(writer, COAP_VERSION << 6 | (unsigned)type << 4 | (unsigned)token_size);
	put_byte(writer, code);
	put_byte(writer, id >> 8);
	put_byte(writer, id & 0xff);
	put_bytes(writer, token, token_size);
}

static unsigned nibble_for(uint32_t value)
{
	if (value < NIBBLE_EXT8)
		return value;
	return value < EXT16_BASE ? NIBBLE_EXT8 : NIBBLE_EXT16;
}

static void put_extended(struct coap_writer *writer, uint32_t value)
{
	if (value < NIBBLE_EXT8)
		return;
	if (value < EXT16_BASE) {
		put_byte(writer, value - NIBBLE_EXT8);
		return;
	}
	put_byte(writer, (value - EXT16_BASE) >> 8);
	put_byte(writer, (value - EXT16_BASE) & 0xff);
}

void coap_put_option(struct coap_writer *writer, uint32_t number, const void *value, size_t size)
{
	uint32_t delta = number - writer->last_option;

	if (number < writer->last_option || number > UINT16_MAX || size > UINT16_MAX) {
		writer->failed = true;
		return;
	}
	put_byte(writer, nibble_for(delta) << 4 | nibble_for((uint32_t)size));
	put_extended(writer, delta);
	put_extended(writer, (uint32_t)size);
	put_bytes(writer, value, size);
	writer->last_option = number;
}

void coap_put_uint(struct coap_writer *writer, uint32_t number, uint32_t value)
{
	uint8_t bytes[4];
	size_t size = 0;

	for (int shift = 24; shift >= 0; shift -= 8) {
		if (size || value >> shift)
			bytes[size++] = (uint8_t)(value >> shift);
	}
	coap_put_option(writer, number, bytes, size);
}

void coap_put_payload(struct coap_writer *writer, const void *payload, size_t size)
{
	if (!size)
		return;
	put_byte(writer, PAYLOAD_MARKER);
	put_bytes(writer, payload, size);
}

size_t coap_finish(const struct coap_writer *writer)
{
	return writer->failed ? 0 : writer->used;
}

const char *coap_code_name(uint8_t code)
{
	switch (code) {
#define X(symbol, class, detail, name) \
	case symbol:                   \
		return name;
		COAP_CODES(X)
#undef X
	default:
		return "?";
	}
}
