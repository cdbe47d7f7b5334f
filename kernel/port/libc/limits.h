/*
 * <limits.h> of the freestanding kernel. clang finds this file first and its own next; gcc finds
 * its own first, which looks here for a system's additions: there are none.
 */
#ifdef __clang__
#include_next <limits.h>
#endif
