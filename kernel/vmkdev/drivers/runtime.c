/* What the compiler calls in a module; a damaged stack is a fault that ends in the kernel's panic.
 */
#include <vmkapi/trap.h>

_Noreturn void __stack_chk_fail(void);

_Noreturn void __stack_chk_fail(void)
{
	__asm__ volatile(VMKAPI_TRAP_TEXT(VMKAPI_TRAP_STACK_GUARD));
	__builtin_unreachable();
}
