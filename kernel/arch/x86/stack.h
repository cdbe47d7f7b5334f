/* Changing stacks for good. */
#ifndef ARCH_STACK_H
#define ARCH_STACK_H

/* Continue with `entry` on the stack whose top (16-byte aligned) is given. */
_Noreturn void stack_switch(void *top, void (*entry)(void));

#endif
