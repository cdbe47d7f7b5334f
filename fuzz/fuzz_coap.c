/* sources: attest/wire/coap.c */
/* Whatever parses can be walked, and built again into a message that parses to the same. */
#include <stdlib.h>
#include <string.h>

#include "wire/coap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void rebuild(const struct coap_message *m)
{
	static uint8_t out[1 << 17];
	struct coap_option option = {0};
	struct coap_message again;
	struct coap_writer w;
	uint32_t value;

	coap_begin(&w, out, sizeof(out), m->type, m->code, m->id, m->token, m->token_size);
	while (coap_next_option(m, &option)) {
		struct coap_block block;

		if (coap_option_uint(&option, 3, &value) && coap_block_decode(value, &block) &&
			coap_block_encode(&block) != value)
			abort();
		coap_put_option(&w, option.number, option.value, option.size);
	}
	coap_put_payload(&w, m->payload, m->payload_size);
	if (coap_parse(out, coap_finish(&w), &again) != VMK_OK)
		abort();
	if (again.payload_size != m->payload_size || again.options_size > m->options_size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct coap_message m;

	if (size <= 1 << 16 && coap_parse(data, size, &m) == VMK_OK)
		rebuild(&m);
	return 0;
}
