/* sources: attest/wire/coap.c */
/* coverage: edges, comparisons, lean */
/*
 * Whatever parses can be walked, and built again into a message that parses to the same; into less
 * room nothing is built at all. The last byte is the room, and an option that comes too early.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/coap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[1 << 17];

/* A number that fits an option is the same when it was written as one. */
static void check_number(const struct coap_option *option)
{
	uint8_t bytes[16];
	struct coap_block block;
	struct coap_message m;
	struct coap_writer w;
	uint32_t value, again;

	if (coap_option_uint(option, SIZE_MAX, &value) != (option->size <= sizeof(value)))
		abort();
	if (option->size > sizeof(value))
		return;
	coap_begin(&w, bytes, sizeof(bytes), COAP_CON, COAP_GET, 1, NULL, 0);
	coap_put_uint(&w, option->number, value);
	if (coap_parse(bytes, coap_finish(&w), &m) != VMK_OK ||
		!coap_find_uint(&m, option->number, &again) || again != value)
		abort();
	if (coap_block_decode(value, &block) && coap_block_encode(&block) != value)
		abort();
}

static size_t rebuild(const struct coap_message *m, size_t capacity)
{
	struct coap_option option = {0};
	struct coap_writer w;

	coap_begin(&w, out, capacity, m->type, m->code, m->id, m->token, m->token_size);
	while (coap_next_option(m, &option))
		coap_put_option(&w, option.number, option.value, option.size);
	coap_put_payload(&w, m->payload, m->payload_size);
	return coap_finish(&w);
}

static void check_same(const struct coap_message *m, size_t size)
{
	struct coap_option a = {0}, b = {0};
	struct coap_message again;

	if (coap_parse(out, size, &again) != VMK_OK || again.code != m->code ||
		again.payload_size != m->payload_size || again.options_size > m->options_size)
		abort();
	while (coap_next_option(m, &a)) {
		check_number(&a);
		if (!coap_next_option(&again, &b) || a.number != b.number || a.size != b.size ||
			memcmp(a.value, b.value, a.size))
			abort();
	}
	if (coap_next_option(&again, &b) || !strlen(coap_code_name(m->code)))
		abort();
}

/* What no message can hold is not written, and nothing after it. */
static void write_badly(uint8_t what)
{
	static const uint8_t value[UINT16_MAX + 1];
	struct coap_writer w;

	coap_begin(&w, out, sizeof(out), COAP_NON, COAP_FETCH, 2, value,
		what % 4 ? what % (COAP_TOKEN_MAX + 1) : COAP_TOKEN_MAX + 1);
	coap_put_option(&w, 100 + what, value, what % 4 == 1 ? sizeof(value) : what);
	coap_put_option(&w, what % 4 == 2 ? 99 : what % 4 == 3 ? UINT16_MAX + 1 : 400, value, 1);
	coap_put_payload(&w, value, what);
	if (coap_finish(&w))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct coap_message m;
	size_t n;

	if (!size || size > 1 << 16)
		return 0;
	write_badly(data[size - 1]);
	if (coap_parse(data, size, &m) != VMK_OK)
		return 0;
	n = rebuild(&m, sizeof(out));
	check_same(&m, n);
	if (rebuild(&m, data[size - 1]) != (data[size - 1] < n ? 0 : n))
		abort();
	return 0;
}
