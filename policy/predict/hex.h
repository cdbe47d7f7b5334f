/* Hexadecimal text of JSON documents. */
#ifndef PREDICT_HEX_H
#define PREDICT_HEX_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A JSON string of lower-case digits; NULL: out of memory. */
json_t *hex_json(const void *data, size_t size);
/* False unless the string is an even number of hex digits that fit into `room` bytes. */
bool hex_parse(const char *text, void *to, size_t room, size_t *size);

#endif
