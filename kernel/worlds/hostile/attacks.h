/* What a hostile world may try. Each case ends its world, and nothing else, or is without effect.
 */
#ifndef WORLDS_HOSTILE_ATTACKS_H
#define WORLDS_HOSTILE_ATTACKS_H

/* X(case, what the log is to say: an extended regular expression; "survives" if the world is to
 * find itself unharmed) */
#define ATTACKS(X)                                                                           \
	X(exec_stack, "page fault at stack\\+0x[0-9a-f]+: execution of stack")               \
	X(exec_data, "page fault at user memory: execution of user memory")                  \
	X(write_code, "page fault at image\\+0x[0-9a-f]+: write to image")                   \
	X(read_code, "page fault at image\\+0x[0-9a-f]+: read of image")                     \
	X(read_kernel, "page fault at image\\+0x[0-9a-f]+: read of kernel memory")           \
	X(jump_kernel, "page fault at kernel memory: execution of kernel memory")            \
	X(non_canonical, "general protection fault .* at image")                             \
	X(stack_overflow, "page fault at image.*: write to the stack's guard page")          \
	X(divide, "divide error")                                                            \
	X(undefined, "invalid opcode")                                                       \
	X(cli, "general protection fault")                                                   \
	X(hlt, "general protection fault")                                                   \
	X(rdmsr, "general protection fault")                                                 \
	X(port_io, "general protection fault")                                               \
	X(read_cr3, "general protection fault")                                              \
	X(sgdt, "general protection fault")                                                  \
	X(int80, "general protection fault")                                                 \
	X(sysenter, "(general protection fault|invalid opcode)")                             \
	X(wrfsbase, "invalid opcode")                                                        \
	X(far_return, "general protection fault")                                            \
	X(single_step, "debug exception")                                                    \
	X(kernel_stack_pointer, "(page fault|stack-segment fault|general protection fault)") \
	X(return_address, "control-flow violation at .*: a return not to where")             \
	X(no_landing_pad, "control-flow violation at .*: an indirect branch not to ENDBR64") \
	X(write_shadow, "page fault at image.*: write to shadow stack")                      \
	X(flags, "survives")                                                                 \
	X(segments, "survives")                                                              \
	X(registers, "survives")

#define X(name, expected) void attack_##name(void);
ATTACKS(X)
#undef X

#endif
