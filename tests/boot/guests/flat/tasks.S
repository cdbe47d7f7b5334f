/* Enables vector registers as its processor has them, then switches to another task by hardware, which no
 * system does any more and no virtual machine can. */
#include "tests/boot/guests/flat/board.inc"

#define OLD_TASK 24
#define NEW_TASK 32

	begin
	protected
	movl $0x80000, %esp
	vectors 1f
1:	lgdt task_pointer
	movw $OLD_TASK, %ax
	ltr %ax
	say "it switches tasks"
	ljmp $NEW_TASK, $0
	say "something is wrong: it has switched"
	off
	print_function
	tables
	.balign 8
task_gdt:
	.quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
	.word 103, old_task, 0x8900, 0
	.word 103, new_task, 0x8900, 0
task_pointer:
	.word 39
	.long task_gdt
	.balign 8
old_task:
	.fill 104, 1, 0
new_task:
	.fill 104, 1, 0
