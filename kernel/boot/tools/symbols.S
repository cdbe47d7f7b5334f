/* The symbol table of the final link, taken from a first link without it. */
	.section .symbols, "a"
	.balign 8
#ifdef SYMBOLS_FILE
	.incbin SYMBOLS_FILE
#endif
	.section .note.GNU-stack, "", @progbits
