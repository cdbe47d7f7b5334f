/* The symbol table that the image embeds, made by vmkimage: header, entries sorted by offset,
 * names. Only functions, only for backtraces. */
#ifndef BOOT_SYMBOLS_FORMAT_H
#define BOOT_SYMBOLS_FORMAT_H

#include <stdint.h>

#define SYMBOLS_MAGIC 0x314d5953u /* "SYM1" */

struct symbols_header {
	uint32_t magic, count, names_bytes, reserved;
};
struct symbols_entry {
	uint32_t offset; /* of the function, from the start of the image */
	uint32_t name;   /* offset among the names, zero-terminated */
};

#endif
