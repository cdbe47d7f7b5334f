/* What the compiler calls in a module; a damaged stack is a fault that ends in the kernel's panic.
 */
_Noreturn void __stack_chk_fail(void);

_Noreturn void __stack_chk_fail(void)
{
	__builtin_trap();
}
