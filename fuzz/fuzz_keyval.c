/* sources: kernel/lib/keyval.c */
/* coverage: edges, comparisons */
/* Whatever the text: pairs lie inside it, line numbers grow, an error stays, get agrees with next.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "lib/keyval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct keyval kv = keyval_of(text, size), all;
	static char key[KEYVAL_KEY_MAX + 1], value[KEYVAL_VALUE_MAX + 1];
	enum vmk_status status, whole = keyval_check(&all, text, size);
	unsigned line = 0;

	while ((status = keyval_next(&kv)) == VMK_OK) {
		check(kv.line > line);
		line = kv.line;
		check(kv.key >= text && kv.key + kv.key_length < text + size);
		check(kv.value > kv.key && kv.value + kv.value_length <= text + size);
		check(kv.key_length >= 1 && kv.key_length <= KEYVAL_KEY_MAX);
		memcpy(key, kv.key, kv.key_length);
		key[kv.key_length] = 0;
		check(keyval_get(text, size, key, value, sizeof(value)) == VMK_OK);
		if (whole == VMK_OK)
			check(strlen(value) == kv.value_length &&
				!memcmp(value, kv.value, kv.value_length));
	}
	check(keyval_next(&kv) == status);
	check(whole != VMK_OK || status == VMK_NOT_FOUND);
	check((status == VMK_NOT_FOUND) == !kv.error);
	return 0;
}
