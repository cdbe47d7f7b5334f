/* X(case, what the panic says after "PANIC cpu0: "). Those of the second list need a page of
 * ring 3, or the direct map; those of the third, control-flow enforcement by the CPU. */
#ifndef VIOLATE_VIOLATIONS_H
#define VIOLATE_VIOLATIONS_H

#define VIOLATIONS(X)                                                                              \
	X(text, "page fault in the kernel, error 0x3: write to the kernel's code")                 \
	X(sealed, "page fault in the kernel, error 0x3: write to read-only data of the kernel")    \
	X(own_text, "page fault in the kernel, error 0x3: write to code or read-only data of a "   \
		    "module")                                                                      \
	X(own_rodata, "page fault in the kernel, error 0x3: write to code or read-only data of a " \
		      "module")                                                                    \
	X(nx_data, "page fault in the kernel, error 0x11: execution of data (NX)")                 \
	X(nx_stack, "page fault in the kernel, error 0x11: execution of data (NX)")                \
	X(nx_heap, "page fault in the kernel, error 0x11: execution of data (NX)")                 \
	X(null_read, "page fault in the kernel, error 0x0: use of a null pointer")                 \
	X(null_call, "page fault in the kernel, error 0x10: call through a null pointer")          \
	X(kcfi, "invalid opcode in the kernel, error 0x0: control-flow integrity: call through a " \
		"pointer to a function of another type")                                           \
	X(smash, "invalid opcode in the kernel, error 0x0: stack guard overwritten")               \
	X(overflow, "double fault in the kernel, error 0x0: kernel stack overflow into its guard " \
		    "page")                                                                        \
	X(other_stack, "page fault in the kernel, error 0x2: access beyond a kernel stack")        \
	X(heap_overflow, "heap: an object of 24 bytes was written past its end")                   \
	X(double_free, "heap: an object of 40 bytes was freed twice")                              \
	X(freed_pointer, "general protection fault in the kernel, error 0x0: use of a pointer "    \
			 "out of a freed heap object")                                             \
	X(freed_write, "heap: an object of 1016 bytes was written after it was freed")             \
	X(before_large, "heap: a large object was written before its beginning")                   \
	X(inner_free, "heap: freed an address inside of an object")                                \
	X(foreign_free, "heap: freed an address that is not the heap's")                           \
	X(beside_large,                                                                            \
		"page fault in the kernel, error 0x2: access beside a large heap object, or "      \
		"after it was freed")                                                              \
	X(freed_large,                                                                             \
		"page fault in the kernel, error 0x0: access beside a large heap object, or "      \
		"after it was freed")

#define USER_PAGE_VIOLATIONS(X)                                                                    \
	X(text_alias, "page fault in the kernel, error 0x2: access to memory that the direct map " \
		      "leaves out")                                                                \
	X(smap_read, "page fault in the kernel, error 0x1: access to a page of ring 3 (SMAP)")     \
	X(smap_write, "page fault in the kernel, error 0x3: access to a page of ring 3 (SMAP)")    \
	X(smep, "page fault in the kernel, error 0x11: execution of a page of ring 3 (SMEP)")

#define CET_VIOLATIONS(X)                                                                         \
	X(ibt, "control protection exception in the kernel, error 0x3: indirect branch to where " \
	       "no ENDBR64 stands (IBT)")                                                         \
	X(return_address,                                                                         \
		"control protection exception in the kernel, error 0x1: return to where "         \
		"no call came from (shadow stack)")

#endif
