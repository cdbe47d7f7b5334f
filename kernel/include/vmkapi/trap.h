/* The instruction by which a module says that its stack guard was overwritten: UD1 with a
 * displacement that no compiler uses. The kernel panics and names it. */
#ifndef VMKAPI_TRAP_H
#define VMKAPI_TRAP_H

#define VMKAPI_TRAP_STACK_GUARD 0x0f, 0xb9, 0x40, 0x5c /* ud1 0x5c(%rax), %eax */

#define VMKAPI_TRAP_TEXT(...)   VMKAPI_TRAP_TEXT_(__VA_ARGS__)
#define VMKAPI_TRAP_TEXT_(...)  ".byte " #__VA_ARGS__

#endif
