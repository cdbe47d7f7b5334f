/*
 * Text of `key=value` lines, as in package manifests and configuration. Blank lines and lines whose
 * first visible character is '#' are skipped; spaces and tabs around key and value do not count.
 * A key has 1..KEYVAL_KEY_MAX characters of [A-Za-z0-9._-] and stands at most once; a value has up
 * to KEYVAL_VALUE_MAX printable ASCII characters and may be empty. Anything else is an error with
 * its line number. Pure; never allocates; the text need not be terminated.
 */
#ifndef LIB_KEYVAL_H
#define LIB_KEYVAL_H

#include <stddef.h>
#include <vmkapi/status.h>

#define KEYVAL_KEY_MAX   64
#define KEYVAL_VALUE_MAX 4096
#define KEYVAL_LINES_MAX 4096

struct keyval {
	const char *text; /* not owned */
	size_t size, at;
	unsigned line;     /* number of the line last read, from 1 */
	const char *error; /* what was wrong with it, a constant string; NULL while all is well */
	/* The pair last read; they point into the text and are not terminated. */
	const char *key, *value;
	size_t key_length, value_length;
};

struct keyval keyval_of(const char *text, size_t size);
/*
 * The next pair: VMK_OK; VMK_NOT_FOUND at the end; VMK_BAD_FORMAT with `line` and
 * `error` set, which every later call repeats.
 */
enum vmk_status keyval_next(struct keyval *kv);
/* Does the pair last read have this key? */
int keyval_is(const struct keyval *kv, const char *key);
/* Reads all of it, looking for errors and repeated keys. Result as above, VMK_EXISTS for the
 * latter; *kv names the place. */
enum vmk_status keyval_check(struct keyval *kv, const char *text, size_t size);
/* The value of `key`, copied and terminated: VMK_OK, VMK_NOT_FOUND, VMK_TOO_LARGE for `room`, or an
 * error in a line before it. `value` is empty unless VMK_OK. */
enum vmk_status keyval_get(
	const char *text, size_t size, const char *key, char *value, size_t room);

#endif
