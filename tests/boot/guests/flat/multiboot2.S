/* Multiboot2 2.0, 3.1.1: a header with its end tag alone. */
#define KIND  "started by Multiboot 2"
#define MAGIC 0x36d76289
.macro header
	.long 0xe85250d6, 0, 24, -(0xe85250d6 + 24) & 0xffffffff
	.long 0, 8
.endm
#include "tests/boot/guests/flat/kinds.inc"
