/* The root certificates, DER, to one of which every package's signer must lead: part of the measured image. */
	.section .rodata.package_roots, "a", @progbits
	.balign 16
	.globl package_roots, package_roots_end
	.hidden package_roots, package_roots_end
package_roots:
	.incbin ROOTS_FILE
package_roots_end:

	.section .note.GNU-stack, "", @progbits
