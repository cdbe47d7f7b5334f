/* Multiboot 0.6.96, 3.1.1. */
#define KIND  "started by Multiboot 1"
#define MAGIC 0x2badb002
.macro header
	.long 0x1badb002, 3, -(0x1badb002 + 3)
.endm
#include "tests/boot/guests/flat/kinds.inc"
