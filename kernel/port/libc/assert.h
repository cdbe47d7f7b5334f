/* <assert.h> of the freestanding kernel: a failed assertion of third-party code is a panic. */
#ifndef LIBC_ASSERT_H
#define LIBC_ASSERT_H

#include "lib/panic.h"

#define assert(condition) ASSERT(condition)
#define static_assert     _Static_assert

#endif
