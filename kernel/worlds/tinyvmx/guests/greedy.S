/* Its image asks for more memory than the test's machine has: it never runs. */
#include "kernel/worlds/tinyvmx/guests/macros.inc"

	begin
	protected
	say "something is wrong: there was memory for it"
	end END_OFF
	print_function
	tables
