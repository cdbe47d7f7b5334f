/* The x86/HVM direct boot ABI: a note names the entry. */
#define KIND         "started by PVH"
#define MAGIC        0x336ec578
#define MAGIC_IN_EBX 1
.macro header
	.section .note.pvh, "a", @note
	.long 4, 4, 18
	.asciz "Xen"
	.long _start
.endm
#include "tests/boot/guests/flat/kinds.inc"
