/* Changing stacks for good. */
#ifndef ARCH_STACK_H
#define ARCH_STACK_H

/* Continue with `entry` on the stack whose top (16-byte aligned) is given; from then on ring 0 has
 * a shadow stack on this CPU, where it can, and touches no address of ring 3's half. Panics if
 * there is no memory for it. */
_Noreturn void stack_switch(void *top, void (*entry)(void));

#endif
