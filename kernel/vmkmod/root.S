/* The root certificate, DER, to which every package's signer must lead: part of the measured image. */
	.section .rodata.package_root, "a", @progbits
	.balign 16
	.globl package_root, package_root_end
	.hidden package_root, package_root_end
package_root:
	.incbin "build/keys/root.der"
package_root_end:

	.section .note.GNU-stack, "", @progbits
