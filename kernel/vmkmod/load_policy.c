/* Revoked keys and version floors, read where they lie: a policy is small and asked seldom. */
#include "vmkmod/load_policy.h"
#include <string.h>
#include "lib/hex.h"
#include "lib/keyval.h"

#define FLOOR_PREFIX  "floor."
#define FLOOR_MAX     1000000000u
#define SECOND_KEY    "second-signature"
#define REVOKED_KEY   "revoked-keys"
#define KEY_HEX_BYTES 64u

/* The next of a list of keys; false at its end, or, with *bad set, at what is no key. */
static bool next_key(const char **at, size_t *left, uint8_t key[32], bool *bad)
{
	*bad = false;
	if (*left == 0)
		return false;
	*bad = *left < KEY_HEX_BYTES || !hex_decode(key, 32, *at, KEY_HEX_BYTES) ||
	       (*left > KEY_HEX_BYTES &&
		       ((*at)[KEY_HEX_BYTES] != ',' || *left == KEY_HEX_BYTES + 1));
	if (*bad)
		return false;
	*left -= KEY_HEX_BYTES;
	*at += KEY_HEX_BYTES;
	if (*left > 0) {
		(*at)++;
		(*left)--;
	}
	return true;
}

static bool is_key_list(const struct keyval *pair)
{
	size_t left = pair->value_length;
	const char *at = pair->value;
	uint8_t key[32];
	bool bad;

	while (next_key(&at, &left, key, &bad))
		;
	return !bad && pair->value_length > 0;
}

/* 1 to FLOOR_MAX; 0 for what is none. */
static uint32_t read_floor(const char *text, size_t size)
{
	uint32_t number = 0;

	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		number = number * 10 + (uint32_t)(text[i] - '0');
		if (number > FLOOR_MAX)
			return 0;
	}
	return number;
}

static bool value_is(const struct keyval *pair, const char *word)
{
	return pair->value_length == strlen(word) &&
	       memcmp(pair->value, word, pair->value_length) == 0;
}

static const char *check_pair(const struct keyval *pair)
{
	const size_t prefix = sizeof(FLOOR_PREFIX) - 1;

	if (keyval_is(pair, REVOKED_KEY))
		return is_key_list(pair) ? NULL
					 : "policy: revoked-keys is no list of SHA-256 digests";
	if (keyval_is(pair, SECOND_KEY))
		return value_is(pair, "demanded") || value_is(pair, "no")
			       ? NULL
			       : "policy: second-signature is neither demanded nor no";
	if (pair->key_length > prefix && memcmp(pair->key, FLOOR_PREFIX, prefix) == 0)
		return read_floor(pair->value, pair->value_length)
			       ? NULL
			       : "policy: a floor is no number from 1 to 1000000000";
	return "policy: unknown key";
}

enum vmk_status load_policy_parse(
	const char *text, size_t bytes, struct load_policy *policy, const char **why)
{
	struct keyval pair;
	enum vmk_status status = keyval_check(&pair, text, bytes);

	*policy = (struct load_policy){0};
	*why = pair.error;
	if (status != VMK_OK)
		return status;
	pair = keyval_of(text, bytes);
	while (keyval_next(&pair) == VMK_OK) {
		*why = check_pair(&pair);
		if (*why)
			return VMK_BAD_FORMAT;
	}
	*policy = (struct load_policy){text, bytes};
	return VMK_OK;
}

/* The pair of that key; its value is empty where there is none. */
static struct keyval find(const struct load_policy *policy, const char *prefix, const char *name)
{
	struct keyval pair = keyval_of(policy->text, policy->bytes);
	const size_t first = strlen(prefix), length = first + strlen(name);

	while (keyval_next(&pair) == VMK_OK)
		if (pair.key_length == length && memcmp(pair.key, prefix, first) == 0 &&
			memcmp(pair.key + first, name, length - first) == 0)
			return pair;
	pair.value_length = 0;
	return pair;
}

bool load_policy_revokes(const struct load_policy *policy, const uint8_t key[32])
{
	struct keyval pair = find(policy, REVOKED_KEY, "");
	size_t left = pair.value_length;
	const char *at = pair.value;
	uint8_t revoked[32];
	bool bad;

	while (next_key(&at, &left, revoked, &bad))
		if (memcmp(revoked, key, sizeof(revoked)) == 0)
			return true;
	return false;
}

uint32_t load_policy_floor(const struct load_policy *policy, const char *name)
{
	struct keyval pair = find(policy, FLOOR_PREFIX, name);

	return read_floor(pair.value, pair.value_length);
}

bool load_policy_demands_second(const struct load_policy *policy)
{
	struct keyval pair = find(policy, SECOND_KEY, "");

	return value_is(&pair, "demanded");
}
