/* Edits of a valid document, so that what reads it is reached behind the parser of its syntax. */
#ifndef FUZZ_MODELS_JSON_EDIT_H
#define FUZZ_MODELS_JSON_EDIT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_EDIT_BYTES 4u

/*
 * `good`, changed by steps of JSON_EDIT_BYTES each: which member of it (in order, however deep),
 * how, and two bytes of what. `extra`: pairs of a name and a document that may be added to an
 * object, up to a NULL. What no step changes is shared with `good`, which stays as it is. To be
 * given back.
 */
json_t *json_edited(json_t *good, const uint8_t *steps, size_t bytes, const char *const *extra);
/* What it is as a text, without a terminating zero, and its bytes; aborts if there are more. */
size_t json_edit_text(const json_t *root, char *to, size_t room);

#endif
