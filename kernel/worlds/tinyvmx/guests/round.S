/* Ends at once; to be powered on many times. */
#include "kernel/worlds/tinyvmx/guests/macros.inc"

	begin
	movw $PORT_END, %dx
	xorb %al, %al
	outb %al, %dx
	hlt
