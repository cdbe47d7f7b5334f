/* Fills its memory and vector registers with a secret, which stays there while its VMX world works,
 * then lets that die: the machine ends with it. */
#include "kernel/worlds/tinyvmx/guests/macros.inc"

	begin
	protected
	movl $0x100000, %edi
	movl $(LARGE_MEMORY - 0x100000) / 4, %ecx
	movl $SECRET, %eax
	rep stosl
	vectors bad
	vbroadcastss (0x100000), %ymm0
	vmovaps %ymm0, %ymm1
	vmovaps %ymm0, %ymm7
	say "the secret is planted"
	vpcmpeqd %ymm7, %ymm1, %ymm2
	vpcmpeqd (0x100000), %ymm0, %ymm3
	vpand %ymm3, %ymm2, %ymm2
	vpmovmskb %ymm2, %eax
	cmpl $-1, %eax
	jne bad
	say "vector registers keep it"
	end END_FAULT
bad:	say "something is wrong: vector registers"
	end END_OFF
	print_function
	tables
